"""IP addresses as hosts of web addresses: how they are read and written, and which of them are public.

Rules this module upholds:

- IPv4 is read as browsers read it (WHATWG URL, "IPv4 parser"): one to four parts, each decimal, octal (leading 0) or
  hexadecimal (leading 0x). It is written as four decimal parts.
- IPv6 is written by RFC 5952, in brackets. An IPv6 address that contains an IPv4 address (::ffff:0:0/96) is that IPv4
  address.
- The networks that are not public are listed here, not taken from a library: its list changes with its version.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from node.errors import Misuse

_LAST_IS_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?", re.DOTALL)
_PART: Final = re.compile(r"0[xX](?P<hexadecimal>[0-9a-fA-F]*)|0(?P<octal>[0-7]+)|(?P<decimal>0|[1-9][0-9]*)")
_BASES: Final = {"hexadecimal": 16, "octal": 8, "decimal": 10}
_MAX_PARTS: Final = 4
_MAX_PART: Final = 255
_MAX_DIGITS: Final = 40
"""Digits of one part. Leading zeros are possible; a number beyond 32 bits is not."""
_BITS: Final = 32

_NOT_PUBLIC: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
"""The special-purpose networks of IANA, without those for documentation: training needs harmless addresses."""
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""The part of IPv6 that IANA allocates from (RFC 4291); with the network for documentation, 2001:db8::/32."""


def ends_in_number(host: str) -> bool:
    """Whether the last label of `host` is a number, so that the whole must be an IPv4 address."""
    return _LAST_IS_NUMBER.fullmatch(host) is not None


def ipv4(host: str) -> str:
    """The four decimal parts. Raises `Misuse`."""
    parts = host.removesuffix(".").split(".")
    numbers = [_number(part) for part in parts]
    *front, last = numbers
    fits = (
        len(parts) <= _MAX_PARTS and all(part <= _MAX_PART for part in front) and last < 1 << (_BITS - 8 * len(front))
    )
    if not fits:
        raise _no_ipv4()
    value = last + sum(part << (_BITS - 8 - 8 * place) for place, part in enumerate(front))
    return str(IPv4Address(value))


def _number(part: str) -> int:
    found = _PART.fullmatch(part)
    if found is None or len(part) > _MAX_DIGITS:
        raise _no_ipv4()
    base, digits = next((name, text) for name, text in found.groupdict().items() if text is not None)
    return int(digits or "0", _BASES[base])


def _no_ipv4() -> Misuse:
    return Misuse(
        "the host ends in a number and is not an IPv4 address", remedy="write it as four numbers, such as 198.51.100.7"
    )


def ipv6(text: str) -> str:
    """RFC 5952 in brackets, or four decimal parts if it contains an IPv4 address. Raises `Misuse`."""
    try:
        address = IPv6Address(text)
    except AddressValueError:
        address = None
    if address is None or address.scope_id is not None:
        raise Misuse(
            "the host in brackets is not an IPv6 address",
            remedy="write it as [2001:db8::1], without a zone (the part after %)",
        ) from None
    inside = address.ipv4_mapped
    return str(inside) if inside is not None else f"[{address.compressed}]"


def is_public(host: str) -> bool:
    """Whether a host as `ipv4` or `ipv6` writes it can be reached from the public internet."""
    if host.startswith("["):
        return IPv6Address(host[1:-1]) in _GLOBAL_UNICAST
    address = IPv4Address(host)
    return not any(address in network for network in _NOT_PUBLIC)
