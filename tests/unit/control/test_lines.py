"""What goes over the local socket comes back as it was, and what is no such line is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.control.lines import hit_line, item_line, read_item, read_subject, subject_line
from node.domain.holdings import IngestItem
from node.domain.material import MaterialFingerprints
from node.domain.parts import Place, Role
from node.domain.queries import Hit, Level
from node.domain.reviews import ReviewState
from node.errors import Misuse
from node.usecases.intake import subject_of
from tests.contracts.parts import digests
from tests.unit.domain.material import MATERIAL
from tests.unit.usecases.previewed import seen

PLACES = st.none() | st.builds(
    Place,
    parent=st.binary(min_size=32, max_size=32),
    path=st.lists(st.integers(0, 200_000), min_size=1, max_size=6).map(tuple),
    role=st.sampled_from(Role),
    name=st.text(max_size=20),
)


def over(line: dict[str, Any]) -> Any:
    """As the other side of the socket has it."""
    return json.loads(json.dumps(line))


@given(MATERIAL, PLACES)
def test_an_item_comes_back_as_it_was(prints: MaterialFingerprints, place: Place | None) -> None:
    item = IngestItem(tag=bytes(32), label="7", prints=prints, place=place, file="/evidence/1")
    assert read_item(over(item_line(item))) == item


def test_previews_go_with_what_can_be_seen() -> None:
    item = IngestItem(tag=bytes(32), prints=seen("one", 3))
    line = over(item_line(item))
    assert read_item(line).prints.previews == item.prints.previews
    line["prints"] = over(item_line(IngestItem(tag=bytes(32), prints=digests("one"))))["prints"]
    with pytest.raises(Misuse):
        read_item(line)


@given(MATERIAL)
def test_a_subject_comes_back_as_it_was(prints: MaterialFingerprints) -> None:
    subject = subject_of(prints, "7")
    assert read_subject(over(subject_line(subject))) == subject


@given(MATERIAL, st.data())
def test_an_item_that_lacks_something_is_refused(prints: MaterialFingerprints, data: st.DataObject) -> None:
    line = over(item_line(IngestItem(tag=bytes(32), prints=prints)))
    del line[data.draw(st.sampled_from(sorted(line)))]
    with pytest.raises(Misuse):
        read_item(line)


@pytest.mark.parametrize("place", [5, {}, {"parent": "00", "path": [0], "role": "uncle", "name": None}])
@given(prints=MATERIAL)
def test_a_place_that_is_none_is_refused(prints: MaterialFingerprints, place: object) -> None:
    line = over(item_line(IngestItem(tag=bytes(32), prints=prints))) | {"place": place}
    with pytest.raises(Misuse):
        read_item(line)


@pytest.mark.parametrize("state", ReviewState)
def test_a_hit_has_the_decision_that_was_made_before(state: ReviewState) -> None:
    hit = Hit(subject=0, origin="holdings", algorithm="pdq", level=Level.NATIONAL, state=state)
    assert hit_line("a.jpg", hit)["review"] == (None if state is ReviewState.NEW else state.name.lower())
