"""Ed25519: the outside vectors of signatures, and which public keys are fit to be enrolled."""

import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from node.errors import Malformed
from node.tlog import ed25519
from tests.unit.tlog.keys import private_key

VECTOR_COUNT = 151
P = 2**255 - 19


def test_every_outside_vector_is_judged_as_it_says(vectors: Path) -> None:
    groups = json.loads((vectors / "ed25519" / "ed25519_test.json").read_text())["testGroups"]
    wrong, count = [], 0
    for group in groups:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            count += 1
            verified = ed25519.verify(key, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            if verified != (case["result"] == "valid"):
                wrong.append(case["tcId"])
    assert (wrong, count) == ([], VECTOR_COUNT)


def test_keys_of_the_outside_vectors_may_be_enrolled(vectors: Path) -> None:
    groups = json.loads((vectors / "ed25519" / "ed25519_test.json").read_text())["testGroups"]
    for key in {group["publicKey"]["pk"] for group in groups}:
        ed25519.check_public_key(bytes.fromhex(key))


def encode(y: int, *, odd: bool = False) -> bytes:
    """The 32 bytes of a y coordinate and a sign."""
    return (y | odd << 255).to_bytes(32, "little")


def small_order_points() -> list[bytes]:
    """The encodings of the eight points of small order: multiples of one of order 8, which is [L]G plus torsion."""
    for y in range(2, 50):
        point = ed25519._decode(encode(y))
        if point is None:
            continue
        torsion = ed25519._multiply(ed25519._ORDER, point)
        if affine(ed25519._multiply(4, torsion)) != (0, 1):
            return [compress(ed25519._multiply(times, torsion)) for times in range(8)]
    raise AssertionError("no point of order 8 among the first coordinates")


def affine(point: tuple[int, int, int, int]) -> tuple[int, int]:
    """The coordinates x and y."""
    x, y, z, _ = point
    return x * pow(z, -1, P) % P, y * pow(z, -1, P) % P


def compress(point: tuple[int, int, int, int]) -> bytes:
    """A point's encoding."""
    x, y = affine(point)
    return encode(y, odd=bool(x & 1))


def test_all_eight_points_of_small_order_are_refused() -> None:
    points = small_order_points()
    assert len(set(points)) == 8
    for key in points:
        assert ed25519.is_weak(key)
        with pytest.raises(Malformed):
            ed25519.check_public_key(key)


@pytest.mark.parametrize("y", [P, P + 1, P + 2, 2**255 - 1, 0, 1, P - 1])
@pytest.mark.parametrize("odd", [False, True])
def test_coordinates_that_are_not_canonical_are_refused(y: int, odd: bool) -> None:
    key = encode(y, odd=odd)
    assert ed25519.is_weak(key)
    with pytest.raises(Malformed):
        ed25519.check_public_key(key)


def test_a_coordinate_off_the_curve_is_refused() -> None:
    with pytest.raises(Malformed, match="no point"):
        ed25519.check_public_key(encode(2))


def test_a_key_with_torsion_mixed_in_is_refused() -> None:
    honest = ed25519._decode(private_key("some member").public_key().public_bytes_raw())
    assert honest is not None
    for small in small_order_points()[1:]:
        torsion = ed25519._decode(small)
        assert torsion is not None
        mixed = compress(ed25519._add(honest, torsion))
        assert not ed25519.is_weak(mixed)
        with pytest.raises(Malformed, match="prime order"):
            ed25519.check_public_key(mixed)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        ed25519.check_public_key(b"\x09" * size)


def test_the_signature_that_a_weak_key_lets_pass_for_any_message_is_refused() -> None:
    """Under the identity as key, R = identity and S = 0 satisfies the equation whatever the message is."""
    identity = encode(1)
    assert not ed25519.verify(identity, b"anything", identity + bytes(32))


def test_generated_keys_are_accepted() -> None:
    for each in range(5):
        key: Ed25519PrivateKey = private_key(f"key {each}")
        ed25519.check_public_key(key.public_key().public_bytes_raw())


def test_wrong_lengths_verify_nothing_and_raise_nothing() -> None:
    key = private_key("a")
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"m")
    assert ed25519.verify(public, b"m", signature)
    for bad_key, bad_signature in ((public[:-1], signature), (public, signature[:-1]), (public, b""), (b"", signature)):
        assert not ed25519.verify(bad_key, b"m", bad_signature)


@given(message=st.binary(max_size=300), seed=st.binary(min_size=32, max_size=32), data=st.data())
def test_another_library_judges_the_same(message: bytes, seed: bytes, data: st.DataObject) -> None:
    """Whatever is turned over in a message or its signature: members that check with OpenSSL see what we see."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signed = key.public_key(), bytearray(key.sign(message) + message)
    if data.draw(st.booleans()):
        bit = data.draw(st.integers(0, 8 * len(signed) - 1))
        signed[bit // 8] ^= 1 << bit % 8
    signature, said = bytes(signed[:64]), bytes(signed[64:])
    try:
        public.verify(signature, said)
    except InvalidSignature:
        assert not ed25519.verify(public.public_bytes_raw(), said, signature)
    else:
        assert ed25519.verify(public.public_bytes_raw(), said, signature)
