"""What may be a preview: a plain small JPEG and 64 colours, and nothing that hides in one."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from node.domain.previews import (
    COVERED_SIZE,
    MAX_CLEAR,
    SIDE,
    Preview,
    checked_clear,
    checked_preview,
    read_previews,
    write_previews,
)
from node.errors import Malformed


def jpeg(width: int = 64, height: int = 48, **options: Any) -> bytes:
    values = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    to = io.BytesIO()
    Image.fromarray(values).save(to, "JPEG", **options)
    return to.getvalue()


PLAIN = jpeg()
COMMENT = b"\xff\xfe\x00\x06told"


@pytest.mark.parametrize("size", [(1, 1), (64, 48), (SIDE, SIDE), (7, SIDE)])
def test_what_our_encoder_writes_is_accepted(size: tuple[int, int]) -> None:
    data = jpeg(*size, quality=75)
    assert checked_clear(data) is data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff\xd9",
        b"GIF89a",
        PLAIN[:-1],
        PLAIN[2:],
        PLAIN + b"\0",
        PLAIN + PLAIN,
        PLAIN[:2] + COMMENT + PLAIN[2:],
        PLAIN[:-2] + COMMENT + PLAIN[-2:],
        PLAIN[:-2] + b"\0" * MAX_CLEAR + PLAIN[-2:],
        PLAIN[:24] + b"\xff\xd9",
        jpeg(SIDE + 1, 10),
        jpeg(10, SIDE + 1),
        jpeg(progressive=True),
        jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"),
        jpeg(icc_profile=b"profile"),
        jpeg(comment=b"told"),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        checked_clear(data)


@pytest.mark.parametrize("cut", range(0, len(PLAIN) - 2, 7))
def test_a_preview_that_was_cut_anywhere_in_its_head_is_refused_or_is_a_picture(cut: int) -> None:
    """A length that was changed leads nowhere else than to an error."""
    damaged = PLAIN[:cut] + b"\xff" + PLAIN[cut + 1 :]
    try:
        checked_clear(damaged)
    except Malformed:
        return
    assert damaged.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("size", [0, COVERED_SIZE - 1, COVERED_SIZE + 1])
def test_a_covered_form_has_one_size(size: int) -> None:
    with pytest.raises(Malformed):
        checked_preview(PLAIN, bytes(size))


def test_previews_come_back_from_a_line_and_are_not_shown_by_repr() -> None:
    preview = Preview(clear=PLAIN, covered=bytes(range(COVERED_SIZE)))
    assert read_previews(write_previews([preview, preview])) == (preview, preview)
    assert repr(preview) == "Preview()"


@pytest.mark.parametrize("said", [None, {}, "", [[]], [["", ""]], [[1, 2]], [["A", "A"]], [[" ", ""]], [["", "", ""]]])
def test_a_line_with_something_else_is_refused(said: object) -> None:
    with pytest.raises(Malformed):
        read_previews(said)
