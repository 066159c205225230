"""The one codec of fingerprints to JSON: what it writes comes back as it was, and nothing else is taken."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.fingerprint_json import read_prints, write_prints
from node.domain.material import DigestFingerprints, MaterialFingerprints, PictureFingerprints
from node.errors import Malformed
from tests.unit.domain.material import COMPOSED, DIGESTS, MATERIAL
from tests.unit.media.example_replies import VIDEOS


def over(line: Any) -> Any:
    """As the other side has it."""
    return json.loads(json.dumps(line))


@given(MATERIAL)
def test_fingerprints_come_back_as_they_were(prints: MaterialFingerprints) -> None:
    assert read_prints(over(write_prints(prints))) == prints


@given(DIGESTS)
def test_a_note_that_is_too_long_is_cut_and_costs_nothing_else(prints: DigestFingerprints) -> None:
    long = replace(prints, note="words " * 100)
    assert read_prints(over(write_prints(long))) == replace(prints, note=long.note[:300])


@given(MATERIAL, st.data())
def test_an_object_that_lacks_a_value_or_has_one_too_many_is_refused(
    prints: MaterialFingerprints, data: st.DataObject
) -> None:
    line = over(write_prints(prints))
    less = dict(line)
    del less[data.draw(st.sampled_from(sorted(line)))]
    for wrong in (less, line | {"path": "/evidence/1"}, line | {"kind": "other"}, line | {"kind": ["picture"]}, [line]):
        with pytest.raises(Malformed):
            read_prints(wrong)


@given(MATERIAL, st.data())
def test_a_value_of_another_kind_is_refused(prints: MaterialFingerprints, data: st.DataObject) -> None:
    line = over(write_prints(prints))
    name = data.draw(st.sampled_from(sorted(line)))
    wrong = data.draw(st.sampled_from([True, -1, 1.5, "x" * 301, "\u00e9", {}, [None], [1, 2, 3, 4, 5]]))
    with pytest.raises(Malformed):
        read_prints(line | {name: wrong})


@given(COMPOSED.filter(lambda prints: bool(prints.composed)))
def test_a_picture_has_one_look_a_background_in_their_order(prints: PictureFingerprints) -> None:
    line = over(write_prints(prints))
    for wrong in (line["composed"] * 2, line["composed"][::-1] * 2, [line["composed"][0] | {"background": "grey"}]):
        with pytest.raises(Malformed):
            read_prints(line | {"composed": wrong})


@pytest.mark.parametrize("note", ["two\nlines", "caf\u00e9", "\u202e", "\x1b[31m", 5, None])
@given(prints=DIGESTS)
def test_a_note_is_plain_words(prints: DigestFingerprints, note: object) -> None:
    with pytest.raises(Malformed):
        read_prints(over(write_prints(prints)) | {"note": note})


@given(VIDEOS)
def test_frames_are_in_order_and_in_range(prints: Any) -> None:
    line = over(write_prints(prints))
    first = line["frames"][:74]
    late, early, best = "00000001" + first[8:], "00000000" + first[8:], first[:8] + "65" + first[10:]
    for wrong in (late + early, best, first[:-2], first + "zz" * 37, ""):
        with pytest.raises(Malformed):
            read_prints(line | {"frames": wrong})
