"""Every pair of the federation's messages comes back as it went in, through bytes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.batch import Package
from node.domain.envelope import Disclosure
from node.domain.ids import QUERY_ID_SIZE
from node.domain.queries import LogView, Outcome, RelayEvent, SignedAnswer, SignedQuery
from node.domain.services import Delivery, Head, JoinPetition, JoinStatus, Reply
from node.errors import Malformed
from node.wire import convert_enrolment as enrol
from node.wire import convert_federation as convert
from node.wire.pb import federation_pb2 as pb
from tests.properties import wire_strategies as wire

sizes = st.integers(0, (1 << 64) - 1)
nonces = st.just(b"") | wire.hashes
blobs = st.binary(max_size=80)
signatures = st.binary(min_size=64, max_size=64)
query_ids = st.binary(min_size=QUERY_ID_SIZE, max_size=QUERY_ID_SIZE)
seconds = st.floats(0, 3_600)

heads = st.builds(Head, origin=wire.origins, size=sizes, cosigned=blobs, cosigned_size=sizes)
disclosures = st.builds(Disclosure, nonce=nonces, body=blobs, handling_nonce=nonces, handling=blobs)
queries = st.builds(SignedQuery, header=blobs, payload=blobs, signature=signatures)
answers = st.builds(SignedAnswer, answerer=wire.members, answer=blobs, signature=blobs)
observed = st.sampled_from((Outcome.OFFLINE, Outcome.TIMEOUT, Outcome.NOT_ASKED))
events = st.one_of(
    st.builds(RelayEvent, member=wire.members, outcome=observed, query_id=st.just(b"") | query_ids),
    st.builds(RelayEvent, member=wire.members, answer=answers, query_id=st.just(b"") | query_ids),
)
deliveries = st.one_of(
    st.builds(Delivery, query=queries, remaining=seconds),
    st.builds(Delivery, late=events),
    st.just(Delivery(going_away=True)),
)
replies = st.builds(
    Reply, asker=wire.members, query_id=query_ids, answer=answers, held=st.booleans(), decided=st.booleans()
)


@st.composite
def packages(draw: st.DrawFn) -> Package:
    rows = draw(st.lists(st.tuples(st.binary(min_size=2, max_size=90), nonces, blobs, nonces, blobs), max_size=5))
    entries, first, bodies, second, handlings = ([row[column] for row in rows] for column in range(5))
    return Package(
        origin=draw(wire.origins),
        start=draw(sizes),
        entries=entries,
        nonces=first,
        bodies=bodies,
        handling_nonces=second,
        handlings=handlings,
        checkpoint=draw(blobs),
        proof=draw(st.lists(wire.hashes, max_size=3)),
    )


@st.composite
def petitions(draw: st.DrawFn) -> JoinPetition:
    keys = draw(st.dictionaries(wire.words, st.tuples(wire.words, signatures), max_size=3))
    return JoinPetition(
        secret=draw(st.binary(max_size=64)),
        member=draw(wire.members),
        name=draw(wire.words),
        csr=draw(blobs),
        vkeys={purpose: vkey for purpose, (vkey, _) in keys.items()},
        proofs={purpose: proof for purpose, (_, proof) in keys.items()},
    )


statuses = st.builds(
    JoinStatus,
    state=st.sampled_from(("pending", "admitted", "refused")),
    certificates=st.lists(blobs, max_size=3).map(tuple),
)
cursors = st.lists(st.builds(LogView, origin=wire.origins, size=sizes), max_size=4, unique_by=lambda view: view.origin)
asks = st.tuples(queries, seconds)

PAIRS: dict[str, tuple[Any, Callable[[Any], Any], Callable[[Any], Any], Any]] = {
    "head": (heads, convert.head_to_pb, convert.head_from_pb, pb.Head),
    "cursors": (cursors, convert.cursors_to_pb, convert.cursors_from_pb, pb.FollowRequest),
    "package": (packages(), convert.package_to_pb, convert.package_from_pb, pb.Package),
    "disclosures": (
        st.dictionaries(sizes, disclosures, max_size=4),
        convert.disclosures_to_pb,
        convert.disclosures_from_pb,
        pb.BodiesResponse,
    ),
    "query": (queries, convert.query_to_pb, convert.query_from_pb, pb.SignedQuery),
    "ask": (asks, lambda ask: convert.ask_to_pb(*ask), convert.ask_from_pb, pb.AskRequest),
    "answer": (answers, convert.answer_to_pb, convert.answer_from_pb, pb.SignedAnswer),
    "event": (events, convert.event_to_pb, convert.event_from_pb, pb.RelayEvent),
    "events": (st.lists(events, max_size=4), convert.events_to_pb, convert.events_from_pb, pb.RelayEvents),
    "delivery": (deliveries, convert.delivery_to_pb, convert.delivery_from_pb, pb.Delivery),
    "reply": (replies, convert.reply_to_pb, convert.reply_from_pb, pb.Reply),
    "petition": (petitions(), enrol.petition_to_pb, enrol.petition_from_pb, pb.JoinPetition),
    "status": (statuses, enrol.join_status_to_pb, enrol.join_status_from_pb, pb.JoinStatus),
}


@pytest.mark.parametrize("name", PAIRS)
@given(data=st.data())
def test_what_goes_through_both_comes_back_equal(name: str, data: st.DataObject) -> None:
    values, to_pb, from_pb, message = PAIRS[name]
    value = data.draw(values)
    assert from_pb(message.FromString(to_pb(value).SerializeToString())) == value


@pytest.mark.parametrize("name", PAIRS)
@given(data=st.data())
def test_a_damaged_message_is_malformed_or_says_something_else(name: str, data: st.DataObject) -> None:
    """One byte set to another value: no exception but `Malformed` comes out."""
    values, to_pb, from_pb, message = PAIRS[name]
    sound = to_pb(data.draw(values)).SerializeToString()
    if not sound:
        return
    at = data.draw(st.integers(0, len(sound) - 1))
    try:
        parsed = message.FromString(sound[:at] + bytes((data.draw(st.integers(0, 255)),)) + sound[at + 1 :])
    except Exception:  # noqa: BLE001  (the guard's business, and tested there)
        return
    try:
        from_pb(parsed)
    except Malformed:
        return
