"""Host names in their canonical form: lower case, in the ASCII form that the DNS knows.

Rules this module upholds:

- The mapping is that of UTS #46 (non-transitional), so that all spellings of a name that a browser takes for one name
  become one name. A non-ASCII label is written as its A-label (RFC 5890).
- What IDNA 2008 does not allow but browsers open (emoji, old spellings) has a canonical form too, and is a doubt: a
  person confirms it before it is listed. What browsers do not open is refused.
- Underscores and hyphens at any place are kept: such names exist and can be opened.
- The canonical form is a fixed point: it is its own canonical form.
- A newer Unicode only adds names. It never changes the form of a name that an older one accepts.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

import idna

from node.domain import ip_hosts, scripts
from node.errors import Misuse

MAX_NAME: Final = 253
"""Characters of a name without its last dot (RFC 1035)."""
MAX_LABEL: Final = 63
_MAX_TYPED: Final = 1_000
"""Characters of a host as a person has it. A mapping may shorten it, never by that much."""
_ASCII_LABEL: Final = re.compile(r"[a-z0-9_-]+")
_A_LABEL: Final = "xn--"
_JOINERS: Final = frozenset("\u200c\u200d")
_AGAIN: Final = "type the host again as the browser shows it"


class Doubt(StrEnum):
    """Why a person must confirm a host name before it is listed."""

    MIXED_SCRIPTS = "mixed-scripts"
    LOOKS_LATIN = "looks-latin"
    NOT_IDNA2008 = "not-idna2008"


def canonical_host(text: str) -> tuple[str, tuple[Doubt, ...]]:
    """A name with at least two labels, or an IPv4 address; and its doubts. Raises `Misuse`."""
    if len(text) > _MAX_TYPED:
        raise _too_long()
    try:
        mapped = idna.uts46_remap(text, std3_rules=False)
    except idna.IDNAError:
        raise _no_character() from None
    name = mapped.removesuffix(".")
    if not name:
        raise Misuse("the address has no host", remedy="give a name such as www.example.org")
    if ip_hosts.ends_in_number(name):
        return ip_hosts.ipv4(name), ()
    labels = [_label(each) for each in name.split(".")]
    name = ".".join(label for label, _ in labels)
    if len(name) > MAX_NAME:
        raise _too_long()
    if len(labels) == 1:
        raise Misuse(
            "the host has no dot, so it is a name of a local network or a whole top-level domain",
            remedy="give the full name, such as www.example.org",
        )
    found = {doubt for _, doubts in labels for doubt in doubts}
    return name, tuple(doubt for doubt in Doubt if doubt in found)


def shown_host(host: str) -> str:
    """A canonical name with its A-labels in Unicode, for a person to compare. IP addresses are unchanged."""
    return ".".join(_decoded(each) if each.startswith(_A_LABEL) else each for each in host.split("."))


def _label(text: str) -> tuple[str, tuple[Doubt, ...]]:
    """One mapped label in its ASCII form, and its doubts."""
    doubts: tuple[Doubt, ...] = ()
    if text.isascii() and not text.startswith(_A_LABEL):
        if not text:
            raise Misuse("the host has two dots in a row, or begins with one", remedy="remove the extra dot")
        if _ASCII_LABEL.fullmatch(text) is None:
            raise _no_character()
        ascii_form = text
    else:
        unicode_form = _decoded(text) if text.isascii() else text
        _check_unicode(unicode_form)
        ascii_form = _A_LABEL + unicode_form.encode("punycode").decode("ascii")
        doubts = _doubts(unicode_form)
    if len(ascii_form) > MAX_LABEL:
        raise _too_long()
    return ascii_form, doubts


def _decoded(label: str) -> str:
    """The Unicode form of an A-label. Raises `Misuse` unless it is the only spelling of that form."""
    encoded = label.removeprefix(_A_LABEL)
    try:
        text = encoded.encode("ascii").decode("punycode")
        again = text.encode("punycode").decode("ascii")
        sound = not text.isascii() and again == encoded and idna.uts46_remap(text, std3_rules=False) == text
    except (ValueError, OverflowError):
        sound, text = False, ""
    if not sound or "." in text:
        raise _no_a_label()
    return text


def _check_unicode(label: str) -> None:
    """The rules of UTS #46 for a label that browsers open. Raises `Misuse`."""
    if label.startswith(_A_LABEL):
        raise _no_a_label()
    try:
        idna.check_nfc(label)
        idna.check_initial_combiner(label)
        idna.check_bidi(label)
        sound = all(idna.valid_contextj(label, place) for place, each in enumerate(label) if each in _JOINERS)
    except ValueError:
        sound = False
    if not sound:
        raise Misuse(
            "the host has characters in an order that no host name has (joiners, marks, or mixed directions)",
            remedy=_AGAIN,
        )
    if any(each.isascii() and _ASCII_LABEL.fullmatch(each) is None for each in label):
        raise _no_character()


def _doubts(label: str) -> tuple[Doubt, ...]:
    found = []
    if scripts.is_mixed(label):
        found.append(Doubt.MIXED_SCRIPTS)
    if scripts.looks_latin(label):
        found.append(Doubt.LOOKS_LATIN)
    try:
        idna.check_label(label)
    except idna.IDNAError:
        found.append(Doubt.NOT_IDNA2008)
    return tuple(found)


def _no_a_label() -> Misuse:
    return Misuse("the host has a label that begins with xn-- and encodes no name", remedy=_AGAIN)


def _no_character() -> Misuse:
    return Misuse("the host has a character that no host name has", remedy=_AGAIN)


def _too_long() -> Misuse:
    return Misuse(
        f"the host is too long: a name has at most {MAX_NAME} characters, and {MAX_LABEL} between two dots",
        remedy="check the address: the rest of it may lack its first /",
    )
