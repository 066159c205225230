"""Ed25519 (RFC 8032): a strict check of a signature, and a check of a public key before it is trusted.

Rules this module upholds:

- A signature either verifies or not: `verify` returns True or False for any bytes, and never raises.
- libsodium verifies, in half the time of OpenSSL (ADR 13). The key holder signs (`node.pki.keys`).
- No arithmetic on secrets here. The curve is computed only to check public keys, which are not secret.
- An enrolled key is the canonical encoding of a point of prime order. With a point of small order, signatures can be
  made that verify for messages that nobody signed; with a mixed one, verifiers disagree with each other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from node.errors import Malformed

KEY_SIZE: Final = 32
"""Bytes of an Ed25519 public key."""
SIGNATURE_SIZE: Final = 64
"""Bytes of an Ed25519 signature."""

JUDGED_KEYS: Final = 1_024
"""Keys whose check result is remembered: a federation of 200 members has some 600."""

# The curve (RFC 8032, section 5.1): its field, its constant, a square root of -1, the order of its large subgroup.
_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE: Final = pow(2, (_P - 1) // 4, _P)
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493

# The eight points of small order have these five y coordinates: of order 1, 2, 4, and twice two of order 8.
_Y_OF_ORDER_8: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER_Y: Final = frozenset({1, _P - 1, 0, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})

_Point = tuple[int, int, int, int]
"""Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, x*y = T/Z (RFC 8032, section 5.1.4)."""
_IDENTITY: Final[_Point] = (0, 1, 1, 0)


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of `public_key` (32 bytes) signed `message` with `signature` (64 bytes)."""
    if len(public_key) != KEY_SIZE or len(signature) != SIGNATURE_SIZE or is_weak(public_key):
        return False
    try:
        crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


@lru_cache(maxsize=JUDGED_KEYS)
def is_weak(public_key: bytes) -> bool:
    """Whether these 32 bytes encode a point of small order, or a coordinate not in canonical form. Cheap."""
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    return y >= _P or y in _SMALL_ORDER_Y


def check_public_key(public_key: bytes) -> None:
    """Checks a key once, at enrolment: a canonical point of prime order. Takes milliseconds. Raises Malformed.

    The caller must check the proof that the private key is held.
    """
    # 1. Thirty-two bytes, canonical, not of small order.
    if len(public_key) != KEY_SIZE:
        raise Malformed(f"an Ed25519 public key is {KEY_SIZE} bytes long")
    if is_weak(public_key):
        raise Malformed("an Ed25519 public key of small order, or not in its canonical form")
    # 2. A point on the curve.
    point = _decode(public_key)
    if point is None:
        raise Malformed("an Ed25519 public key that is no point on the curve")
    # 3. In the large subgroup, without a component of the small one.
    x, y, z, _ = _multiply(_ORDER, point)
    if x != 0 or y != z:
        raise Malformed("an Ed25519 public key that is not of prime order")


def _decode(public_key: bytes) -> _Point | None:
    """The point of a canonical encoding (RFC 8032, section 5.1.3), None if there is none."""
    encoded = int.from_bytes(public_key, "little")
    y, odd = encoded & (2**255 - 1), encoded >> 255
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if x * x % _P != square:
        return None
    if x & 1 != odd:
        x = _P - x
    return x, y, 1, x * y % _P


def _add(left: _Point, right: _Point) -> _Point:
    """The sum of two points (RFC 8032, section 5.1.4; complete, so that it doubles as well)."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = left, right
    a = (y1 - x1) * (y2 - x2) % _P
    b = (y1 + x1) * (y2 + x2) % _P
    c = 2 * t1 * t2 * _D % _P
    d = 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(scalar: int, point: _Point) -> _Point:
    """The point added to itself `scalar` times."""
    result = _IDENTITY
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result
