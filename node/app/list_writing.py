"""The formats in which a node exports, and the writer of each.

Rules this module upholds:

- The same rows, member and moment give the same bytes.
- Identifiers that must stay the same for each export (of an event, a bundle, an organisation) come from the federation,
  the member and what is exported. They do not reveal its name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from node.errors import Misuse
from node.interop.csv_writing import write_csv
from node.interop.hashes_writing import write_hashes
from node.interop.icse_writing import write_icse
from node.interop.left_out import LeftOut
from node.interop.misp_audience import ALL, COMMUNITY, CONNECTED, ORGANISATION
from node.interop.misp_writing import MispEvent, Organisation, write_misp
from node.interop.ncmec import NAME as NCMEC
from node.interop.ncmec import VERSION as NCMEC_VERSION
from node.interop.ncmec_writing import Sender as NcmecSender
from node.interop.ncmec_writing import write_ncmec
from node.interop.stix_writing import StixBundle, write_stix
from node.interop.stopncii_writing import write_stopncii
from node.interop.vics_model import VERSION as VICS_VERSION
from node.interop.vics_model import scheme_of
from node.interop.vics_writing import PROFILES, write_vics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.usecases.exported_rows import Scheme
    from node.usecases.list_export import Export, Shape

TITLE: Final = "List exported by Vigil"
CHILD_ABUSE: Final = frozenset({"vics", "icse-csv", "ncmec"})
"""Formats whose readers take every row for child abuse material."""
DISTRIBUTIONS: Final = (ORGANISATION, COMMUNITY, CONNECTED, ALL)
"""Of a MISP event. A sharing group would need its organisations."""
_FIRST_DAY: Final = "2026-01-01T00:00:00.000Z"
"""The moment of creation of every exported STIX object: it must stay the same for each export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who exports what, and when. `member` and its `name` in the federation; `what`: bytes that stand for the
    selection; `at`: Unix seconds.
    """

    federation: str
    member: str
    name: str
    what: bytes
    at: int

    @property
    def organisation(self) -> Organisation:
        """The member, as MISP and STIX know it."""
        own = uuid5(NAMESPACE_URL, f"vigil:{self.federation}/{self.member}")
        return Organisation(name=self.name, uuid=str(own))

    @property
    def uuid(self) -> str:
        """Of what is exported: the same for each export of it."""
        return str(uuid5(UUID(self.organisation.uuid), hashlib.sha256(self.what).hexdigest()))


def scheme(form: str, profile: str) -> Scheme | None:
    """The scheme that the categories of a format have, None if it takes any."""
    if form == "vics":
        return scheme_of(profile), VICS_VERSION
    return (NCMEC, NCMEC_VERSION) if form == "ncmec" else None


def write_list(form: str, export: Export, shape: Shape, sender: Sender) -> tuple[Iterator[bytes], LeftOut]:
    """The bytes of the file, piece by piece, and what the format leaves out, complete when they have ended.

    Raises `Misuse` for an unknown format, a choice that a format does not have, and a list that the format refuses.
    """
    if form not in WRITERS:
        raise Misuse("there is no such format for an export", remedy=f"choose one of {', '.join(sorted(WRITERS))}")
    if shape.profile and form != "vics":
        raise Misuse("only VICS has profiles", remedy="leave --profile out")
    if shape.distribution is not None and (form != "misp" or shape.distribution not in DISTRIBUTIONS):
        raise Misuse("only MISP has a distribution, from 0 to 3", remedy="leave --distribution out")
    if form in CHILD_ABUSE and not export.head.is_abuse:
        raise Misuse(
            f"a list that is not of child abuse material is not written as {form}", remedy="choose another format"
        )
    left_out = LeftOut()
    return WRITERS[form](export, left_out, shape, sender), left_out


def _vics(export: Export, left_out: LeftOut, shape: Shape, _sender: Sender) -> Iterator[bytes]:
    return write_vics(export.rows(), left_out, export.head, profile=shape.profile or PROFILES[0])


def _icse(export: Export, left_out: LeftOut, _shape: Shape, _sender: Sender) -> Iterator[bytes]:
    return write_icse(export.rows(), left_out)


def _ncmec(export: Export, left_out: LeftOut, _shape: Shape, sender: Sender) -> Iterator[bytes]:
    time = dt.datetime.fromtimestamp(sender.at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    number = int(sender.organisation.uuid[:7], 16)  # readers want a number; the service itself gives out others
    return write_ncmec(export.changes, left_out, NcmecSender(number=number, name=sender.name, time=time))


def _stopncii(export: Export, left_out: LeftOut, _shape: Shape, sender: Sender) -> Iterator[bytes]:
    return write_stopncii(export.changes(), left_out, export.head, timestamp=sender.at)


def _misp(export: Export, left_out: LeftOut, shape: Shape, sender: Sender) -> Iterator[bytes]:
    event = MispEvent(
        uuid=sender.uuid,
        title=TITLE,
        day=_FIRST_DAY[:10],
        timestamp=sender.at,
        organisation=sender.organisation,
        distribution=shape.distribution or ORGANISATION,
        scheme=export.head.scheme,
        scheme_version=export.head.scheme_version,
    )
    return write_misp(export.changes(), left_out, event)


def _stix(export: Export, left_out: LeftOut, _shape: Shape, sender: Sender) -> Iterator[bytes]:
    modified = dt.datetime.fromtimestamp(sender.at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    bundle = StixBundle(
        uuid=sender.uuid,
        created=_FIRST_DAY,
        modified=modified,
        organisation=sender.organisation,
        scheme=export.head.scheme,
        scheme_version=export.head.scheme_version,
    )
    return write_stix(export.changes(), left_out, bundle)


def _csv(export: Export, left_out: LeftOut, _shape: Shape, _sender: Sender) -> Iterator[bytes]:
    head = export.head
    return write_csv(export.rows(), left_out, scheme=head.scheme, scheme_version=head.scheme_version)


def _hashes(export: Export, left_out: LeftOut, _shape: Shape, _sender: Sender) -> Iterator[bytes]:
    return write_hashes(export.rows(), left_out)


WRITERS: Final[dict[str, Callable[[Export, LeftOut, Shape, Sender], Iterator[bytes]]]] = {
    "vics": _vics,
    "icse-csv": _icse,
    "ncmec": _ncmec,
    "stopncii": _stopncii,
    "misp": _misp,
    "stix": _stix,
    "csv": _csv,
    "hashes": _hashes,
}
"""Writer by format."""
