"""Who lists an address depends on what the members state, in whatever order the logs arrive and are cut."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.address_book import FiledListing
from node.domain.address_listings import AddressKey, AddressListing, Granularity
from node.domain.address_standing import VALID_DAYS
from node.domain.addresses import Address
from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import Origin, RecordId, member_id
from node.domain.statements import Opinion, Retraction, Statement, Verdict
from node.match.index import LocalIndex
from node.tlog.merkle import leaf_hash
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.listed_addresses import Listed, ListedAddresses
from node.usecases.listing_filing import file_all
from node.usecases.replica import Rules, position, verify_package
from tests.simulator.federation import NOTHING, NOW, TODAY, Log, Speaker, entry_of, roster
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC

SPEAKERS = [Speaker.named("FR"), Speaker.named("FR", epoch=2), Speaker.named("JP"), Speaker.named("DE")]
ROSTER = roster(*SPEAKERS)
ADDRESSES = [
    Address(granularity=granularity, text="bad.example") for granularity in (Granularity.DOMAIN, Granularity.HOST)
]
KEYS = [each.key for each in ADDRESSES]
CLOSED = Handling(audience=(member_id("DE"), member_id("FR")))
KINDS = [Kind.ADDRESS_LISTING, Kind.REVISION, Kind.RETRACTION, Kind.OPINION]
Step = tuple[int, Kind, int, int, bool]
"""Who, what, about which of the entries before, a number for the contents, and whether to a few members alone."""
STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(KINDS), st.integers(0, 30), st.integers(0, 1_000), st.booleans()),
    min_size=3,
    max_size=16,
)
CUTS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=25)


def told(steps: list[Step]) -> list[Log]:
    """The logs in which members, honest or not, state this."""
    logs = [Log(each) for each in SPEAKERS]
    said: list[RecordId] = []
    for number, (who, kind, about, content, closed) in enumerate(steps):
        log = logs[who]
        own = [each for each in said if each.origin.member == log.speaker.id and each.origin <= log.speaker.origin]
        targets = own if kind in {Kind.REVISION, Kind.RETRACTION} else said
        if not targets:
            kind = Kind.ADDRESS_LISTING  # noqa: PLW2901 -- nothing to speak about yet
        target = None if kind == Kind.ADDRESS_LISTING else targets[about % len(targets)]
        said.append(
            log.add(
                *entry_of(
                    log.speaker.origin,
                    statement(kind, content),
                    kind=kind,
                    target=target,
                    handling=CLOSED if closed and kind != Kind.RETRACTION else Handling(),
                    nonce=leaf_hash(b"%d" % number),
                    issued_day=TODAY - content % 7,
                )
            )
        )
    return logs


def statement(kind: Kind, content: int) -> Statement:
    if kind in {Kind.ADDRESS_LISTING, Kind.REVISION}:
        granularity, digest = KEYS[content % 2]
        day = TODAY - content % (VALID_DAYS + 20)
        return AddressListing(address=digest, granularity=granularity, evidence_day=day)
    if kind == Kind.RETRACTION:
        return Retraction()
    return Opinion(verdict=Verdict.DISPUTE if content % 3 else Verdict.CONFIRM)


Outcome = tuple[dict[tuple[Origin, int], FiledListing], Mapping[AddressKey, Listed]]


def outcome(
    logs: list[Log], cuts: list[tuple[int, int]], *, again: bool = False, late: Collection[int] = ()
) -> Outcome:
    """What a node holds in the end, if it got the logs in these pieces (log, how many entries), and then the rest.
    `late`: the bodies at these places in the logs came after everything else.
    """
    store = MemoryStore()
    catalogue = Catalogue(store=store, index=LocalIndex(), codec=CODEC)
    for which, count in [*cuts, *((which, 1 << 20) for which in range(len(logs)))]:
        log = logs[which]
        with store.write() as writer:
            at = position(writer, writer.open_log(log.speaker.origin))
        stop = min(log.size, at.state.size + count)
        if stop == at.state.size:
            continue
        rules = Rules(roster=ROSTER, copy=Copy(reader=None, expired_before=TODAY), cosigned=True)
        package = without(log, late).package(at.state.size, stop, hub=True)
        verified = verify_package(at, package, rules, Handlings(CODEC.decode_handling))
        with catalogue.change() as change:
            change.apply(verified)
    for log in logs:
        origin = log.speaker.origin
        with catalogue.change() as change:
            lacks = change.writer.missing(origin, 1 << 20)
            change.fill(
                origin,
                {index: log.entries[index][1] for index in lacks},
                {index: log.disclosures[index] for index in lacks},
            )
    if again:
        file_all(store, CODEC)
    listed = ListedAddresses(codec=CODEC, roster=lambda: ROSTER, clock=lambda: NOW)
    with store.read() as reader:
        return dict(store._state.addresses.listings), listed.within(reader).of(KEYS)


def without(log: Log, places: Collection[int]) -> Log:
    """The same log, with nothing disclosed at these places."""
    shown = [NOTHING if index in places else each for index, each in enumerate(log.disclosures)]
    return replace(log, disclosures=shown)


@settings(max_examples=200, deadline=None)
@given(steps=STEPS, cuts=CUTS)
def test_any_order_of_arrival_ends_with_the_same_listings(steps: list[Step], cuts: list[tuple[int, int]]) -> None:
    logs = told(steps)
    assert outcome(logs, cuts) == outcome(logs, [])


@settings(max_examples=100, deadline=None)
@given(steps=STEPS, cuts=CUTS, late=st.sets(st.integers(0, 5)))
def test_bodies_that_come_late_end_with_the_same_listings(
    steps: list[Step], cuts: list[tuple[int, int]], late: set[int]
) -> None:
    logs = told([(who, kind, about, content, False) for who, kind, about, content, _ in steps])
    assert outcome(logs, cuts, late=late) == outcome(logs, [])


@settings(max_examples=100, deadline=None)
@given(steps=STEPS, cuts=CUTS)
def test_the_rows_follow_from_the_logs_alone(steps: list[Step], cuts: list[tuple[int, int]]) -> None:
    logs = told(steps)
    assert outcome(logs, cuts, again=True) == outcome(logs, cuts)
