"""Web addresses: their canonical form at three granularities, and its hash. `docs/ADDRESSES.md` states the rule.

Rules this module upholds:

- Two spellings that every browser opens as one address have one canonical form, and so one hash.
- The scheme is not part of the form: http and https, and their ports 80 and 443, are one address.
- The form is a fixed point: parsed again, it gives itself at the same granularity.
- Nothing is guessed: a text that a person could read as two addresses is refused, with the reason and what to do.
- No message contains any part of an address.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Protocol

from node.domain import defanged, ip_hosts
from node.domain.address_listings import AddressKey, Granularity
from node.domain.host_names import Doubt, canonical_host
from node.domain.url_paths import canonical_path, canonical_query
from node.errors import Misuse, Refused

MAX_ADDRESS: Final = 4_096
"""Characters of an address as a person has it, and of its canonical form."""
_SCHEME: Final = re.compile(r"https?:[/\\]*", re.IGNORECASE)
_OTHER_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_AUTHORITY: Final = re.compile(r"[^/\\?#]*")
_REST: Final = re.compile(r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?", re.DOTALL)
_HOST_AND_PORT: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::0*(?P<port>[0-9]*))?", re.DOTALL)
_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_DEFAULT_PORTS: Final = frozenset({80, 443})
_MAX_PORT: Final = 65_535
_PORT_DIGITS: Final = 5
_JOINERS: Final = frozenset("\u200c\u200d")
"""Not printable, and written inside words of some languages."""
_LOCAL: Final = frozenset(
    {"arpa", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost", "test"}
)
"""Top-level domains that name nothing on the public internet (RFC 6761, 6762, 8375; ICANN). `example` is allowed, for
training.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The canonical form of an address at one granularity."""

    granularity: Granularity
    text: str

    @property
    def hash(self) -> bytes:
        """SHA-256 of the canonical form in ASCII, 32 bytes. Not salted: whoever can guess the address can test it."""
        return hashlib.sha256(self.text.encode("ascii")).digest()

    @property
    def key(self) -> AddressKey:
        """The name under which members list it."""
        return AddressKey(self.granularity, self.hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAddress:
    """An address as it was read. `port` 0: the default one. `page`: path and query. `given`: the granularity that its
    spelling shows. `doubts`: why a person must confirm it.
    """

    host: str
    port: int
    page: str
    given: Granularity
    doubts: tuple[Doubt, ...] = ()

    @property
    def is_ip(self) -> bool:
        """Whether the host is an IP address."""
        return is_ip_host(self.host)

    def at(self, granularity: Granularity) -> Address:
        """The canonical form: what is finer than `granularity` is left out. Raises `Misuse` for the domain of an IP
        address, and for a form that is too long.
        """
        if granularity is Granularity.DOMAIN:
            if self.is_ip:
                raise Misuse("an IP address has no domain", remedy="use the granularity host")
            return Address(granularity=granularity, text=self.host)
        text = f"{self.host}:{self.port}" if self.port else self.host
        if granularity is Granularity.URL:
            text += self.page
        if len(text) > MAX_ADDRESS:
            raise _too_long()
        return Address(granularity=granularity, text=text)

    def covering(self) -> list[Address]:
        """Every canonical form that covers this address, the finest first."""
        forms = [self.at(Granularity.URL), self.at(Granularity.HOST)]
        if self.port:
            forms.append(Address(granularity=Granularity.HOST, text=self.host))
        if not self.is_ip:
            labels = self.host.split(".")
            names = (".".join(labels[place:]) for place in range(len(labels) - 1))
            forms += [Address(granularity=Granularity.DOMAIN, text=name) for name in names]
        return forms


def read_address(text: str) -> WebAddress:
    """An address as people have it: a URL, a host or a domain, also defanged. Raises `Misuse`."""
    plain = text.strip()
    if not plain:
        raise Misuse("the address is empty", remedy="give a URL, a host or a domain")
    if len(plain) > MAX_ADDRESS:
        raise _too_long()
    if not all(each.isprintable() or each in _JOINERS for each in plain):
        raise Misuse(
            "the address has a character that cannot be shown (a control, direction or formatting character)",
            remedy="type the address again; a copied text may contain such characters",
        )
    plain = defanged.restored(plain)
    scheme = _SCHEME.match(plain)
    if scheme is None and _OTHER_SCHEME.match(plain):
        raise Misuse("the address is not of the web", remedy="only addresses of http and https can be listed")
    rest = plain[scheme.end() :] if scheme else plain.removeprefix("//")
    authority = _found(_AUTHORITY, rest)[0]
    tail = _found(_REST, rest[len(authority) :])
    host, port, doubts = _host_and_port(authority)
    query = "" if tail["query"] is None else "?" + canonical_query(tail["query"])
    return WebAddress(
        host=host,
        port=port,
        page=canonical_path(tail["path"]) + query,
        given=Granularity.URL if scheme or len(authority) < len(rest) else Granularity.HOST,
        doubts=doubts,
    )


def is_ip_host(text: str) -> bool:
    """Whether the host of a canonical form is an IP address."""
    host = _host_of(text)
    return host.startswith("[") or ip_hosts.ends_in_number(host)


def _host_of(text: str) -> str:
    """The host of a canonical form, without port and page."""
    host = text.partition("/")[0]
    return host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]


class PublicSuffixes(Protocol):
    """Below which names people register their own (the Public Suffix List). Names are canonical."""

    def is_registry(self, name: str) -> bool:
        """Whether `name` belongs to a registry of the DNS, such as `com` or `co.uk`."""
        ...

    def is_shared(self, name: str) -> bool:
        """The same, or whether a company lets its customers name hosts below it, such as `github.io`."""
        ...


def check_listable(address: Address, suffixes: PublicSuffixes) -> None:
    """Raises `Refused` if listing the address could never be right: it is not on the public internet, or it covers what
    belongs to many people.
    """
    host = _host_of(address.text)
    if is_ip_host(host):
        if not ip_hosts.is_public(host):
            raise Refused(
                "the IP address is not on the public internet", remedy="list the public address, if there is one"
            )
        return
    if host.rpartition(".")[2] in _LOCAL:
        raise Refused("the name is of a local network", remedy="list the public name, if there is one")
    is_domain = address.granularity is Granularity.DOMAIN
    if suffixes.is_registry(host) or (is_domain and suffixes.is_shared(host)):
        raise Refused(
            "other people register their names below this domain, and a listing would cover all of them",
            remedy="list the name below it, or one host or URL",
        )


def _host_and_port(authority: str) -> tuple[str, int, tuple[Doubt, ...]]:
    """The canonical host, the port (0: the default one), and the doubts."""
    if "@" in authority:
        raise Misuse(
            "the address has a user name before its host",
            remedy="remove everything up to the @: the host is what follows it",
        )
    if authority.count(":") > 1 and not authority.startswith("["):
        authority = f"[{authority}]"
    found = _HOST_AND_PORT.fullmatch(authority)
    port = (found["port"] or "") if found else ""
    if found is None or len(port) > _PORT_DIGITS or int(port or 0) > _MAX_PORT or authority.endswith(":0"):
        raise Misuse(
            "what follows the host is not a port", remedy=f"a port is a number from 1 to {_MAX_PORT:,}, as in host:8080"
        )
    number = int(port or 0)
    host, doubts = _host(found["host"])
    return host, 0 if number in _DEFAULT_PORTS else number, doubts


def _host(text: str) -> tuple[str, tuple[Doubt, ...]]:
    if text.startswith("["):
        return ip_hosts.ipv6(text[1:-1]), ()
    try:
        decoded = _ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace("%", "")).decode(), text)
    except UnicodeDecodeError:
        raise Misuse(
            "the host has escapes (%) that are not UTF-8", remedy="type the host as the browser shows it"
        ) from None
    return canonical_host(decoded)


def _found(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    """The match of a pattern that fits every text."""
    found = pattern.match(text)
    if found is None:
        raise Misuse("the address cannot be read", remedy="give a URL, a host or a domain")
    return found


def _too_long() -> Misuse:
    return Misuse(
        f"the address is longer than {MAX_ADDRESS:,} characters in its canonical form",
        remedy="list its host, or the URL without the end of its query",
    )
