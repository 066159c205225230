"""Decodes many bodies to fingerprint columns, without one object per fingerprint: the bulk path of synchronisation.

Rules this module upholds:

- For every body the result is exactly that of `convert_statements.decode_body`, only faster. Bodies that cannot be
  proven equal go through the slow path, one by one.
- A bad body affects only itself: it counts as not understood, and nothing is raised.

The fast path: bodies of one length are laid out as a matrix. In the layout that every protobuf writer emits (fields in
the order of their numbers), the first body shows where its fingerprint values lie. Two bodies that are equal everywhere
outside those places parse alike, because the places contain only the contents of `bytes` fields of unchanged length. So
one body of each such family is parsed and judged, and the values of the others are sliced out. The packed column of
qualities is such a place too; its few different contents are unpacked and judged one by one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from node.domain.batch import DecodedBodies, FingerprintColumn, FingerprintColumns, column
from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import KIND_BY_CODE
from node.domain.fingerprints import UNSTATED_QUALITY
from node.domain.notices import NoticeDecision
from node.domain.statements import READER, Body, NotUnderstood, Sealed
from node.errors import Malformed, Misuse
from node.wire.convert_records import (
    check_contribution_words,
    check_fingerprint_columns,
    fingerprint_columns,
)
from node.wire.convert_statements import decode_body, open_body

_CARRIERS: Final = (Kind.CONTRIBUTION, Kind.CORRECTION)
_DECISIONS: Final = (Kind.NOTICE_DECISION, Kind.REVISION)
"""Kinds whose body may be a decision that publishes a notice, with its fingerprints."""
_FAMILY_WORTH_IT: Final = 8
"""With fewer bodies of one length, the matrix costs more than it saves."""
_SPANS_WORTH_IT: Final = 16
"""With more fingerprints per body (videos), bodies differ too much for the matrix to pay."""
_MAX_FAMILIES: Final = 8
"""How many families of one length are tried, so that a peer cannot make the fast path the slower one."""
_UNDECIDED: Final = -1
_BODY_HEAD: Final = bytes((0x08, READER))
_TAG_1: Final = 0x0A
_TAG_2: Final = 0x12
_TAG_3: Final = 0x1A
"""Protobuf tags of fields 1 to 3 with length-delimited contents."""

Matrix = npt.NDArray[np.uint8]
_Judged = tuple[list[int], list[bytes], list[int]]


@dataclass(frozen=True, slots=True)
class _Layout:
    """The layout of a body: [start, stop) of each fingerprint value, in order, and of the packed qualities."""

    spans: tuple[tuple[int, int], ...]
    qualities: tuple[int, int]

    def fixed(self) -> list[int]:
        """The positions before the qualities that belong to no value."""
        inside = {at for start, stop in self.spans for at in range(start, stop)}
        return [at for at in range(self.qualities[0]) if at not in inside]


def _length(data: bytes, at: int) -> tuple[int, int]:
    """(length, position after it) of a protobuf length of one or two bytes; a longer one ends past every body."""
    first = data[at]
    if not first & 0x80:
        return first, at + 1
    second = data[at + 1]
    return (first & 0x7F) | (second & 0x7F) << 7 if not second & 0x80 else len(data), at + 2


def _find_layout(body: bytes) -> _Layout | None:
    """The layout of a plain contribution as writers emit it, or None: then the slow path decides."""
    spans = []
    try:
        at = len(_BODY_HEAD)
        for tag in (_TAG_2, _TAG_1):  # plain, contribution: each reaches to the very end
            opened, at = body[at], at + 1
            length, at = _length(body, at)
            if opened != tag or at + length != len(body):
                return None
        opened, (length, at) = body[at], _length(body, at + 1)
        end = at + length
        kinds, (length, at) = body[at], _length(body, at + 1)
        at += length
        if opened != _TAG_1 or kinds != _TAG_1 or not body.startswith(_BODY_HEAD):
            return None
        while at < end and body[at] == _TAG_2:
            length, start = _length(body, at + 1)
            at = start + length
            spans.append((start, at))
        opened, (length, at) = body[at], _length(body, at + 1)
    except IndexError:
        return None
    if opened != _TAG_3 or at + length > end or end > len(body) or not 0 < len(spans) <= _SPANS_WORTH_IT:
        return None
    return _Layout(tuple(spans), (at, at + length))


def _unpack_qualities(packed: bytes) -> list[int]:
    """A packed column of sint32 of one or two bytes each; empty for anything else, which the slow path reads."""
    values = []
    at = 0
    while at < len(packed):
        raw, high = packed[at], 0
        at += 1
        if raw & 0x80:
            if at == len(packed) or packed[at] & 0x80:
                return []
            raw, high = raw & 0x7F, packed[at]
            at += 1
        zigzag = raw | high << 7
        values.append(zigzag >> 1 ^ -(zigzag & 1))
    return values


def _judge(body: bytes) -> _Judged | None:
    """The checked columns of one body; None if it is not a plain contribution that this version reads."""
    try:
        message = open_body(body)
        if message.min_reader > READER or message.WhichOneof("payload") != "plain":
            return None
        if message.plain.WhichOneof("says") != "contribution":
            return None
        check_contribution_words(message.plain.contribution)
        return fingerprint_columns(message.plain.contribution.fingerprints)
    except Malformed:
        return None


class _Columns:
    """Collects columns by kind, from single bodies and whole matrices, and counts fingerprints of unknown kinds."""

    def __init__(self) -> None:
        self.unknown = 0
        self._chunks: dict[int, list[tuple[npt.NDArray[np.int64], Matrix, npt.NDArray[np.int16]]]] = defaultdict(list)
        self._singles: dict[int, list[tuple[int, bytes, int]]] = defaultdict(list)

    def add(self, row: int, judged: _Judged) -> None:
        """One body's fingerprints."""
        for code, value, quality in zip(*judged, strict=True):
            if code in KIND_BY_CODE:
                self._singles[code].append((row, value, max(quality, UNSTATED_QUALITY)))
            else:
                self.unknown += 1

    def add_matrix(
        self,
        rows: npt.NDArray[np.int64],
        matrix: Matrix,
        layout: _Layout,
        codes: Sequence[int],
        qualities: npt.NDArray[np.int16],
    ) -> None:
        """Bodies (n, length) of one layout and these kinds; `qualities` (n, fingerprints)."""
        for number, (code, (start, stop)) in enumerate(zip(codes, layout.spans, strict=True)):
            if code in KIND_BY_CODE:
                self._chunks[code].append((rows, matrix[:, start:stop], qualities[:, number]))
            else:
                self.unknown += len(rows)

    def finish(self) -> FingerprintColumns:
        """The columns by kind, each in the order of its rows."""
        for code, singles in self._singles.items():
            rows, values, qualities = zip(*singles, strict=True)
            made = column(code, rows, values, qualities, KIND_BY_CODE[code].size)
            self._chunks[code].append((made.rows, made.values, made.quality))
        columns = []
        for code, chunks in sorted(self._chunks.items()):
            row, value, quality = (np.concatenate(part) for part in zip(*chunks, strict=True))
            order = np.argsort(row, kind="stable")
            columns.append(FingerprintColumn(code=code, rows=row[order], values=value[order], quality=quality[order]))
        return FingerprintColumns(columns=columns, unknown=self.unknown)


