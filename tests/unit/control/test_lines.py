"""What goes over the local socket comes back as it was, and what is no such line is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.control.lines import item_line, prints_line, read_item, read_prints, read_subject, subject_line
from node.domain.fingerprints import MaterialFingerprints
from node.domain.holdings import IngestItem
from node.errors import Misuse
from node.usecases.intake import subject_of
from tests.unit.media.test_replies import EXAMPLE, LONGEST_ANIMATION, PRINTS, VIDEOS

MATERIAL = PRINTS | VIDEOS


def over(line: dict[str, Any]) -> Any:
    """As the other side of the socket has it."""
    return json.loads(json.dumps(line))


@given(MATERIAL)
def test_fingerprints_come_back_as_they_were(prints: MaterialFingerprints) -> None:
    assert read_prints(over(prints_line(prints))) == prints
    item = IngestItem(tag=bytes(32), label="a file", prints=prints)
    assert read_item(over(item_line(item))) == item


@given(MATERIAL)
def test_a_subject_comes_back_as_it_was(prints: MaterialFingerprints) -> None:
    subject = subject_of(prints, "a file")
    assert read_subject(over(subject_line(subject))) == subject


@pytest.mark.parametrize("prints", [EXAMPLE, LONGEST_ANIMATION])
@given(data=st.data())
def test_a_line_that_lacks_something_is_refused(prints: MaterialFingerprints, data: st.DataObject) -> None:
    line = over(prints_line(prints))
    del line[data.draw(st.sampled_from(sorted(line.keys() - {"trimmed", "animation"})))]
    with pytest.raises(Misuse):
        read_prints(line)


@pytest.mark.parametrize("animation", [{"frames": []}, {"frames": [[0]], "between": []}, 5, "moving"])
def test_an_animation_that_is_none_is_refused(animation: object) -> None:
    line = over(prints_line(EXAMPLE)) | {"animation": animation}
    with pytest.raises(Misuse):
        read_prints(line)
