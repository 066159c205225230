"""Cases of this node and of lists, and hits on lists, through the commands that a person's words become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from node.domain.lists import ReferenceList
from node.domain.material import PictureFingerprints
from node.domain.queries import Level
from node.domain.references import At, ListCase, ListHead, Reference
from node.errors import Misuse, NotFound
from node.usecases import list_hits
from node.usecases.cases import no_holdings
from node.usecases.intake import columns_of
from node.usecases.lists import Lists, ListTerms
from tests.unit.control.desk import Desk, Line, items, lines_of
from tests.unit.usecases.desk import whole_prints

HEAD = ListHead(format="vics", version="2.0", kind="cases", scheme="us-vics", scheme_version="2.0")


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.audit.close()


@pytest.fixture
def lists(desk: Desk) -> Lists:
    return Lists(store=desk.node.store, catalogue=desk.node.catalogue, audit=desk.audit, clock=desk.node.world.clock)


def prints(number: int) -> PictureFingerprints:
    return whole_prints(number)


def hold(desk: Desk, *numbers: int, case: str) -> list[int]:
    with desk.node.catalogue.change() as change:
        rows = [
            change.writer.put_holding(prints(number), level=Level.NATIONAL, case=case, tag=b"", now=1)[0]
            for number in numbers
        ]
        change.hold(columns_of(rows, list(map(prints, numbers))))
    return rows


def row(number: int, **said: Any) -> Reference:
    made = Reference(At(record=number), md5=prints(number).md5, code="1", said=f'{{"Comments": "seen {number}"}}')
    return made._replace(**said)


def take(lists: Lists, name: str, cases: dict[str, list[Reference]]) -> ReferenceList:
    taking = lists.begin(name, ListTerms(provider=f"of {name}"), b"f" * 32, "officer")
    for at, (case, rows) in enumerate(cases.items()):
        taking.take([ListCase(at=At(offset=at), number=case, said=f'{{"Contact": "{name}"}}'), *rows])
    return taking.finish(HEAD)


@pytest.fixture
def held(desk: Desk, lists: Lists) -> list[int]:
    """Case C-1 of this node, cases C-1 and K-1 of list A, and K-1 of list B."""
    numbers = hold(desk, 1, 2, 3, case="C-1")
    take(lists, "A", {"C-1": [row(1), row(9)], "K-1": [row(2, series="Bridge"), row(3, id="x"), row(3, id="y")]})
    take(lists, "B", {"K-1": [row(3)]})
    return numbers


def test_cases_are_listed_with_their_origin_and_none_is_merged(desk: Desk, held: list[int], lists: Lists) -> None:
    assert len(held) == 3
    *found, end = lines_of(desk.cases.cases({}, items()))
    assert [(each["case"], each["list"], each["provider"]) for each in found] == [
        ("C-1", None, None),
        ("C-1", "A", "of A"),
        ("K-1", "A", "of A"),
        ("K-1", "B", "of B"),
    ]
    assert [each.get("holdings", each.get("references")) for each in found] == [3, 2, 3, 1]
    assert all(each["same_name"] for each in found)
    assert end == {"listed": 2, "more": False, "after": "K-1"}
    *page, end = lines_of(desk.cases.cases({"limit": 1}, items()))
    assert ([each["list"] for each in page], end["more"], end["after"]) == ([None, "A"], True, "C-1")
    *page, end = lines_of(desk.cases.cases({"limit": 1, "after": "C-1"}, items()))
    assert ([each["list"] for each in page], end["more"]) == (["A", "B"], False)
    lists.remove("A")
    *found, _ = lines_of(desk.cases.cases({}, items()))
    assert [(each["case"], each["list"], each["same_name"]) for each in found] == [
        ("C-1", None, False),
        ("K-1", "B", False),
    ]


def test_a_case_is_shown_under_its_origin_and_its_words_only_on_request(desk: Desk, held: list[int]) -> None:
    own, *found, listed, first, second = lines_of(desk.cases.case_show({"case": "C-1"}, items()))
    rows = [first, second]
    assert [each["holding"] for each in found] == held[::-1]
    assert all(not hit["signed"] and hit["list"]["name"] in ("A", "B") for each in found for hit in each["hits"])
    assert own["list_hits"] == {"holdings": 3, "more": False}
    assert (own["list"], own["holdings"], own["levels"], own["shared"]) == (None, 3, {"national": 3}, 0)
    assert (listed["list"], listed["references"], listed["said"]) == ("A", 2, None)
    assert [each["at"]["record"] for each in rows] == [1, 9]
    assert "seen" not in str(rows)
    first, second = lines_of(desk.cases.case_show({"case": "K-1"}, items()))
    assert (first["list"], second["list"]) == ("A", "B")
    (only, *rows) = lines_of(desk.cases.case_show({"case": "K-1", "list": "A", "words": True, "limit": 2}, items()))
    assert only["said"] == '{"Contact": "A"}'
    assert [(each["list"], each["series"], each["said"]) for each in rows] == [
        ("A", "Bridge", '{"Comments": "seen 2"}'),
        ("A", None, '{"Comments": "seen 3"}'),
    ]
    (_, rest) = lines_of(desk.cases.case_show({"case": "K-1", "list": "A", "after": rows[-1]["row"]}, items()))
    assert rest["id"] == "y"
    for wanted in ({"case": "none"}, {"case": "C-1", "list": "B"}):
        with pytest.raises(NotFound):
            lines_of(desk.cases.case_show(wanted, items()))
    assert [each["what"] for each in desk.written()][-6:] == ["case"] * 6


def test_a_reference_means_the_case_of_this_node_first_and_an_ambiguous_one_is_asked(
    desk: Desk, held: list[int], lists: Lists
) -> None:
    *hits, end = lines_of(desk.search.match_case({"case": "C-1"}, items()))
    assert (end["holdings"], end["references"], end["list"]) == (3, 0, None)
    assert end["same_name"] == [{"list": "A", "provider": "of A"}]
    assert {hit["list"]["name"] for hit in hits if hit["list"]} == {"A", "B"}
    with pytest.raises(Misuse, match="several lists"):
        lines_of(desk.search.match_case({"case": "K-1"}, items()))
    *hits, end = lines_of(desk.search.match_case({"case": "K-1", "list": "A"}, items()))
    assert (end["holdings"], end["references"], end["list"], end["subjects"]) == (0, 3, "A", 3)
    assert {hit["holding"] for hit in hits if hit["holding"]} == set(held[1:])
    own = [(hit["subject"], hit["list"]["row"]) for hit in hits if hit["list"]]
    assert all(not subject.endswith(f"row {at}") for subject, at in own), "a row is no hit of itself"
    assert {hit["list"]["name"] for hit in hits if hit["list"]} == {"A", "B"}
    with desk.node.store.read() as tx:
        assert tx.hit_counts("").hits == 0, "hits of rows are not stored as hits of holdings"
    lists.remove("A")
    *_, end = lines_of(desk.search.match_case({"case": "K-1"}, items()))
    assert (end["references"], end["list"]) == (1, "B")
    with pytest.raises(NotFound, match="no such case"):
        lines_of(desk.search.match_case({"case": "none"}, items()))


def test_hits_on_lists_stand_beside_those_on_records_and_go_with_their_list(
    desk: Desk, held: list[int], lists: Lists
) -> None:
    *found, end = lines_of(desk.hits.hits_list({}, items()))
    assert [each["holding"] for each in found] == held[::-1]
    third = found[0]["hits"]
    assert {(hit["list"]["name"], hit["list"]["case"], hit["signed"]) for hit in third} == {
        ("A", "K-1", False),
        ("B", "K-1", False),
    }
    assert end["lists"] == {"holdings": 3, "scanned": 3, "hidden": 0, "rejected": 0, "next": None}
    (_, end) = lines_of(desk.hits.hits_list({"limit": 1}, items()))
    assert (end["lists"]["holdings"], end["lists"]["next"]) == (1, held[2])
    *found, end = lines_of(desk.hits.hits_list({"lists_after": held[2], "case": "C-1"}, items()))
    assert [each["holding"] for each in found] == held[1::-1]
    assert end["same_name"] == [{"list": "A", "provider": "of A"}]
    for given in ({"unseen": True}, {"member": "FR"}):
        (end,) = lines_of(desk.hits.hits_list(given, items()))
        assert end["lists"] is None
    with desk.node.store.write() as tx:
        tx.allow([prints(3).sha256], 1)
    *found, end = lines_of(desk.hits.hits_list({}, items()))
    assert ([each["holding"] for each in found], end["lists"]["hidden"]) == (held[1::-1], 1)
    lists.remove("A")
    (only, end) = lines_of(desk.hits.hits_list({"show_all": True}, items()))
    assert [hit["list"]["name"] for hit in only["hits"]] == ["B"]
    lists.remove("B")
    (end,) = lines_of(desk.hits.hits_list({"show_all": True}, items()))
    assert end["lists"] == {"holdings": 0, "scanned": 0, "hidden": 0, "rejected": 0, "next": None}


def test_one_look_searches_for_a_bounded_number_of_holdings_and_goes_on(
    desk: Desk, lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_hits, "SCANNED", 4)
    monkeypatch.setattr(list_hits, "HOLDINGS_AT_ONCE", 2)
    numbers = hold(desk, *range(1, 12), case="C-1")
    take(lists, "A", {"K": [row(1), row(2), row(11)]})
    seen: list[int] = []
    given: Line = {}
    for _ in range(9):
        *found, end = lines_of(desk.hits.hits_list(given, items()))
        seen += [each["holding"] for each in found]
        if end["lists"]["next"] is None:
            break
        given = {"lists_after": end["lists"]["next"]}
    assert seen == [numbers[10], numbers[1], numbers[0]]


def test_what_matches_rows_of_a_case_of_a_list_alone(desk: Desk, held: list[int], lists: Lists) -> None:
    found = [each for page in desk.list_hits.of("A", case="K-1") for each in page]
    assert [each.holding for each in found] == held[1:]
    assert {hit.row.case for each in found for hit in each.hits if hit.row} == {"K-1"}
    take(lists, "C", {"first": [row(1, id=f"{at}") for at in range(40)], "last": [row(1, id="last")]})
    (only,) = [each for page in desk.list_hits.of("C", case="last") for each in page]
    assert (only.holding, only.left_out) == (held[0], 31), "it is near a row of the case that is not among those shown"


def test_a_case_of_a_list_has_no_holdings_and_its_list_is_named(desk: Desk, lists: Lists) -> None:
    take(lists, "A", {"K-1": [row(1)]})
    with desk.node.store.read() as tx:
        error = no_holdings(tx, "K-1", "what to do")
        other = no_holdings(tx, "none", "what to do")
    assert "it came with a list (A)" in str(error)
    assert "vigil match --case" in error.remedy
    assert "a list" not in str(other)
    assert all(each.remedy.endswith("what to do") for each in (error, other))