class _FamilyJudge:
    """Returns for each body of a family its row of `qualities`, or `_UNDECIDED`: then the slow path decides.

    `codes`: the kinds of the family's fingerprints, the same for all that got a row.
    """

    def __init__(self, layout: _Layout) -> None:
        self.codes: list[int] = []
        self.qualities: list[list[int]] = []
        self._layout = layout
        self._split = layout.qualities[1] - layout.qualities[0]
        self._by_tail: dict[bytes, int] = {}
        self._by_packed: dict[bytes, int] = {}
        self._rests: dict[bytes, bool] = {}

    def __call__(self, body: bytes, tail: bytes) -> int:
        """`tail`: the body from its qualities on."""
        verdict = self._by_tail.get(tail)
        if verdict is None:
            packed, rest = tail[: self._split], tail[self._split :]
            sound = self._rests.get(rest)
            if sound is None:
                sound = self._rests[rest] = self._judge_whole(body)
            verdict = self._by_tail[tail] = self._row(packed, body) if sound else _UNDECIDED
        return verdict

    def _judge_whole(self, body: bytes) -> bool:
        """Parses and judges one body, and checks that its values lie where the layout says."""
        judged = _judge(body)
        if judged is None or judged[1] != [body[start:stop] for start, stop in self._layout.spans]:
            return False
        self.codes = self.codes or judged[0]
        return judged[0] == self.codes

    def _row(self, packed: bytes, body: bytes) -> int:
        """The row of these qualities, judged with the values of one body that has them."""
        row = self._by_packed.get(packed)
        if row is None:
            row = _UNDECIDED
            try:
                qualities = _unpack_qualities(packed)
                check_fingerprint_columns(
                    self.codes, [body[start:stop] for start, stop in self._layout.spans], qualities
                )
            except Malformed:
                qualities = []
            if qualities:
                row = len(self.qualities)
                self.qualities.append([max(quality, UNSTATED_QUALITY) for quality in qualities])
            self._by_packed[packed] = row
        return row


