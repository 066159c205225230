"""Unpacks the samples of a picture in a PDF document, up to the first damage.

Rules this module upholds:

- Deflated samples that are damaged or cut short are returned up to the damage. The rows after it are 0.
- Missing or wrong data is reported after the whole picture, because the picture is complete as a file then.

Source: ISO 32000-1, 7.4.4 (Flate filter and its predictors).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import pikepdf
from pikepdf import Dictionary, Name, Object

from node.errors import MediaError
from node.media.parts.bounds import Inflater, unpack
from node.media.shortage import lack_in

_FLATE: Final = "/FlateDecode"
_CHECKSUM_BYTES: Final = 4
_BEHIND: Final = 12
"""The most bytes after deflated data that may count as part of the stream: line ends, padding."""
_PREDICTION: Final = {"Predictor": 1, "Colors": 1, "BitsPerComponent": 8, "Columns": 1}
"""Parameters of the filter, with their defaults (table 8)."""
_PNG_PREDICTOR: Final = 10
"""From this predictor on, each row begins with an extra byte."""


class Samples:
    """The samples of one picture. `filters`: their names; `raw`: returns the stored bytes of the stream; `decoded`: the
    bytes after its filters; `shape`: bytes of a row, rows.
    """

    def __init__(
        self,
        stream: Object,
        filters: list[str],
        raw: Callable[[], Any],
        decoded: Callable[[], Any],
        shape: tuple[int, int],
    ) -> None:
        self._stream = stream
        self._filters = filters
        self._raw = raw
        self._decoded = decoded
        self._row, self._height = shape
        self._wrong = ""

    def rows(self, *, inverted: bool) -> Iterator[bytes]:
        """Returns every row. A row that cannot be unpacked is 0. `inverted`: light and dark are inverted."""
        data = memoryview(self._unpacked())
        turned = bytes(range(255, -1, -1))
        for at in range(0, self._row * self._height, self._row):
            values = bytes(data[at : at + self._row])
            yield (values.translate(turned) if inverted else values).ljust(self._row, b"\0")

    def judged(self, file: Iterator[bytes]) -> Iterator[bytes]:
        """Yields the same bytes. Raises `MediaError` after them if rows are missing, or if the data are damaged."""
        yield from file
        if self._wrong:
            raise MediaError(self._wrong)

    def _unpacked(self) -> bytes:
        data = self._by_qpdf()
        if len(data) < self._row * self._height and self._filters == [_FLATE]:
            data = self._up_to_the_damage()
        whole = len(data) // self._row
        if whole < self._height:
            self._wrong = f"its data is damaged or cut short: {whole} of {self._height} rows are there"
        elif self._filters == [_FLATE] and not self._is_checked(data):
            self._wrong = "its checksum is wrong: it was damaged or changed"
        return data

    def _by_qpdf(self) -> bytes:
        """Returns all samples, or b"" if they are deflated and qpdf refuses them."""
        try:
            return bytes(self._decoded())
        except Exception as error:
            if lack_in(error) or self._filters != [_FLATE]:
                raise
            return b""

    def _is_checked(self, data: bytes) -> bool:
        """Tells whether deflated data end with the right checksum (RFC 1950), which qpdf ignores."""
        packed = bytes(self._raw())
        if self._parameters() is None:
            return zlib.adler32(data).to_bytes(_CHECKSUM_BYTES) in packed[-_CHECKSUM_BYTES - _BEHIND :]
        try:
            for _ in _inflated(packed):
                pass
        except (MediaError, zlib.error):
            return False
        return True

    def _up_to_the_damage(self) -> bytes:
        data = bytearray()
        most = (self._row + 1) * self._height
        try:
            for piece in _inflated(bytes(self._raw())):
                data += piece
                if len(data) >= most:
                    break
        except (MediaError, zlib.error):
            pass  # what came before is what there is
        return self._without_prediction(bytes(data))

    def _without_prediction(self, data: bytes) -> bytes:
        """Undoes the prediction like qpdf, for a stream that is not damaged."""
        parameters = self._parameters()
        if parameters is None:
            return data
        numbers = {name: int(parameters.get(f"/{name}", default)) for name, default in _PREDICTION.items()}
        row = (numbers["Columns"] * numbers["Colors"] * numbers["BitsPerComponent"] + 7) // 8
        row += numbers["Predictor"] >= _PNG_PREDICTOR
        data = data[: len(data) // row * row]  # qpdf fills up a row that is cut
        with pikepdf.new() as document:
            again = pikepdf.Stream(document, zlib.compress(data, 0))
            again.Filter = Name.FlateDecode
            again.DecodeParms = Dictionary({f"/{name}": number for name, number in numbers.items()})
            return bytes(again.read_bytes())

    def _parameters(self) -> Dictionary | None:
        found = self._stream.get(Name.DecodeParms, self._stream.get(Name.DP))
        if isinstance(found, pikepdf.Array):
            found = found[0] if len(found) else None
        return found if isinstance(found, Dictionary) else None


def _inflated(packed: bytes) -> Iterator[bytes]:
    return unpack(iter((packed,)), lambda: Inflater(zlib.MAX_WBITS))
