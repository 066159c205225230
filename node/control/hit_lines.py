"""Stored hits as the lines that `--json` prints.

Rules this module upholds:

- As in `node.control.lines`: a key that does not apply is null, never absent, and nothing here decides anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.control.lines import (
    baseline_line,
    handling_line,
    hit_line,
    notice_line,
    seconds_line,
    shares_line,
    statement_line,
    verification_line,
)
from node.control.review_words import counts_line, life_line, review_line, row_state_line
from node.domain.ids import RecordId
from node.usecases.sources import MUTED, SUSPENDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from node.domain.ids import MemberId
    from node.domain.lists import ReferenceList
    from node.usecases.hit_reading import HitsSeen
    from node.usecases.hit_tally import HitTally
    from node.usecases.list_hits import HoldingHits, NewestHits
    from node.usecases.shown_hits import ShownHit

Line = dict[str, Any]


def stored_hit_line(shown: ShownHit) -> Line:
    """One stored hit: its holding, its record, the distance, and since when."""
    hit, evidence = shown.hit, shown.hit.evidence
    line = {
        "hit": hit.id,
        "holding": hit.holding,
        "cases": list(shown.cases),
        "member": hit.record.origin.member,
        "origin": str(hit.record.origin),
        "record": str(hit.record),
        "signed": True,
        "algorithm": evidence.algorithm if evidence else None,
        "distance": evidence.distance if evidence else None,
        "quality": evidence.quality if evidence else None,
        "orientation": evidence.orientation if evidence else None,
        **statement_line(shown.statement),
        "handling": handling_line(shown.handling),
        "weak": bool(evidence and evidence.weak),
        "trimmed": bool(evidence and evidence.trimmed),
        "shown_on": (evidence.look or None) if evidence else None,
        "shares": shares_line(evidence.shares if evidence else None),
        "seconds": seconds_line(evidence.at if evidence else None),
        "subject_seconds": seconds_line(evidence.subject_at if evidence else None),
        "allowed": hit.allowed,
        "notice": notice_line(shown.notice),
        "alike": shown.alike,
        "standing": shown.standing or None,
        "ended": hit.ended,
        **review_line(hit.state, shown.decided),
        "changed_since": shown.is_changed,
        "became": life_line(shown.life, shown.verification),
        "seen": bool(hit.shown_at),
        "first_seen": hit.first_seen,
        "last_seen": hit.last_seen,
        **verification_line(shown.verification),
    }
    return baseline_line(line, shown.statement.category if shown.statement else None, shown.verification)


def holding_hits_line(found: HoldingHits) -> Line:
    """A holding that matches lists: its number, its cases, and its hits, best first. A list's row is signed by no
    member: "signed" is false.
    """
    return {
        "holding": found.holding,
        "cases": list(found.cases),
        "allowed": found.allowed,
        "hits": [
            hit_line(None, hit) | {"signed": False} | row_state_line(found.holding, hit, state)
            for hit, state in zip(found.hits, found.states, strict=True)
        ],
        "left_out": found.left_out,
        "rejected": found.rejected,
    }


def hits_seen_line(seen: HitsSeen) -> Line:
    """The summary of a listing of hits."""
    page, standing = seen.page, seen.standing
    return {
        "hits": len(page.hits),
        "total": standing.counts.hits,
        **counts_line(standing.counts),
        "hidden": standing.counts.hidden,
        "grouped": page.grouped,
        "more_of": dict(page.more_of),
        **aside_line(standing.aside, standing.standing),
        "next": page.next,
        "not_matched_yet": standing.behind,
        "left_out": left_out_lines(standing.left_out),
        "lists": None if seen.on_lists is None else _on_lists_line(seen.on_lists),
        "same_name": same_name_lines(seen.same_name),
    }


def _on_lists_line(found: NewestHits) -> Line:
    counts = {"scanned": found.scanned, "hidden": found.hidden, "rejected": found.rejected, "next": found.next}
    return {"holdings": len(found.holdings)} | counts


def same_name_lines(lists: Iterable[ReferenceList]) -> list[Line]:
    """Lists that have a case of the same reference."""
    return [{"list": each.name, "provider": each.provider or None} for each in lists]


def left_out_lines(left_out: Mapping[RecordId | tuple[int, str], int]) -> list[Line]:
    """Records, and holdings by member, with more hits than are stored, and about how many."""
    return [
        {"record": str(about), "holding": None, "member": about.origin.member, "left_out": number}
        if isinstance(about, RecordId)
        else {"record": None, "holding": about[0], "member": about[1] or None, "left_out": number}
        for about, number in left_out.items()
    ]


def tally_line(tally: HitTally) -> Line:
    """{"grouped", "grouped_by_member", "muted", "suspended"}: hits without a line of their own."""
    return {
        "grouped": tally.left_out.total(),
        "grouped_by_member": dict(sorted(tally.left_out.items())),
        **aside_line(tally.aside, tally.standing),
    }


def aside_line(aside: Mapping[MemberId, int], standing: Mapping[MemberId, str]) -> Line:
    """How many hits are hidden because their member is muted or suspended: two tables by member."""
    return {
        name: {member: number for member, number in sorted(aside.items()) if standing.get(member) == how}
        for name, how in (("muted", MUTED), ("suspended", SUSPENDED))
    }
