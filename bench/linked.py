"""`links.component`: reading the component of a record from the store, beside networkx in memory.

Rules this module upholds:

- Ours reads the store: all links and records of the component, and the content of the first hundred links.
- networkx builds its graph from a list of edges in memory, and finds the component and the number of its cycles.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import Figure, figure, in_turns
from bench.federation import Bodies, batch
from node.domain.envelope import Kind
from node.domain.ids import NONCE_SIZE, Origin, RecordId, federation_id, member_id
from node.domain.record_links import Certainty, RecordLink, Relation
from node.store.store import open_node_store
from node.usecases.applying_runs import Places
from node.usecases.filing import Filing, mentions_in
from node.usecases.link_reading import LinkReading, WantedLinks
from node.usecases.node_audit import NodeAuditLog
from node.usecases.purging import Purge
from node.usecases.verification import Verifier
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.stores import NodeStore

    Edges = Sequence[tuple[RecordId, RecordId]]

LINKS: Final = 10_000
_RECORDS_A_LINK: Final = 0.6
"""So that nearly all records hang together, over many ways."""
_FEDERATION: Final = federation_id("bench.example")
_OWNER, _AUTHOR, _READER = (Origin(_FEDERATION, member_id(name)) for name in ("JP", "BR", "FR"))


def measured(links: int = LINKS) -> Figure:
    """The seconds of one look at a component of about `links` links."""
    codec = ProtoCodec()
    with tempfile.TemporaryDirectory() as folder:
        store = open_node_store(Path(folder) / "vigil.sqlite3", create=True)
        try:
            edges = _fill(store, codec, links)
            audit = NodeAuditLog(
                store=store,
                origin=Origin(_FEDERATION, _READER.member, 1, "audit"),
                clock=lambda: 0.0,
                random=os.urandom,
            )
            verifier = Verifier(codec=codec, latest=lambda: None)
            reading = LinkReading(store=store, codec=codec, verifier=verifier, audit=audit, own=_READER)
            wanted = WantedLinks(record=str(edges[0][0]))
            found = reading.component(wanted)
            reference, theirs = _reference(edges)
            if theirs() != (found.all_records, found.cycles):
                raise RuntimeError("the two do not find the same component")
            ours, others = in_turns(lambda: reading.component(wanted), theirs)
            audit.close()
        finally:
            store.close()
    return figure("links.component", ours, "seconds", reference=reference, reference_value=others)


def _fill(store: NodeStore, codec: ProtoCodec, links: int) -> Edges:
    """Records, and links of two of them each, drawn at random."""
    count = max(int(links * _RECORDS_A_LINK), 2)
    bodies = Bodies(2026)
    drawn = random.Random(2026)
    with store.write() as writer:
        made, _ = bodies.make(count)
        run = batch(writer, writer.open_log(_OWNER), made, bodies.nonces(count), bodies.nonces(count))
        writer.append(run)
        records = [RecordId(_OWNER, leaf) for leaf in run.leaves]
        edges = [(*drawn.sample(records, 2),) for _ in range(links)]
        said = [
            codec.encode_body(
                RecordLink(relation=Relation.SAME_SERIES, targets=(first, second), certainty=Certainty.PROBABLE)
            )
            for first, second in edges
        ]
        nonces = [os.urandom(NONCE_SIZE) for _ in range(2 * links)]
        linked = batch(writer, writer.open_log(_AUTHOR), said, nonces[:links], nonces[links:], kind=Kind.LINK)
        writer.append(linked)
        places = Places(found={(str(_OWNER), leaf): at for at, leaf in enumerate(run.leaves)}, searched={})
        Filing(purge=Purge(writer), places=places, codec=codec).file(mentions_in(codec, linked))
    return [(first, second) for first, second in edges]


def _reference(edges: Edges) -> tuple[str, Callable[[], tuple[int, int]]]:
    """(Its name, what gives the number of records and of cycles)."""
    try:
        import networkx as nx  # noqa: PLC0415  (an extra)
    except ImportError:
        return "dictionaries of Python in memory", lambda: _plainly(edges)

    def component() -> tuple[int, int]:
        graph = nx.MultiGraph(edges)
        part = graph.subgraph(nx.node_connected_component(graph, edges[0][0]))
        return len(part), part.number_of_edges() - len(part) + 1

    return "networkx in memory", component


def _plainly(edges: Edges) -> tuple[int, int]:
    beside: defaultdict[RecordId, list[RecordId]] = defaultdict(list)
    for first, second in edges:
        beside[first].append(second)
        beside[second].append(first)
    reached, waiting = {edges[0][0]}, [edges[0][0]]
    while waiting:
        further = set(beside[waiting.pop()]) - reached
        reached |= further
        waiting += further
    return len(reached), sum(len(beside[each]) for each in reached) // 2 - len(reached) + 1
