"""A look at what this node stores: recorded in the audit log before anything is shown.

Rules this module upholds:

- The entry is durable before the look: a look that cannot be recorded shows nothing.
- An entry has names of records, lists and cases, and numbers. It never has what was shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.envelope import Kind
from node.usecases.audit import AuditEntry

if TYPE_CHECKING:
    from node.usecases.audit import AuditLog


def record_look(audit: AuditLog, what: str, **about: object) -> None:
    """Blocking. Records that somebody looks at `what`, and what the look is `about`. Raises what the log raises."""
    audit.append(AuditEntry(kind=Kind.AUDIT_SEARCH, body={"what": what, **about, "at": int(audit.clock())}))
