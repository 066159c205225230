"""Alerts about stored hits: a new hit, and a change of the record under a hit that an officer decided about.

Rules this module upholds:

- A hit raises an alert once, when it is stored: not if it is found again, and not if a correction takes it over.
- A pair that an officer rejected raises none.
- An alert is raised for each case of the holding. So a hit on a closed case raises one only if it is urgent: a notice,
  or a change of a record that the case relied on.
- A record that expires raises none: its owner said in advance when it ends.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from node.domain.alerts import AlertKind, Raised
from node.domain.calendar import SECONDS_A_DAY
from node.domain.case_files import CaseStatus
from node.domain.envelope import Kind, decode
from node.domain.ids import HUB_NAME
from node.domain.reviews import ReviewState
from node.domain.statements import Opinion, Verdict
from node.errors import Malformed
from node.usecases.alerting import raise_alerts
from node.usecases.purging import chain_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.log_ports import Chain
    from node.domain.ports import Codec
    from node.domain.stored_hits import FoundHit, StoredHit
    from node.domain.stores import NodeStoreReader, NodeStoreWriter

RELIED_ON: Final = frozenset({ReviewState.CONFIRMED, ReviewState.UNSURE})
"""The states of hits that somebody works with."""


def raise_new_hits(tx: NodeStoreWriter, found: Iterable[FoundHit], now: int) -> None:
    """New hits on arriving records: one alert for each notice and case, and one for each open case and member whose
    records match its holdings.
    """
    hits = list(found)
    stored = tx.hits_of_pairs([each.pair for each in hits])
    hits = [each for each in hits if each.pair in stored and stored[each.pair].state is ReviewState.NEW]
    cases = _cases_of(tx, {each.holding for each in hits})
    files = tx.case_files_of(sorted({case for some in cases.values() for case in some}))
    raised: set[Raised] = set()
    for hit in hits:
        member, some = hit.record.origin.member, cases.get(hit.holding, ())
        if member == HUB_NAME:  # of the hub's records, only published notices have fingerprints
            raised |= _for_cases(AlertKind.NOTICE_HIT, hit.record, member, some)
            continue
        for case in some:
            if case not in files or files[case].status is CaseStatus.OPEN:
                raised.add(Raised(kind=AlertKind.CASE_HIT, about="", case=case, member=member))
    raise_alerts(tx, _in_order(raised), now)


def raise_ended(tx: NodeStoreWriter, number: int, rows: Sequence[int], now: int) -> None:
    """The bodies at these positions of log `number` are deleted in this transaction; their hits have not ended yet."""
    ends: list[tuple[AlertKind, RecordId, StoredHit]] = []
    for hit in tx.reviewed_at(number, rows):
        if hit.state not in RELIED_ON:
            continue
        chain = chain_at(tx, hit.record.origin, hit.place, hit.record.leaf)
        kind = _end_of(tx, chain, hit, now // SECONDS_A_DAY)
        if kind is not None:
            ends.append((kind, chain.root, hit))
    cases = _cases_of(tx, {hit.holding for _, _, hit in ends})
    raised: set[Raised] = set()
    for kind, root, hit in ends:
        raised |= _for_cases(kind, root, hit.record.origin.member, cases.get(hit.holding, ()))
    raise_alerts(tx, _in_order(raised), now)


def raise_disputes(tx: NodeStoreWriter, codec: Codec, origin: Origin, opinions: Sequence[int], now: int) -> None:
    """The opinions at these positions of a log were stored in this transaction."""
    links = {index: link for index, link in tx.links_at(origin, opinions).items() if link.counts}
    hits = _relied_on(tx, tx.chains({link.chain for link in links.values()}))
    about = {index: link.chain for index, link in links.items() if hits.get(link.chain)}
    bodies = tx.held_at(origin, sorted(about)) if about else {}
    disputed = {about[index] for index, (_, body) in bodies.items() if _disputes(codec, body)}
    cases = _cases_of(tx, {holding for root in disputed for holding in hits[root]})
    raised: set[Raised] = set()
    for root in disputed:
        for holding in hits[root]:
            raised |= _for_cases(AlertKind.RECORD_DISPUTED, root, origin.member, cases.get(holding, ()))
    raise_alerts(tx, _in_order(raised), now)


def _relied_on(tx: NodeStoreReader, chains: Mapping[RecordId, Chain]) -> dict[RecordId, list[int]]:
    """The holdings with a hit on the newest version of a record that somebody works with, by first version."""
    roots: defaultdict[Origin, dict[int, RecordId]] = defaultdict(dict)
    for root, chain in chains.items():
        if chain.head is not None and not chain.ended:
            roots[chain.head[0]][chain.head[1]] = root
    found: defaultdict[RecordId, list[int]] = defaultdict(list)
    for origin, places in roots.items():
        log = tx.log(origin)
        for hit in tx.reviewed_at(log.number, list(places)) if log else ():
            if hit.state in RELIED_ON:
                found[places[hit.place]].append(hit.holding)
    return found


def _end_of(tx: NodeStoreReader, chain: Chain, hit: StoredHit, today: int) -> AlertKind | None:
    """What ended the body of a hit's record; None for its expiry."""
    if chain.ended:
        return AlertKind.RECORD_RETRACTED
    if chain.head != (hit.record.origin, hit.place):
        return AlertKind.RECORD_CORRECTED
    envelope = decode(tx.entry_at(hit.record.origin, hit.place)[0])
    has_expired = envelope is not None and 0 < envelope.expiry_day < today
    return None if has_expired else AlertKind.RECORD_RETRACTED


def _disputes(codec: Codec, body: bytes) -> bool:
    try:
        said = codec.decode_body(Kind.OPINION, body)
    except Malformed:
        return False
    return isinstance(said, Opinion) and said.verdict is Verdict.DISPUTE


def _cases_of(tx: NodeStoreReader, holdings: Iterable[int]) -> dict[int, tuple[str, ...]]:
    wanted = sorted(holdings)
    return {each.id: each.cases for each in tx.holdings_by_id(wanted).values()} if wanted else {}


def _for_cases(kind: AlertKind, about: RecordId, member: MemberId, cases: Sequence[str]) -> set[Raised]:
    """One for each case, or one without a case."""
    return {Raised(kind=kind, about=str(about), case=case, member=member) for case in cases or ("",)}


def _in_order(raised: Iterable[Raised]) -> list[Raised]:
    return sorted(raised, key=lambda each: (each.kind, each.about, each.case, each.member))
