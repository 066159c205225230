"""The data model that a file of VICS names: its version, its region, and the scheme of its categories.

Rules this module upholds:

- A code without a known scheme and version means nothing. A file that names no model, or one that nobody here knows,
  is not taken in until a person states the scheme.
- Each region has a scheme of its own, and so has VICS 1.x, which names no region. A root of 2.0 without a region names
  no scheme, and is not known.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from node.domain.references import At
from node.interop.reading import Choices, Unwelcome
from node.interop.vics_fields import CODES

ROOTS: Final = frozenset({"odata.metadata", "@odata.context"})
"""Members that name the model: of 1.x and of 2.0."""
_ROOT: Final = re.compile(
    r"https?://github\.com/(?:ICMEC|VICSDATAMODEL)/ProjectVic/DataModels/"
    r"(?:(1\.[123])\.xml|(2\.0)\.xml/([A-Za-z][A-Za-z0-9-]{0,15})/\$metadata)#(Media|Cases)",
    re.IGNORECASE,
)
_SCHEMES: Final = {"": "vics", "us": "us-vics", "uk": "uk-caid", "default": "vics-default", "custom": "vics-custom"}
"""Region -> the name of its scheme."""
_PUBLIC: Final = frozenset({"vics", "us-vics"})
"""Schemes whose codes are known to be `CODES`."""
VERSION: Final = "2.0"
"""The version that is written."""
UNKNOWN_MODEL: Final = "data model not known"
NO_MODEL: Final = "no data model stated"
_REMEDY: Final = "if you know the scheme of its categories, state it with --scheme and --scheme-version"


class Model(NamedTuple):
    """`version` and `region` as written, `kind` "media" or "cases"; "" for what the file does not state."""

    version: str = ""
    region: str = ""
    kind: str = ""
    scheme: str = ""
    scheme_version: str = ""

    @property
    def scale(self) -> frozenset[str] | None:
        """The codes of the scheme; None if they are not public."""
        return CODES if self.scheme in _PUBLIC else None

    @property
    def is_known_region(self) -> bool:
        """Whether its scheme has a name of its own."""
        return self.region.lower() in _SCHEMES


def model_of(root: object, at: At, choices: Choices) -> Model:
    """The model that a root names. Raises `Unwelcome` for one that is not known, unless `choices` state the scheme."""
    found = _ROOT.fullmatch(root) if isinstance(root, str) else None
    if found is None:
        return _chosen(UNKNOWN_MODEL, at, choices)
    version, region, kind = found[1] or found[2], found[3] or "", found[4].lower()
    return Model(version, region, kind, scheme_of(region), version)


def scheme_of(region: str) -> str:
    """The name of the scheme that the categories of a region have."""
    return _SCHEMES.get(region.lower(), f"vics-{region.lower()}")


def root_of(region: str) -> str:
    """The root that names the model of a list of media of this region, of `VERSION`."""
    return f"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/{VERSION}.xml/{region}/$metadata#Media"


def no_model(at: At, choices: Choices) -> Model:
    """The model of a file that names none. Raises `Unwelcome`, unless `choices` state the scheme."""
    return _chosen(NO_MODEL, at, choices)


def _chosen(reason: str, at: At, choices: Choices) -> Model:
    if not choices.scheme:
        raise Unwelcome(reason, at, remedy=_REMEDY)
    return Model(scheme=choices.scheme, scheme_version=choices.scheme_version)
