"""The section of a report on the hits of a case: which records of other members resemble its holdings."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from node.domain.reviews import ReviewState
from node.usecases.report_source import PAGE
from node.usecases.report_values import Column, Fact, Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.stored_hits import StoredHit
    from node.domain.verification import Verification
    from node.usecases.report_source import ReportSource
    from node.usecases.report_values import Row, Section

_COLUMNS: Final = (
    Column(name="hit", title="Hit", form=Form.NUMBER),
    Column(name="holding", title="Holding", form=Form.NUMBER),
    Column(name="member", title="Member"),
    Column(name="record", title="Record", form=Form.DIGEST),
    Column(name="algorithm", title="Found by"),
    Column(name="distance", title="Bits away", form=Form.NUMBER),
    Column(name="first_seen", title="First found", form=Form.MOMENT),
    Column(name="state", title="State"),
    Column(name="ended", title="Record gone"),
    Column(name="confirmed_by", title="Members that confirm it", form=Form.NUMBER),
    Column(name="disputed_by", title="Members that dispute it", form=Form.NUMBER),
)


def hits(source: ReportSource) -> list[Section]:
    """The hits on records that stand or were decided about, the newest first. Those that the allow-list hides are
    counted.
    """
    members: Counter[str] = Counter()
    latest = 0
    for each in chain.from_iterable(_pages(source)):
        members[each.record.origin.member] += 1
        latest = max(latest, each.first_seen)
    total = members.total()
    counts = source.tx.hit_counts(source.case)
    facts = [
        Fact(name="hits", title="Hits on records", value=total, form=Form.NUMBER),
        Fact(name="holdings", title="Holdings with hits", value=counts.holdings, form=Form.NUMBER),
        Fact(name="new", title="Nobody has decided yet", value=counts.new, form=Form.NUMBER),
        Fact(name="confirmed", title="Confirmed", value=counts.confirmed, form=Form.NUMBER),
        Fact(name="unsure", title="Unsure", value=counts.unsure, form=Form.NUMBER),
        Fact(name="rejected", title="Rejected", value=counts.rejected, form=Form.NUMBER),
        Fact(name="hidden", title="Hidden by the allow-list", value=counts.hidden, form=Form.NUMBER),
    ]
    facts += [
        Fact(name=f"hits_{member}", title=f"On records of {member}", value=number, form=Form.NUMBER)
        for member, number in sorted(members.items())
    ]
    rows = partial(_rows, source)
    return [source.table("found", "Hits found", _COLUMNS, rows, total=total, latest=latest, facts=facts)]


def _pages(source: ReportSource) -> Iterator[list[StoredHit]]:
    before = 0
    while page := source.tx.hits(case=source.case, states=tuple(ReviewState), before=before, limit=PAGE):
        before = page[-1].id
        yield page


def _rows(source: ReportSource) -> Iterator[Row]:
    for page in _pages(source):
        places = {(hit.record.origin, hit.place) for hit in page if not hit.ended}
        known = source.verifier.at(source.tx, places) if source.verifier else {}
        yield from (_row(hit, known.get((hit.record.origin, hit.place))) for hit in page)


def _row(hit: StoredHit, known: Verification | None) -> Row:
    evidence = hit.evidence
    return (
        hit.id,
        hit.holding,
        hit.record.origin.member,
        str(hit.record),
        evidence.algorithm if evidence else None,
        evidence.distance if evidence else None,
        hit.first_seen,
        hit.state.name.lower(),
        "yes" if hit.ended else "no",
        len(known.confirmed) if known else None,
        len(known.disputed) if known else None,
    )
