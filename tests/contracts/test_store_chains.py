"""What every store owes chains: records with their corrections, and what was said of them."""

from __future__ import annotations

from dataclasses import replace

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.log_ports import Chain, Link, Owed
from node.domain.stores import NodeStore
from tests.simulator.batches import FR, JP, append, batch, disclosure

REMARKS = (Kind.OPINION, Kind.COMMENT)
ROOT, OTHER = RecordId(FR, b"r" * 32), RecordId(FR, b"o" * 32)


def link(index: int, kind: Kind, *, chain: RecordId = ROOT, version: int = 0, counts: bool = True) -> Link:
    return Link(origin=JP, index=index, kind=kind, chain=chain, version=version, counts=counts)


def filled(store: NodeStore) -> list[Link]:
    """Five entries of one log, filed under two chains."""
    append(store, batch(store, FR, ["a", "b"]))
    append(store, batch(store, JP, [str(number) for number in range(5)]))
    links = [
        link(0, Kind.COMMENT, version=1),
        link(1, Kind.OPINION),
        link(2, Kind.CORRECTION, version=1),
        link(3, Kind.COMMENT, counts=False),
        link(4, Kind.COMMENT, chain=OTHER),
    ]
    with store.write() as writer:
        writer.put_links(links)
    return links


def test_links_are_found_by_their_place_and_by_their_chain(store: NodeStore) -> None:
    links = filled(store)
    with store.read() as reader:
        assert reader.links(JP, 1, 4) == {number: links[number] for number in (1, 2, 3)}
        assert reader.links(FR, 0, 10) == {}
        assert reader.linked(ROOT, REMARKS) == [links[1], links[0]]
        assert reader.linked(ROOT, [Kind.CORRECTION], since=2) == []
        assert reader.linked(ROOT, [Kind.CORRECTION], since=1) == [links[2]]
        assert reader.linked(RecordId(JP, ROOT.leaf), REMARKS) == []


def test_links_and_chains_are_found_for_many_at_once(store: NodeStore) -> None:
    links = filled(store)
    known = [Chain(root=ROOT, head=(FR, 0)), Chain(root=OTHER, head=None)]
    with store.write() as writer:
        for each in known:
            writer.put_chain(each)
    nowhere = [RecordId(FR, number.to_bytes(32, "big")) for number in range(1_200)]
    with store.read() as reader:
        assert reader.links_at(JP, [0, 3, 9]) == {0: links[0], 3: links[3]}
        assert reader.links_at(FR, [0]) == {}
        found = reader.linked_in([ROOT, OTHER, *nowhere], REMARKS)
        assert sorted(found, key=lambda each: each.index) == [links[0], links[1], links[4]]
        assert reader.linked_in([OTHER], [Kind.OPINION]) == []
        assert reader.linked_in([RecordId(JP, ROOT.leaf)], REMARKS) == []
        assert reader.chains([ROOT, OTHER, *nowhere]) == {each.root: each for each in known}
        assert reader.chains([RecordId(JP, ROOT.leaf)]) == {}


def test_a_remark_that_is_purged_counts_no_more_and_a_correction_does(store: NodeStore) -> None:
    """A correction whose body was replaced still holds its chain together; a remark is done with."""
    links = filled(store)
    with store.write() as writer:
        writer.purge(JP, [0, 2])
        assert writer.linked(ROOT, REMARKS) == [links[1]]
        assert writer.linked(ROOT, [Kind.CORRECTION]) == [links[2]]


def test_what_is_set_aside_counts_no_more(store: NodeStore) -> None:
    links = filled(store)
    with store.write() as writer:
        writer.set_aside(JP, 1, "why")
        writer.set_aside(JP, 2, "why")
        assert writer.linked(ROOT, [*REMARKS, Kind.CORRECTION]) == [links[0]]


