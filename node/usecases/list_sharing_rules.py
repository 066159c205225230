"""What a record says of a row of a list, and which rows are shared.

Rules this module upholds:

- A record says what its row says: hashes, media type, category with scheme and version, series, flags. Tags, comments,
  names and other words of the file stay here.
- Nothing is shared that its list does not vouch for. Rows of a list that is not of child abuse are refused. Codes that
  say "not illegal", "not pertinent" or "not categorised", and codes without a scheme, need a person's word. A row that
  its file restricts to some readers is never shared.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA, SHA1, SHA256
from node.domain.statements import Category, Contribution
from node.errors import Misuse, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.fingerprints import Fingerprint
    from node.domain.lists import ListedRow, ReferenceList
    from node.usecases.ledger import Ledger

NOT_SHARED: Final = {
    "us-vics": frozenset({"0", "4", "5"}),
    "iccam": frozenset({"not illegal"}),
}
"""Scheme -> codes that are shared only with `all_categories`: not categorised, comparison, not pertinent, not illegal.
See `domain.categories` for the sources."""
_STRENGTH: Final = {kind.code: place for place, kind in enumerate((SHA256, SHA1, MD5, PHOTODNA, PDQ))}
_OPEN: Final = frozenset({"tlp:clear", "tlp:white", "tlp:green"})
"""Words of handling that permit sharing with the federation."""


class RowStand(StrEnum):
    """What a contribution does with a row."""

    NEW = "new"
    SHARED = "shared"
    """It was contributed by this command."""
    RETRACTED = "retracted"
    """The row left the list, and its record was retracted by this command."""
    KEPT = "kept"
    """The row left the list, and its record stays (`list_withdrawal`)."""
    BEFORE = "before"
    REPEATED = "repeated"
    """An earlier row of the list has the same hash."""
    WITHDRAWN = "withdrawn"
    """Its record was retracted."""
    NOTHING = "nothing"
    """It has no hash that may be shared."""
    CATEGORY = "category"
    """Its code is not shared, or not without `all_categories`."""
    RESTRICTED = "restricted"
    """Its file says who may have it."""
    POLICY = "policy"
    """The policy of the federation does not know its category."""


def refusal(
    ledger: Ledger, of: ReferenceList, row: ListedRow, fit: Sequence[Fingerprint], *, all_categories: bool
) -> RowStand:
    """Why a row is not shared; `NEW` if nothing speaks against it. `fit`: its fingerprints that may be sent."""
    said = row.reference
    if not fit:
        return RowStand.NOTHING
    if said.audience or (said.handling and not _OPEN.issuperset(said.handling.lower().split())):
        return RowStand.RESTRICTED
    named = bool(of.head.scheme and of.head.scheme_version)
    held_back = said.code is not None and (not named or said.code in NOT_SHARED.get(of.head.scheme, ()))
    if held_back and not all_categories:
        return RowStand.CATEGORY
    try:
        ledger.check(statement(of, row))
    except (Misuse, Refused):
        return RowStand.POLICY
    return RowStand.NEW


def shareable(ledger: Ledger, of: ReferenceList, row: ListedRow) -> Contribution | None:
    """What a record would say of a row; None if no record may say it."""
    fit = ledger.shareable(row.reference.fingerprints)
    if not of.head.is_abuse or refusal(ledger, of, row, fit, all_categories=True) is not RowStand.NEW:
        return None
    return ledger.contributable(statement(of, row))


def strongest(fit: Sequence[Fingerprint]) -> tuple[int, bytes]:
    """(Code, value) of the hash that says most."""
    best = min(fit, key=lambda each: _STRENGTH.get(each.code, len(_STRENGTH)))
    return best.code, best.value


def statement(of: ReferenceList, row: ListedRow) -> Contribution:
    """What a record says of a row."""
    said, head = row.reference, of.head
    named = said.code is not None and head.scheme and head.scheme_version
    return Contribution(
        fingerprints=said.fingerprints,
        media_type=said.media_type,
        category=Category(scheme=head.scheme, version=head.scheme_version, code=said.code or "", baseline=said.baseline)
        if named
        else None,
        series=said.series,
        victim_identified=said.victim_identified,
        offender_identified=said.offender_identified,
    )
