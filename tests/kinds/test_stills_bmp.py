"""A BMP of every header, layout and compression shows the picture that was written."""

import numpy as np
import pytest

from node.media.decode import decode_picture
from tests.kinds.still_samples import palette
from tests.kinds.stills import HEIGHT, RGB, WIDTH, Values, Variant, assert_shown, bmp, bmp_rows


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("size", [12, 16, 40, 52, 56, 64, 108, 124])
def test_every_bmp_with_a_palette_or_whole_bytes(size: int, top_down: bool) -> None:
    if top_down and size == 12:
        return  # it has no sign for it
    for bits in (1, 2, 4, 8):
        indices, table, mapped = palette(1 << bits)
        entries = table[:, ::-1] if size == 12 else np.hstack([table[:, ::-1], np.zeros((len(table), 1), np.uint8)])
        data = bmp(
            bmp_rows(indices, bits, top_down=top_down), bits, size=size, palette=entries.tobytes(), top_down=top_down
        )
        assert_shown(Variant(data=data, right=mapped))
    blue_first = RGB[:, :, ::-1]
    assert_shown(
        Variant(data=bmp(bmp_rows(blue_first, 24, top_down=top_down), 24, size=size, top_down=top_down), right=RGB)
    )


LAYOUTS: dict[str, tuple[int, tuple[int, int, int, int]]] = {
    "555": (16, (0x7C00, 0x03E0, 0x001F, 0)),
    "565": (16, (0xF800, 0x07E0, 0x001F, 0)),
    "444": (16, (0x0F00, 0x00F0, 0x000F, 0)),
    "4444": (16, (0x0F00, 0x00F0, 0x000F, 0xF000)),
    "888": (32, (0xFF0000, 0xFF00, 0xFF, 0)),
    "8888": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "888 reversed": (32, (0xFF, 0xFF00, 0xFF0000, 0)),
    "8888 reversed": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "888 high": (32, (0xFF000000, 0xFF0000, 0xFF00, 0)),
    "101010": (32, (0x3FF00000, 0x000FFC00, 0x000003FF, 0)),
}


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("size", [40, 52, 56, 108, 124])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_bmp_with_masks(layout: str, size: int, top_down: bool) -> None:
    bits, masks = LAYOUTS[layout]
    values = np.full((HEIGHT, WIDTH), masks[3], np.uint32)
    right = RGB.copy()
    for channel, mask in enumerate(masks[:3]):
        shift, width = (mask & -mask).bit_length() - 1, mask.bit_count()
        plane = RGB[:, :, channel].astype(np.uint32)
        kept = plane >> (8 - width) if width < 8 else plane << (width - 8)
        values |= kept << np.uint32(shift)
        if width < 8:
            right[:, :, channel] = np.rint(kept * (255 / ((1 << width) - 1)))
    stated = masks[:3] if size in (40, 52) else masks
    data = bmp(
        bmp_rows(values, bits, top_down=top_down), bits, size=size, compression=3, masks=stated, top_down=top_down
    )
    # Pillow spreads 5 and 6 bits in its own way, by 4 of 255 at most; nothing is changed there.
    picture = decode_picture(data).pixels
    shown = picture.values.reshape(HEIGHT, WIDTH, -1)[:, :, :3].astype(int)
    assert np.abs(shown - right).max() <= (8 if layout in ("555", "565") else 1)


def run_lengths(indices: Values, bits: int) -> bytes:
    """RLE8 or RLE4 of a BMP: only runs, from the bottom to the top (Microsoft, "Bitmap Compression")."""
    rows = bytearray()
    for row in indices[::-1]:
        step = 1 if bits == 8 else 2
        for at in range(0, len(row), step):
            pair = [int(value) for value in row[at : at + step]]
            rows += bytes([len(pair), pair[0] if bits == 8 else pair[0] << 4 | (pair[1] if len(pair) > 1 else 0)])
        rows += b"\0\0"
    return bytes(rows) + b"\0\1"


@pytest.mark.parametrize("bits", [4, 8])
def test_bmp_of_run_lengths(bits: int) -> None:
    indices, table, mapped = palette(1 << bits)
    entries = np.hstack([table[:, ::-1], np.zeros((len(table), 1), np.uint8)]).tobytes()
    data = bmp(run_lengths(indices, bits), bits, compression=1 if bits == 8 else 2, palette=entries)
    assert_shown(Variant(data=data, right=mapped))
