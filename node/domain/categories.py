"""What the codes of known category schemes mean, as far as a public source states it.

Rules this module upholds:

- A code is meaningful only with its scheme and version. A scheme whose meaning is not public has no label here.
- A label and a mapping stand beside the code and never replace it. Each names its source.
- Nothing is guessed: a code without a stated mapping has none (`NO_MAPPING`).
- A list that is not of child abuse has no labels (`ListHead.is_abuse`): the caller passes that in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from node.domain.statements import Tri

NO_MAPPING: Final = "no mapping"
_ANY: Final = ""


class Scheme(NamedTuple):
    """A scheme with its version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a code means: `text` in the words of the field, `source`: the public source that states it."""

    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What a code says in Vigil's own terms. `baseline`: whether the material meets the international baseline."""

    baseline: Tri
    source: str


_US_VICS: Final = "Autopsy, IPED"
_NCMEC: Final = "NCMEC hash sharing, public tests and usage"
_ICCAM: Final = "INHOPE"
_LABELS: Final[dict[Scheme, tuple[str, dict[str, str]]]] = {
    Scheme("us-vics", "2.0"): (
        _US_VICS,
        {
            "0": "uncategorized",
            "1": "illegal",
            "2": "not illegal, or age difficult to tell",
            "3": "CGI or animation",
            "4": "comparison",
            "5": "non-pertinent",
        },
    ),
    Scheme("ncmec", _ANY): (
        _NCMEC,
        {
            "A1": "prepubescent, sexual act",
            "A2": "prepubescent, exhibition",
            "B1": "pubescent, sexual act",
            "B2": "pubescent, exhibition",
        },
    ),
    Scheme("iccam", _ANY): (
        _ICCAM,
        {
            "baseline": "baseline",
            "nationally illegal": "nationally illegal",
            "not illegal": "not illegal",
        },
    ),
}
"""Scheme -> its source and the label of each code. The codes of UK CAID, Canada, Australia, India and the Universal
Classification Schema are not public: they have no label. Version `_ANY`: the scheme has no numbered versions."""
_MAPPINGS: Final[dict[tuple[Scheme, str], Mapped]] = {
    (Scheme("iccam", _ANY), "baseline"): Mapped(baseline=Tri.YES, source=_ICCAM),
}


def labelled_schemes() -> dict[Scheme, dict[str, str]]:
    """The schemes whose codes a public source explains, with the label of each code."""
    return {scheme: dict(labels) for scheme, (_, labels) in _LABELS.items()}


def label(scheme: str, version: str, code: str, *, is_abuse: bool = True) -> Label | None:
    """The label of a code; None if no public source states one, or the list is not of child abuse."""
    if not is_abuse:
        return None
    for of in (Scheme(scheme, version), Scheme(scheme, _ANY)):
        if of in _LABELS:
            source, labels = _LABELS[of]
            return Label(text=labels[code], source=source) if code in labels else None
    return None


def mapped(scheme: str, version: str, code: str, *, is_abuse: bool = True) -> Mapped | None:
    """What a code says in Vigil's terms; None (no mapping) unless a public source states it."""
    if not is_abuse:
        return None
    return _MAPPINGS.get((Scheme(scheme, version), code)) or _MAPPINGS.get((Scheme(scheme, _ANY), code))
