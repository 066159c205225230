"""The rate at which a new node follows a log of records, links, messages and other statements, beside a log of records.

Rules this module upholds:

- Hub and node are the program's own daemons, over mutual TLS, as in `bench.sync`. The clock stops when a search finds
  the last record.
- Both logs have so many entries, each in a federation of its own, and are followed in turns by new nodes.
- Of the mixed log `SHARES` are links, messages and others. What they are about is in the log itself, before them.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from typing import Final

import numpy as np

from bench import Figure, figure
from bench.federation import Federation, federation
from bench.sync import followed
from node.domain.address_listings import AddressListing, Granularity
from node.domain.consultations import Consultation, ConsultationStep
from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.record_links import Certainty, RecordLink, Relation
from node.domain.statements import Statement
from node.domain.watches import WatchReply, WatchState
from node.tlog.merkle import leaf_hash
from node.wire.convert import ProtoCodec

ENTRIES: Final = 100_000
FIRST: Final = 2_000
"""Records before the mixed part: the links are about them."""
SHARES: Final = {Kind.LINK: 0.04, Kind.CONSULTATION: 0.03, Kind.ADDRESS_LISTING: 0.02, Kind.WATCH_REPLY: 0.01}
ROUNDS: Final = ("JP", "BR", "DE")
"""Each is a node that follows from nothing."""
TARGETS: Final = 3
"""Records of a link."""
_AT_ONCE: Final = 20_000
_CODEC: Final = ProtoCodec()


def measured(records: int) -> Figure:
    """Both rates, for logs of so many entries: the medians of some rounds in turns."""
    seconds: dict[bool, list[float]] = {False: [], True: []}
    contributions: dict[bool, int] = {}
    with ExitStack() as stages:
        made = {is_mixed: stages.enter_context(federation()) for is_mixed in seconds}
        for is_mixed, each in made.items():
            each.found("FR", *ROUNDS)
            each.stage.stop("hub")
            kinds = _drawn(records) if is_mixed else [Kind.CONTRIBUTION] * records
            contributions[is_mixed] = kinds.count(Kind.CONTRIBUTION)
            _say(each, records, kinds)
            each.stage.start("hub", "hub", "run")
        for member in ROUNDS:
            for is_mixed, each in made.items():
                # A search counts the records alone.
                seconds[is_mixed].append(followed(each, member, contributions[is_mixed], add=0).seconds)
    mixed, alone = (records / statistics.median(seconds[each]) for each in (True, False))
    return figure(
        "sync.mixed",
        mixed,
        "entries a second",
        reference="a log of records alone; must stay above 0.8",
        reference_value=alone,
        more_is_better=True,
    )


def _drawn(records: int) -> list[Kind]:
    """The kinds of the entries: the first ones and the last are records, the others in the given shares, mixed."""
    random = np.random.default_rng(17)
    rest = max(0, records - FIRST - 1)
    kinds = [kind for kind, share in SHARES.items() for _ in range(round(share * rest))]
    kinds += [Kind.CONTRIBUTION] * (rest - len(kinds))
    order = random.permutation(len(kinds)).tolist()
    ends = [Kind.CONTRIBUTION] * min(records, FIRST), [Kind.CONTRIBUTION] * (records > FIRST)
    return ends[0] + [kinds[at] for at in order] + ends[1]


def _say(made: Federation, records: int, kinds: Sequence[Kind]) -> None:
    """Puts entries of these kinds into the hub's copy of a log."""
    named: list[RecordId] = []
    for start in (0, *range(min(FIRST, records), records, _AT_ONCE)):
        some = kinds[start : min(start + _AT_ONCE, records) if start else min(FIRST, records)]
        pictures, made.samples["FR"] = made.bodies.make(sum(kind is Kind.CONTRIBUTION for kind in some))
        contributed, about = iter(pictures), cycle(named)
        said = [
            next(contributed) if kind is Kind.CONTRIBUTION else _CODEC.encode_body(_said(kind, start + at, about))
            for at, kind in enumerate(some)
        ]
        stated = made.state("FR", said, some)
        named = named or stated


def _said(kind: Kind, number: int, about: Iterator[RecordId]) -> Statement:
    if kind is Kind.LINK:
        targets = tuple(islice(about, TARGETS))
        return RecordLink(
            relation=Relation.SAME_PLACE, targets=targets, certainty=Certainty.PROBABLE, note="the bridge"
        )
    if kind is Kind.CONSULTATION:
        opening = ConsultationStep.OPEN
        return Consultation(
            step=opening, subject="Bridge", text=f"Do you know {number}?", at=number, about=(next(about),)
        )
    if kind is Kind.ADDRESS_LISTING:
        return AddressListing(address=leaf_hash(b"%d" % number), granularity=Granularity.HOST, evidence_day=1)
    return WatchReply(watch=next(about), state=WatchState.KEPT, at=number)
