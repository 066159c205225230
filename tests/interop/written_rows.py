"""Rows of a list as any list may have them, for tests of what is written and read again."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from node.domain.references import At, Reference
from node.domain.statements import Tri

TLP = ("tlp:clear", "tlp:white", "tlp:green", "tlp:amber", "tlp:amber+strict", "tlp:red")
_NO_SURROGATES = st.characters(exclude_categories=["Cs"])
texts = st.text(_NO_SURROGATES, max_size=60)
_tags = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=","), min_size=1, max_size=60)
tags = (
    st.lists(_tags.map(str.strip).filter(bool), max_size=4, unique=True)
    .map(lambda names: [name for name in names if not name.lower().startswith(("tlp:", "pap:", "vigil:"))])
    .map(", ".join)
)
handlings = st.sampled_from(("", *TLP, "tlp:red pap:amber", "pap:green"))
tris = st.sampled_from(Tri)


def hash_of(size: int) -> st.SearchStrategy[bytes]:
    """A hash of so many bytes, or none. Never one of zeros alone."""
    return st.one_of(st.just(b""), st.integers(0, 2**32).map(lambda seed: random.Random(seed).randbytes(size)))


@st.composite
def references(draw: st.DrawFn) -> Reference:
    """A row with any subset of hashes, also with none."""
    return Reference(
        At(),
        id=draw(st.one_of(st.just(""), texts)),
        md5=draw(hash_of(16)),
        sha1=draw(hash_of(20)),
        sha256=draw(hash_of(32)),
        pdq=draw(hash_of(32)),
        photodna=draw(hash_of(144)),
        code=draw(st.one_of(st.none(), texts.filter(bool))),
        victim_identified=draw(tris),
        offender_identified=draw(tris),
        distributed=draw(tris),
        baseline=draw(tris),
        series=draw(texts),
        tags=draw(tags),
        media_type=draw(texts),
        size=draw(st.one_of(st.just(-1), st.integers(0, 2**63 - 1))),
        handling=draw(handlings),
    )