def test_a_chain_is_put_and_changed(store: NodeStore) -> None:
    filled(store)
    for state in (
        Chain(root=ROOT, head=None),
        Chain(root=ROOT, head=(JP, 2), barred=True),
        Chain(root=ROOT, head=(FR, 0), ended=True),
    ):
        with store.write() as writer:
            writer.put_chain(state)
        with store.read() as reader:
            assert reader.chain(ROOT) == state
            assert reader.chain(OTHER) is None
            assert reader.awaits(FR) == (state.head is None)
            assert not reader.awaits(JP)
            assert reader.barred(10) == ([state] if state.barred else [])


def test_the_chains_of_a_log_are_told_from_other_leaves(store: NodeStore) -> None:
    with store.write() as writer:
        writer.open_log(FR)
        writer.put_chain(Chain(root=ROOT, head=None))
        leaves = [bytes([number]) * 32 for number in range(200)] * 4
        assert writer.roots(FR, [*leaves, ROOT.leaf]) == {ROOT.leaf}
        assert writer.roots(JP, [ROOT.leaf]) == set()
        assert writer.roots(FR, []) == set()


def test_a_chain_that_joins_another_is_no_more(store: NodeStore) -> None:
    filled(store)
    with store.write() as writer:
        writer.put_chain(Chain(root=ROOT, head=(JP, 2)))
        writer.put_chain(Chain(root=OTHER, head=(JP, 4)))
        writer.join_chain(ROOT, OTHER, 3)
    with store.read() as reader:
        assert reader.chain(ROOT) is None
        assert [(each.index, each.version) for each in reader.linked(OTHER, REMARKS)] == [(4, 0), (1, 3), (0, 4)]
        assert reader.links(JP, 3, 4)[3].chain == OTHER
        assert not reader.links(JP, 3, 4)[3].counts


def test_links_of_the_end_of_a_log_are_dropped_and_chains_stay_until_they_are(store: NodeStore) -> None:
    links = filled(store)
    with store.write() as writer:
        writer.put_chain(Chain(root=ROOT, head=(FR, 0)))
        writer.put_chain(Chain(root=OTHER, head=(FR, 1)))
        writer.drop_links(JP, 2)
        assert writer.links(JP, 0, 5) == {number: links[number] for number in (0, 1)}
        assert writer.chain(OTHER) is not None
        writer.drop_chain(OTHER)
        assert writer.chain(OTHER) is None
        assert writer.chain(ROOT) is not None


def test_an_entry_is_read_without_its_body(store: NodeStore) -> None:
    made = batch(store, JP, ["a", "b"])
    append(store, made)
    with store.write() as writer:
        writer.purge(JP, [1])
        assert writer.entry_at(JP, 0) == (made.entries[0], 0)
        assert writer.entry_at(JP, 1) == (made.entries[1], 2)


def test_the_first_links_are_given_where_no_more_are_asked_for(store: NodeStore) -> None:
    links = filled(store)
    with store.read() as reader:
        assert reader.linked(ROOT, REMARKS, limit=1) == [links[1]]
        assert reader.linked(ROOT, REMARKS, since=1, limit=5) == [links[0]]


def test_remarks_are_given_without_those_of_a_member(store: NodeStore) -> None:
    links = filled(store)
    with store.write() as writer:
        mine = replace(link(0, Kind.COMMENT), origin=FR)
        writer.put_links([mine])
        assert {each.index for each in writer.remarks(ROOT, 10)} == {0, 1}
        assert writer.remarks(ROOT, 10, spare=JP.member) == [mine]
        assert sorted(each.index for each in writer.remarks(ROOT, 10, spare=FR.member)) == [0, 1]
        assert len(writer.remarks(ROOT, 2)) == 2
        assert writer.remarks(OTHER, 10) == [links[4]]


