"""Access to restricted data: the audit log has who reads what, before anything is read.

Rules this module upholds:

- If the access cannot be recorded, nothing is shown.
- The entry holds names of records, holdings, cases and lists, and what narrows the list. That of a search or an ingest
  also holds the hashes that it is about. No entry holds what was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.envelope import Kind
from node.usecases.audit import AuditEntry

if TYPE_CHECKING:
    from node.usecases.audit import AuditLog


def record_access(audit: AuditLog, what: str, **about: object) -> None:
    """Records that the caller reads `what` now. Durable on return. Blocking. Raises what the audit log raises."""
    body = {"what": what, **about, "at": int(audit.clock())}
    audit.append(AuditEntry(kind=Kind.AUDIT_SEARCH, body=body))
