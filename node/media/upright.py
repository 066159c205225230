"""Converts a decoded frame of a video to upright RGB pixels.

Rules this module upholds:

- One converter per video, with one thread. PyAV's own shortcut (`frame.to_ndarray(format=...)`) makes a converter per
  frame, and each converter starts a thread per processor.
- Nothing here keeps a frame alive. `frame.side_data` does: it makes a reference cycle, so the frame's memory and
  threads stay until Python's cyclic garbage collector runs. `SideDataContainer(frame)` reads it without a cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from node.media.pixels import Pixels

if TYPE_CHECKING:
    from av.buffer import Buffer
    from av.video.frame import VideoFrame as Frame

_RGB: Final = "rgb24"
_CHANNELS: Final = 3
_MATRIX: Final = 9


class Converter:
    """Converts the frames of one video. FFmpeg's scaler is set up again when the size or the format changes."""

    def __init__(self) -> None:
        from av.video.reformatter import VideoReformatter  # noqa: PLC0415  (a worker loads FFmpeg once: `video.prepare`)

        self._scaler = VideoReformatter()

    def upright(self, frame: Frame) -> Pixels:
        """Returns a frame as RGB, turned and mirrored by its display matrix. Raises PyAV's errors."""
        rgb = self._scaler.reformat(frame, format=_RGB, threads=1)
        values: npt.NDArray[np.uint8] = np.asarray(rgb.to_ndarray(), dtype=np.uint8)
        turned = np.ascontiguousarray(_turned(values, _display_matrix(frame)))
        turned.flags.writeable = False
        return Pixels(values=turned.reshape(turned.shape[0], -1), channels=_CHANNELS)


def _turned(values: npt.NDArray[np.uint8], matrix: list[int] | None) -> npt.NDArray[np.uint8]:
    if matrix is None:
        return values
    # What is shown at (x', y') is the pixel at (x, y) where x' = a x + c y and y' = b x + d y, up to a shift.
    a, b, _, c, d = matrix[:5]
    across, down = a, d
    if abs(b) > abs(a):
        values = values.transpose(1, 0, 2)
        across, down = c, b
    if across < 0:
        values = values[:, ::-1]
    return values[::-1] if down < 0 else values


def _display_matrix(frame: Frame) -> list[int] | None:
    """Returns the nine numbers of ISO/IEC 14496-12's display matrix (a b u, c d v, x y w), or None."""
    from av.sidedata.sidedata import SideDataContainer  # noqa: PLC0415  (as `Converter`)

    side_data: Mapping[str, Buffer] = SideDataContainer(frame)  # type: ignore[call-arg]  # its stub has no constructor
    found = side_data.get("DISPLAYMATRIX")
    if found is None:
        return None
    numbers = np.frombuffer(bytes(found), dtype=np.int32)
    return [int(number) for number in numbers] if len(numbers) == _MATRIX else None
