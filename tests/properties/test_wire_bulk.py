"""The bulk path says of every body what the slow path says, whatever the bytes."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from node.domain.batch import DecodedBodies
from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import KIND_BY_CODE
from node.domain.statements import Contribution, NotUnderstood, Sealed
from node.errors import Malformed
from node.wire.convert import ProtoCodec
from tests.properties.wire_strategies import contributions, statements

codec = ProtoCodec()


def _slowly(rows: list[int], kinds: bytes, bodies: list[bytes]) -> tuple[dict[int, list[tuple[int, bytes, int]]], int]:
    """What the slow path makes of it: kind -> (row, value, quality) in order, and how many of unknown kinds."""
    columns: dict[int, list[tuple[int, bytes, int]]] = {}
    unknown = 0
    for row, kind, body in zip(rows, kinds, bodies, strict=True):
        try:
            statement = codec.decode_body(kind, body) if body else None
        except Malformed:
            continue
        if isinstance(statement, Contribution):
            for print_ in statement.fingerprints:
                if print_.code in KIND_BY_CODE:
                    quality = -1 if print_.quality is None else print_.quality
                    columns.setdefault(print_.code, []).append((row, print_.value, quality))
                else:
                    unknown += 1
    return columns, unknown


def _flat(decoded: DecodedBodies) -> dict[int, list[tuple[int, bytes, int]]]:
    return {
        c.code: [(int(r), v.tobytes(), int(q)) for r, v, q in zip(c.rows, c.values, c.quality, strict=True)]
        for c in decoded.fingerprints.columns
    }


def _same_as_slowly(kinds: bytes, bodies: list[bytes]) -> None:
    rows = [3 + 2 * number for number in range(len(bodies))]
    decoded = codec.decode_bodies(rows, kinds, bodies)
    columns, unknown = _slowly(rows, kinds, bodies)
    assert _flat(decoded) == columns
    assert decoded.fingerprints.unknown == unknown
    for number, (row, kind, body) in enumerate(zip(rows, kinds, bodies, strict=True)):
        carried = kind in (Kind.CONTRIBUTION, Kind.CORRECTION) and body != b""
        try:
            said = codec.decode_body(kind, body) if carried else None
        except Malformed:
            said = None
        assert decoded.understood[number] == isinstance(said, Contribution)
        assert decoded.others.get(row) == (said if isinstance(said, Sealed | NotUnderstood) else None)


@st.composite
def _family(draw: st.DrawFn) -> list[bytes]:
    """Bodies that are nearly alike: one, with other bytes set at places of which some are structure."""
    body = codec.encode_body(draw(contributions()))
    places = st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=3)
    bodies = []
    for changes in draw(st.lists(places, min_size=8, max_size=24)):
        changed = bytearray(body)
        for at, value in changes:
            changed[at] = value
        bodies.append(bytes(changed))
    return bodies


@given(st.lists(_family(), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_bodies_that_are_nearly_alike_decode_as_they_do_one_by_one(families: list[list[bytes]], random: Random) -> None:
    """Also where a byte that differs is a tag, a length, a kind, a quality or a word."""
    bodies = [body for family in families for body in family]
    random.shuffle(bodies)
    _same_as_slowly(bytes(random.choice((1, 1, 1, 2)) for _ in bodies), bodies)


@given(st.lists(st.one_of(st.binary(max_size=40), statements().map(codec.encode_body)), max_size=20), st.data())
def test_any_bytes_under_any_kind_decode_as_they_do_one_by_one(bodies: list[bytes], data: st.DataObject) -> None:
    """Nothing raises: what is malformed, of another kind or empty is not understood."""
    kinds = bytes(data.draw(st.lists(st.integers(0, 12), min_size=len(bodies), max_size=len(bodies))))
    _same_as_slowly(kinds, bodies)
