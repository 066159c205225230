"""What becomes of the parts of a file: taken in with it, and deleted with it where nothing else has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from node.domain.holdings import FileReference, IngestItem, IngestRequest
from node.domain.parts import Place, Role
from node.domain.statements import Reason
from node.match.ranking import rank
from node.usecases.intake import Intake, subject_of
from node.usecases.matching import Matcher
from node.usecases.stored_hits import StoredHits
from tests.contracts.parts import digests
from tests.simulator.world import CODEC
from tests.unit.usecases.disposal_desk import Desk, prints


class Case(Desk):
    """The desk of `test_disposal`, which takes files in as well: numbers from 10 on."""

    def __init__(self, *, references: bool = True) -> None:
        super().__init__()
        own = self.node.origin.member
        self.matcher = Matcher(
            store=self.store, index=self.node.index, codec=CODEC, rank=rank, own=lambda: self.node.origin.member
        )
        self.intake = Intake(
            store=self.store,
            catalogue=self.node.catalogue,
            matcher=self.matcher,
            hits=StoredHits(store=self.store, own=own, clock=self.node.world.clock),
            radius=lambda: 31,
            clock=self.node.world.clock,
            references=references,
        )

    def take(self, number: int, *within: int, case: str = "C", name: str = "") -> int:
        """Takes a file in, or a part: `within` the numbers of what holds it, the file first. The id of its holding."""
        place = None
        if within:
            place = Place(
                parent=prints(within[-1]).sha256,
                path=tuple(each % 10 for each in (*within[1:], number)),
                role=Role.MEMBER,
                name=name,
            )
        file = within[0] if within else number
        item = IngestItem(
            tag=b"" if within else b"%s %d" % (case.encode(), number),
            prints=prints(number),
            file=f"/{case}/{file}",
            place=place,
        )
        (result,) = self.intake.take(IngestRequest(case=case), [item])
        return result.holding

    def delete(self, *ids: int) -> tuple[int, int]:
        """Deletes; (parts that go with them, parts that are kept)."""
        disposal = self.disposal()
        plan = disposal.plan(ids, "", Reason.UNSTATED)
        disposal.order(plan)
        disposal.finish()
        return plan.parts, plan.kept

    def cases(self, *ids: int) -> list[tuple[str, ...] | None]:
        with self.store.read() as reader:
            held = reader.holdings_by_id(ids)
        return [held[each].cases if each in held else None for each in ids]


@pytest.fixture
def desk() -> Iterator[Case]:
    made = Case()
    yield made
    made.node.index.close()


def test_a_part_is_a_holding_with_its_place_and_its_name(desk: Case) -> None:
    part, file = desk.take(11, 10, name="x/1.jpg"), desk.take(10)
    with desk.store.read() as reader:
        (place,) = reader.places(part, 9)
        assert (place.parent, place.path, place.name) == (prints(10).sha256, (1,), "x/1.jpg")
        assert reader.parts(prints(10).sha256) == [part]
        assert reader.file_references(part) == [FileReference(case="C", path="/C/10", inside="x/1.jpg (member 2)")]
        assert reader.file_references(file) == [FileReference(case="C", path="/C/10")]


def test_a_node_that_keeps_no_references_keeps_no_names_of_parts() -> None:
    desk = Case(references=False)
    part = desk.take(11, 10, name="x/1.jpg")
    with desk.store.read() as reader:
        assert [each.name for each in reader.places(part, 9)] == [""]
        assert reader.file_references(part) == []
    desk.node.index.close()


def test_the_parts_of_a_file_go_with_it_as_deep_as_they_lie(desk: Case) -> None:
    first, inner, deep = desk.take(11, 10), desk.take(12, 10), desk.take(13, 10, 12)
    file = desk.take(10)
    assert desk.delete(file) == (3, 0)
    assert desk.cases(file, first, inner, deep) == [None] * 4


def test_a_part_stays_where_another_file_of_the_case_has_it(desk: Case) -> None:
    shared, alone, file = desk.take(11, 10), desk.take(12, 10), desk.take(10)
    other = desk.take(20)
    assert desk.take(11, 20) == shared
    assert desk.delete(file) == (1, 1)
    assert desk.cases(file, alone, shared, other) == [None, None, ("C",), ("C",)]
    assert desk.delete(other) == (1, 0)
    assert desk.cases(shared) == [None]


def test_a_part_that_was_taken_in_itself_stays(desk: Case) -> None:
    part, file = desk.take(11, 10), desk.take(10)
    desk.take(11)
    assert desk.delete(file) == (0, 1)
    assert desk.cases(part) == [("C",)]


def test_a_part_leaves_only_the_cases_that_it_was_in_for_this_file(desk: Case) -> None:
    part, file = desk.take(11, 10), desk.take(10)
    desk.take(11, 30, case="D")
    other = desk.take(30, case="D")
    assert desk.delete(file) == (1, 0)
    assert desk.cases(part, file, other) == [("D",), None, ("D",)]
    with desk.store.read() as reader:
        assert [each.case for each in reader.file_references(part)] == ["D"]


def test_a_part_in_two_archives_of_one_file_goes_with_it_in_whatever_order_they_come(desk: Case) -> None:
    ids = [desk.take(11, 10), desk.take(12, 10), desk.take(13, 10, 11), desk.take(13, 10, 12), desk.take(10)]
    assert desk.delete(ids[-1]) == (3, 0)
    assert desk.cases(*ids) == [None] * 5


def test_deleting_an_archive_inside_leaves_the_file_and_its_other_parts(desk: Case) -> None:
    beside, inner, deep, file = desk.take(11, 10), desk.take(12, 10), desk.take(13, 10, 12), desk.take(10)
    assert desk.delete(inner) == (1, 0)
    assert desk.cases(beside, inner, deep, file) == [("C",), None, None, ("C",)]
    with desk.store.read() as reader:
        assert reader.parts(prints(10).sha256) == [beside]


def test_two_cases_of_one_file_are_left_together(desk: Case) -> None:
    part, file = desk.take(11, 10), desk.take(10)
    desk.take(11, 10, case="D")
    desk.take(10, case="D")
    desk.take(11, 40, case="E")
    desk.take(40, case="E")
    assert desk.cases(part) == [("C", "D", "E")]
    assert desk.delete(file) == (1, 0)
    assert desk.cases(part) == [("E",)]


def test_digests_alone_are_taken_in_and_found(desk: Case) -> None:
    archive = replace(digests("zip"), note="")
    (first,) = desk.intake.take(IngestRequest(case="C"), [IngestItem(tag=b"1", prints=archive)])
    (again,) = desk.intake.take(IngestRequest(case="D"), [IngestItem(tag=b"2", prints=archive)])
    assert (first.new, again.new, again.holding) == (True, False, first.holding)
    found = desk.matcher.local([subject_of(archive)], 31).hits
    assert [(hit.holding, hit.algorithm) for hit in found] == [(first.holding, "sha256")]