class _Decoder:
    """The work of one call. Positions count the bodies of the call; rows are the caller's numbers."""

    def __init__(self, rows: Sequence[int], kinds: bytes, bodies: Sequence[bytes]) -> None:
        self.rows = np.asarray(rows, dtype=np.int64)
        self.kinds = kinds
        self.bodies = bodies
        self.understood = np.zeros(len(bodies), dtype=np.uint8)
        self.others: dict[int, Body] = {}
        self.columns = _Columns()

    def one(self, position: int) -> None:
        """The slow path: one body."""
        body = self.bodies[position]
        judged = _judge(body)
        if judged is not None:
            self.understood[position] = 1
            self.columns.add(int(self.rows[position]), judged)
            return
        try:
            other = decode_body(self.kinds[position], body)
        except Malformed:
            return
        if isinstance(other, Sealed | NotUnderstood):
            self.others[int(self.rows[position])] = other

    def decision(self, position: int) -> None:
        """A published notice: its fingerprints are those of the request inside it."""
        try:
            said = decode_body(self.kinds[position], self.bodies[position])
            if not isinstance(said, NoticeDecision) or not said.body:
                return
            request = open_body(said.body)
            if request.min_reader > READER or request.plain.WhichOneof("says") != "notice":
                return
            self.columns.add(int(self.rows[position]), fingerprint_columns(request.plain.notice.fingerprints))
        except Malformed:
            return
        self.understood[position] = 1

    def length(self, positions: npt.NDArray[np.int64]) -> None:
        """Bodies of one length: family by family, each led by the first body that belongs to no family yet."""
        rounds = 0
        while len(positions) >= _FAMILY_WORTH_IT and rounds < _MAX_FAMILIES:
            positions = self.family(positions)
            rounds += 1
        for position in positions.tolist():
            self.one(position)

    def family(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The fast path (see the module docstring); returns the positions of bodies that do not belong."""
        bodies = [self.bodies[position] for position in positions.tolist()]
        size = len(bodies[0])
        layout = _find_layout(bodies[0])
        if layout is None:
            self.one(int(positions[0]))
            return positions[1:]
        matrix = np.frombuffer(b"".join(bodies), dtype=np.uint8).reshape(len(bodies), size)
        fixed = layout.fixed()
        alike = (matrix[:, fixed] == matrix[0, fixed]).all(axis=1)
        start = layout.qualities[0]
        tails = np.ascontiguousarray(matrix[:, start:]).view(f"V{size - start}").ravel().tolist()
        judge = _FamilyJudge(layout)
        verdicts = np.full(len(bodies), _UNDECIDED, dtype=np.int64)
        members = np.flatnonzero(alike)
        verdicts[members] = [judge(bodies[number], tails[number]) for number in members.tolist()]
        good = verdicts >= 0
        if good.any():
            chosen = positions[good]
            self.understood[chosen] = 1
            table = np.asarray(judge.qualities, dtype=np.int16)
            self.columns.add_matrix(self.rows[chosen], matrix[good], layout, judge.codes, table[verdicts[good]])
        for position in positions[alike & ~good].tolist():
            self.one(position)
        return positions[np.flatnonzero(~alike)]


def decode_bodies(rows: Sequence[int], kinds: bytes, bodies: Sequence[bytes]) -> DecodedBodies:
    """See `ports.Codec.decode_bodies`. `others` contains, by row, sealed bodies and those of a later version."""
    if not len(rows) == len(kinds) == len(bodies):
        raise Misuse("rows, kinds and bodies are columns of one length")
    decoder = _Decoder(rows, kinds, bodies)
    lengths = np.fromiter(map(len, bodies), dtype=np.int64, count=len(bodies))
    carried = np.isin(np.frombuffer(kinds, dtype=np.uint8), _CARRIERS)
    positions = np.flatnonzero(carried & (lengths > 0))
    positions = positions[np.argsort(lengths[positions], kind="stable")]
    if len(positions):
        for alike in np.split(positions, np.flatnonzero(np.diff(lengths[positions])) + 1):
            decoder.length(alike)
    for position in np.flatnonzero(np.isin(np.frombuffer(kinds, dtype=np.uint8), _DECISIONS) & (lengths > 0)).tolist():
        decoder.decision(position)
    return DecodedBodies(
        fingerprints=decoder.columns.finish(), understood=decoder.understood.tobytes(), others=decoder.others
    )
