"""The graph of links depends on the stored statements alone, not on the order in which they came."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.mentions import Joined, Role
from node.usecases.link_graph import walk
from node.usecases.link_views import LinkViews
from node.usecases.verification import Verifier
from tests.properties.test_chain_orders import ROSTER, SPEAKERS, Step, Story, stored
from tests.simulator.federation import Log
from tests.simulator.world import CODEC

LIMIT = 1_000
KINDS = [Kind.CONTRIBUTION, Kind.CORRECTION, Kind.RETRACTION, Kind.OPINION, Kind.LINK, Kind.LINK, Kind.REVISION]
STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(KINDS), st.integers(0, 30), st.booleans()), min_size=3, max_size=16
)
CUTS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=25)


def graphs(logs: list[Log], cuts: list[tuple[int, int]]) -> dict[RecordId, object]:
    """The component of every linked record, as it is shown."""
    store = stored(logs, cuts)
    with store.read() as reader:
        views = LinkViews(reader, CODEC, Verifier(codec=CODEC, latest=lambda: ROSTER))
        shown: dict[RecordId, object] = {}
        for record in reader.mentioned_as(Role.LINKED, LIMIT):
            walked = walk(reader.joined([record], Role.LINKED, LIMIT), [record])
            shown[record] = views.links(walked.edges), views.records(walked.records), walked.cycles
        return shown


@settings(max_examples=120, deadline=None)
@given(steps=STEPS, cuts=CUTS)
def test_the_graph_does_not_depend_on_the_order_of_arrival(steps: list[Step], cuts: list[tuple[int, int]]) -> None:
    story = Story()
    for number, step in enumerate(steps):
        story.tell(number, step)
    assert graphs(story.logs, cuts) == graphs(story.logs, [])


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_every_link_in_the_graph_has_a_body_and_no_retracted_record(steps: list[Step]) -> None:
    story = Story()
    for number, step in enumerate(steps):
        story.tell(number, step)
    store = stored(story.logs, [])
    with store.read() as reader:
        for speaker in SPEAKERS:
            for mention in reader.mentions(speaker.origin, 0, LIMIT):
                assert reader.entry_at(mention.origin, mention.index)[1] == BodyState.HELD
                chain = reader.chain(mention.record)
                assert chain is not None
                if chain.head is not None and reader.entry_at(*chain.head)[0][1] in {
                    Kind.CONTRIBUTION,
                    Kind.CORRECTION,
                }:
                    assert not chain.ended


EDGES = st.lists(st.lists(st.integers(0, 12), min_size=2, max_size=4, unique=True), max_size=20)


def joined(links: list[list[int]]) -> Joined:
    records = [RecordId(SPEAKERS[0].origin, bytes([each]) * 32) for each in range(13)]
    ends = [(entry, each) for entry, some in enumerate(links) for each in some]
    return Joined(entries=[(SPEAKERS[1].origin, at) for at in range(len(links))], records=records, ends=ends)


@settings(max_examples=200, deadline=None)
@given(links=EDGES, depth=st.none() | st.integers(1, 4), order=st.randoms(use_true_random=False))
def test_a_walk_gives_the_same_for_every_order_of_the_columns(
    links: list[list[int]], depth: int | None, order: object
) -> None:
    """And its distances are those of a plain walk, its cycles those of a spanning forest."""
    graph = joined(links)
    start = graph.records[0]
    walked = walk(graph, [start], depth=depth)
    ends = list(graph.ends)
    order.shuffle(ends)  # type: ignore[attr-defined]
    assert walk(Joined(entries=graph.entries, records=graph.records, ends=ends), [start], depth=depth) == walked
    far = {0: 0}
    for _ in links:
        for some in links:
            near = min((far[each] for each in some if each in far), default=None)
            if near is not None:
                for each in some:
                    far[each] = min(far.get(each, near + 1), near + 1)
    limit = len(far) if depth is None else depth
    assert {each.leaf[0]: at for each, at in walked.records.items()} == {
        each: at for each, at in far.items() if at <= limit
    }
    connections = sum(len(each.records) - 1 for each in walked.edges)
    assert walked.cycles == connections - (len(walked.records) - 1)
    assert len(walked.edges) + walked.beyond == sum(any(each in far for each in some) for some in links)
