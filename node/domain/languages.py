"""Language tags: BCP 47 (RFC 5646).

Rules this module upholds:

- A tag is accepted if it is well-formed by the grammar of RFC 5646, section 2.1. Case does not matter. No variant and
  no singleton occurs twice.
- The registry of subtags is not consulted: it changes, and a node has no network. One fact is known without it: no
  language of four to eight letters was ever registered, so "english" is refused although the grammar allows it.
"""

from __future__ import annotations

import re
from typing import Final

MAX_TAG: Final = 128
"""Most characters, as for every word of a statement. Tags in use have at most 35 (RFC 5646, section 4.4.1)."""

_LANGTAG: Final = re.compile(
    r"(?P<language>[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})"
    r"(?:-(?P<script>[a-z]{4}))?"
    r"(?:-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)"
    r"(?P<extensions>(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*)"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?"
)
_PRIVATE: Final = re.compile(r"x(?:-[a-z0-9]{1,8})+")
_LONGEST_LANGUAGE: Final = 3
_GRANDFATHERED: Final = frozenset(
    {
        # irregular
        "en-gb-oed",
        "i-ami",
        "i-bnn",
        "i-default",
        "i-enochian",
        "i-hak",
        "i-klingon",
        "i-lux",
        "i-mingo",
        "i-navajo",
        "i-pwn",
        "i-tao",
        "i-tay",
        "i-tsu",
        "sgn-be-fr",
        "sgn-be-nl",
        "sgn-ch-de",
        # regular
        "art-lojban",
        "cel-gaulish",
        "no-bok",
        "no-nyn",
        "zh-guoyu",
        "zh-hakka",
        "zh-min",
        "zh-min-nan",
        "zh-xiang",
    }
)
"""Tags from before RFC 4646, which the grammar lists individually."""


def is_language_tag(text: str) -> bool:
    """Whether `text` is a well-formed tag, such as fr, pt-BR, zh-Hans or x-local."""
    tag = text.lower()
    if not text.isascii() or len(tag) > MAX_TAG:
        return False
    if tag in _GRANDFATHERED or _PRIVATE.fullmatch(tag):
        return True
    found = _LANGTAG.fullmatch(tag)
    if found is None or len(found["language"].split("-")[0]) > _LONGEST_LANGUAGE:
        return False
    variants = found["variants"].split("-")[1:]
    singletons = re.findall(r"-([0-9a-z])(?=-)", found["extensions"])
    return len(set(variants)) == len(variants) and len(set(singletons)) == len(singletons)