def test_how_often_a_log_pointed_at_an_entry_is_counted_up_to_a_limit(store: NodeStore) -> None:
    append(store, batch(store, JP, list("abcde"), targets=[(0, ROOT), (1, ROOT), (2, OTHER), (4, ROOT)]))
    append(store, batch(store, FR, ["a"], targets=[(0, ROOT)]))
    with store.read() as reader:
        kinds = [Kind.RETRACTION]
        assert [reader.said_before(JP, index, ROOT, kinds, 10) for index in range(6)] == [0, 1, 2, 2, 2, 3]
        assert reader.said_before(JP, 5, ROOT, kinds, 2) == 2
        assert reader.said_before(JP, 5, ROOT, REMARKS, 2) == 0


def test_how_many_go_back_to_the_first_is_kept(store: NodeStore) -> None:
    filled(store)
    first = replace(link(2, Kind.CORRECTION, version=1), first=2, filed=1)
    with store.write() as writer:
        writer.drop_links(JP, 2)
        writer.put_links([first])
        writer.put_filed(JP, 2, 7)
    with store.read() as reader:
        assert reader.links(JP, 2, 3) == {2: replace(first, filed=7)}


def test_what_is_owed_is_noted_once_until_it_is_paid(store: NodeStore) -> None:
    owed = [Owed(root=ROOT), Owed(root=ROOT, spare=JP.member), Owed(root=OTHER)]
    with store.write() as writer:
        for each in [*owed, *owed]:
            writer.owe(each)
    with store.read() as reader:
        assert set(reader.owed(10)) == set(owed)
        assert len(reader.owed(10)) == 3
        assert len(reader.owed(2)) == 2
    with store.write() as writer:
        writer.pay(owed[1])
        assert set(writer.owed(10)) == {owed[0], owed[2]}


def test_many_entries_and_chains_are_read_at_once(store: NodeStore) -> None:
    filled(store)
    first, second = Chain(root=ROOT, head=(FR, 1)), Chain(root=OTHER, head=None, ended=True)
    with store.write() as writer:
        writer.purge(JP, [2])
        writer.add_chains([first, second])
    with store.read() as reader:
        assert reader.chains([ROOT, OTHER, RecordId(JP, ROOT.leaf)]) == {ROOT: first, OTHER: second}
        assert reader.chains([]) == {}
        one_by_one = {index: reader.entry_at(JP, index) for index in range(5)}
        assert dict(reader.entries_at(JP, [4, 3, 2, 1, 0, 5, -1])) == one_by_one
        assert reader.entries_at(FR, []) == {}


def test_a_record_is_sound_while_it_is_not_retracted_and_its_newest_version_has_a_body(store: NodeStore) -> None:
    """Wherever in a log the newest version is: the log may have come in several runs, between those of others."""
    append(store, batch(store, FR, ["a", "b"], states=[BodyState.HELD, BodyState.NOT_FOR_US]))
    append(store, batch(store, JP, ["c"], states=[BodyState.MISSING]))
    append(store, batch(store, FR, ["d", "e", "f"], states=[BodyState.HELD, BodyState.HELD, BodyState.MISSING]))
    heads = [None, (FR, 0), (FR, 1), (FR, 2), (FR, 3), (FR, 4), (JP, 0), (FR, 0)]
    roots = [RecordId(FR, bytes([number]) * 32) for number in range(len(heads))]
    known = [Chain(root=root, head=head) for root, head in zip(roots, heads, strict=True)]
    known[-1] = replace(known[-1], ended=True)
    with store.write() as writer:
        writer.add_chains([*known, Chain(root=RecordId(JP, roots[1].leaf), head=None)])
        writer.put_chain(replace(known[3], barred=True))
        writer.purge(FR, [3])
        writer.fill(JP, {0: disclosure("c")})
    nowhere = [RecordId(FR, number.to_bytes(32, "big")) for number in range(1_000, 2_200)]
    with store.read() as reader:
        assert reader.sound([*nowhere, *roots, RecordId(JP, roots[1].leaf)]) == {roots[1], roots[3], roots[6]}
        assert reader.sound([roots[2], roots[5]]) == reader.sound([]) == set()
        assert reader.roots(FR, [each.leaf for each in [*nowhere, *roots]]) == {each.leaf for each in roots}
