"""Writes addresses in force for filters: a response policy zone (RPZ) for a resolver, a hosts file, or CSV.

Rules this module upholds:

- The same addresses and moment give the same bytes.
- Nothing covers more than was listed. What a form cannot say without covering more is left out and counted: a URL or a
  port has no place in the DNS, and a zone that blocks an IP address blocks every name behind it.
- What covers less than was listed is written and counted: a hosts file has no names below a domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from node.domain.address_listings import Granularity
from node.domain.addresses import Address, is_ip_host
from node.domain.calendar import SECONDS_A_DAY, spell_day
from node.interop.csv_cells import csv_line

if TYPE_CHECKING:
    from node.domain.address_standing import Standing
    from node.interop.left_out import LeftOut

    Row = tuple[Address, Standing]

URL: Final = "a URL: the DNS knows names, not pages"
PORT: Final = "a host with a port: the DNS knows no ports"
IP: Final = "an IP address: the DNS cannot block it without every name behind it"
LONG: Final = "a name that is too long for a zone"
NARROWED: Final = "written without the names below the domain: a hosts file has no wildcards"
MAX_ZONE_NAME: Final = 200
"""Characters of a name in a zone. With the name of the zone after it, it has at most 253."""
_SERIALS: Final = 1 << 32
_HEAD: Final = """\
; Addresses in force by the federation's list, {day} (UTC).
$TTL 300
@ IN SOA localhost. hostmaster.localhost. {serial} 3600 600 604800 300
@ IN NS localhost.
"""
"""A zone needs a SOA and a NS record; in a policy zone, nobody asks for them. The serial is the moment of the export in
Unix seconds, so a later export has a higher one."""
_COLUMNS: Final = ("granularity", "address", "sha256", "members", "in_force_until")


def write_rpz(rows: Sequence[Row], left_out: LeftOut, at: int) -> Iterator[bytes]:
    """A zone in the master file format (RFC 1035), with policy triggers by name: each name does not exist (NXDOMAIN),
    and neither does a name below a domain.
    """
    yield _HEAD.format(day=_day(at), serial=at % _SERIALS).encode()
    written: set[str] = set()
    for address, _ in rows:
        if not _has_name(address, left_out, MAX_ZONE_NAME):
            continue
        owners = [address.text]
        if address.granularity is Granularity.DOMAIN:
            owners.append(f"*.{address.text}")
        # A name can be listed as a host and as a domain; a zone has one CNAME for it.
        for owner in owners:
            if owner not in written:
                written.add(owner)
                yield f"{owner} CNAME .\n".encode()


def write_hosts(rows: Sequence[Row], left_out: LeftOut, at: int) -> Iterator[bytes]:
    """A hosts file that gives each name the address of no machine."""
    yield f"# Addresses in force by the federation's list, {_day(at)} (UTC).\n".encode()
    written: set[str] = set()
    for address, _ in rows:
        if not _has_name(address, left_out, None):
            continue
        if address.granularity is Granularity.DOMAIN:
            left_out.row(NARROWED)
        if address.text not in written:
            written.add(address.text)
            yield f"0.0.0.0 {address.text}\n:: {address.text}\n".encode()


def write_csv(rows: Sequence[Row], _left_out: LeftOut, _at: int) -> Iterator[bytes]:
    """Every address, with its hash and the members that list it."""
    yield csv_line(_COLUMNS, ",")
    for address, said in rows:
        cells = (
            address.granularity.name.lower(),
            address.text,
            address.hash.hex(),
            " ".join(said.members),
            spell_day(said.last_day),
        )
        yield csv_line(cells, ",")


WRITERS: Final[dict[str, Callable[[Sequence[Row], LeftOut, int], Iterator[bytes]]]] = {
    "csv": write_csv,
    "hosts": write_hosts,
    "rpz": write_rpz,
}
"""Writer by form."""


def _has_name(address: Address, left_out: LeftOut, most: int | None) -> bool:
    """Whether the address is a name that the DNS knows; counts it otherwise."""
    why = ""
    if address.granularity is Granularity.URL:
        why = URL
    elif is_ip_host(address.text):
        why = IP
    elif ":" in address.text:
        why = PORT
    elif most is not None and len(address.text) > most:
        why = LONG
    if why:
        left_out.row(why)
    return not why


def _day(at: int) -> str:
    return spell_day(at // SECONDS_A_DAY)
