"""`vigil node accept-database`: a person decides that the node continues with an empty or an older database.

Rules this module upholds:

- The person names what is there. If the command finds something else, it changes nothing.
- A damaged database, or one of another owner, is never accepted: it is moved away first.
- As after a restore, the node compares itself with the hub before it serves or signs anything.
- The acceptance is the first entry in the audit log of the accepted database.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from node import config
from node.app.accounts import administering
from node.app.homes import examine_database, opened_regardless
from node.app.other_databases import require_no_leftovers
from node.app.ownership import owning
from node.domain.homes import Finding
from node.domain.ids import Origin, federation_id, member_id
from node.errors import Misuse, Refused
from node.pki.files import write_atomic
from node.store.store import open_log_store
from node.usecases.acts import perform
from node.usecases.audit import AuditLog
from node.usecases.homes import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from node.config import Config, Home
    from node.domain.stores import LogStore
    from node.usecases.homes import Examined

Line = dict[str, Any]


def accept(home: Home, officer: str, *, empty: bool) -> Line:
    """See `app.accept_database`. `empty`: a missing or empty database; otherwise an older one.

    A crash leaves the home unchanged, or an accepted database that looks like an older copy: run the command again.
    """
    settings = config.load(home)
    with owning(home):
        examined = examine_database(home, settings)
        _check(examined, empty=empty)
        if not examined.found.exists:
            require_no_leftovers(home)
        # This comes first: after it, the node compares itself with the hub before it serves anything.
        write_atomic(home.restored, b"")
        mark = examined.mark
        with opened_regardless(home, examined.owner, open_log_store, at_least=mark.generation if mark else 0) as opened:
            known = mark.entries if mark else None
            have = examined.found.entries
            about = {"found": examined.finding.value, "entries": have, "known": known}
            _perform(settings, opened.store, opened.mark, officer, about)
    return {
        "accepted": examined.finding.value,
        "entries": have,
        "entries_known": known,
        "next": "vigil node run: it compares itself with the hub before it serves anything; then ingest the missing "
        "files again",
    }


def _check(examined: Examined, *, empty: bool) -> None:
    """Raises if the database cannot be accepted."""
    finding = examined.finding
    if finding in {Finding.RIGHT, Finding.NEW}:
        raise Misuse(
            "there is nothing to accept: the database is the one that this home used last",
            remedy="vigil node run",
        )
    if finding in {Finding.DAMAGED, Finding.FOREIGN}:
        error = refusal(examined)
        raise Refused(f"{error}; such a database cannot be accepted", remedy=error.remedy)
    wanted = {Finding.MISSING, Finding.EMPTY} if empty else {Finding.OLDER}
    if finding not in wanted:
        option = "--older" if empty else "--empty"
        raise Misuse(
            f"the database of this home is {finding.value}; nothing was changed",
            remedy=f"vigil node accept-database {option} accepts this; it is better to restore the newest backup: "
            f"vigil node restore FILE",
        )


def _perform(
    settings: Config, store: LogStore, work: Callable[[], None], officer: str, about: Mapping[str, object]
) -> None:
    origin = Origin(federation_id(settings.federation), member_id(settings.member), 1, "audit")
    audit = AuditLog(store=store, origin=origin, clock=time.time, random=os.urandom)
    try:
        with administering(settings, store, audit, officer, "accepting a database"):
            perform(audit, "accept-database", work, **about)
    finally:
        audit.close()
