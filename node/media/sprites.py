"""Puts covered previews together into one picture.

Rules this module upholds:

- It reads mean colours only, which are no file and need no decoder. So it runs outside of the workers.
- A tile is enlarged smoothly from its few colours. It shows nothing that its colours do not.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from PIL import Image

from node.domain.previews import MEANS


def compose(tiles: Mapping[int, Sequence[bytes]], columns: int, tile: int) -> bytes:
    """See `domain.previews.Compose`. The stills of one tile stand side by side."""
    rows = max(tiles, default=-1) // columns + 1
    sheet = Image.new("RGBA", (columns * tile, max(rows, 1) * tile))
    for place, stills in tiles.items():
        left, top = place % columns * tile, place // columns * tile
        for number, still in enumerate(stills):
            start, end = number * tile // len(stills), (number + 1) * tile // len(stills)
            colours = Image.frombytes("RGB", (MEANS, MEANS), still)
            sheet.paste(colours.resize((end - start, tile), Image.Resampling.BICUBIC), (left + start, top))
    to = io.BytesIO()
    sheet.save(to, "PNG")
    return to.getvalue()
