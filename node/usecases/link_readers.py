"""Who may read a link: the members that may read each of its records.

Rules this module upholds:

- A link has no more readers, purposes or freedom to hand on than each of its records. A statement with more is refused
  before it is signed; the hub withholds what arrives all the same (`usecases.circle`).
- A record is judged by its newest version. A record that this node cannot read cannot be linked here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.errors import Malformed, Misuse, NotFound, Refused
from node.usecases.applying_runs import audience_within, find_target
from node.usecases.purging import chain_at, leaf_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import MemberId
    from node.domain.log_ports import LogReader, PendingEntry
    from node.domain.ports import Codec

_RECORDS: Final = (Kind.CONTRIBUTION, Kind.CORRECTION)
_NOT_READABLE: Final = "this node does not have the record {}, or may not read it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A record to link. `name`: of its newest version; `root`: of its first one; `handling`: of the newest one."""

    name: RecordId
    root: RecordId
    handling: Handling

    @property
    def owner(self) -> MemberId:
        """The member whose record it is."""
        return self.name.origin.member


def linked_record(reader: LogReader, record: RecordId, codec: Codec) -> Linked:
    """The record that a person names by any of its versions. Raises `NotFound` if it is not here, or may not be read;
    `Refused` if it has ended; `Misuse` if it is not a record.
    """
    pending = reader.find_pending(record.leaf)
    if pending is not None and pending.origin == record.origin:
        return _waiting(pending, record, codec)
    index = reader.find(record.origin, [record.leaf]).get(record.leaf)
    if index is None:
        raise NotFound(_NOT_READABLE.format(record), remedy="vigil records lists the records that are here")
    chain = chain_at(reader, record.origin, index, record.leaf)
    if chain.ended or chain.head is None:
        raise Refused(f"the record {record} was retracted", remedy="leave it out")
    about = find_target(reader, *chain.head, codec)
    if about is not None and about.envelope.kind not in _RECORDS:
        raise _not_a_record(record)
    if about is None or about.state != BodyState.HELD or about.handling is None:
        raise NotFound(_NOT_READABLE.format(record), remedy="vigil records lists the records that are here")
    return Linked(name=RecordId(chain.head[0], leaf_at(reader, *chain.head)), root=chain.root, handling=about.handling)


def _waiting(pending: PendingEntry, record: RecordId, codec: Codec) -> Linked:
    """A record of our own that waits for its place. Its first version is not looked up: it is linked by this name."""
    if pending.entry[1] not in _RECORDS:
        raise _not_a_record(record)
    try:
        handling = codec.decode_handling(pending.disclosure.handling)
    except Malformed as error:
        raise NotFound(_NOT_READABLE.format(record), remedy="run vigil node fsck") from error
    return Linked(name=record, root=record, handling=handling)


def _not_a_record(record: RecordId) -> Misuse:
    return Misuse(
        f"{record} is not a record, and a link is between records",
        remedy="name contributions; vigil opine and vigil comment are about any statement",
    )


def widest(records: Sequence[Linked]) -> Handling:
    """The handling with as many readers and purposes as all these records allow; the strictest code. It may have no
    reader at all.
    """
    audience: set[MemberId] | None = None
    purposes = records[0].handling.purposes
    for each in records:
        if each.handling.audience is not None:
            those = {*each.handling.audience, each.owner}
            audience = those if audience is None else audience & those
        purposes = tuple(purpose for purpose in purposes if purpose in each.handling.purposes)
    return Handling(
        audience=None if audience is None else tuple(sorted(audience)),
        purposes=purposes,
        code=max(each.handling.code for each in records),
    )


def narrowed(handling: Handling, limit: Handling) -> Handling:
    """`handling` without the readers, the purposes and the freedom that `limit` does not have."""
    audience = handling.audience
    if limit.audience is not None:
        audience = tuple(each for each in limit.audience if audience is None or each in audience)
    return replace(
        handling,
        audience=audience,
        purposes=tuple(each for each in handling.purposes if each in limit.purposes),
        code=max(handling.code, limit.code),
    )


def check_shared(handling: Handling, own: MemberId) -> None:
    """Raises `Refused` if a default handling has no reader besides this member, or no purpose."""
    if handling.audience is not None and not {*handling.audience} - {own}:
        raise Refused(
            "no other member may read all of these records",
            remedy="link fewer of them, widen our own with vigil correct --audience, or keep the link to this member: "
            f"--audience {own}",
        )
    if not handling.purposes:
        raise Refused("these records have no purpose in common", remedy="link records with a common purpose")


def check_within(handling: Handling, records: Sequence[Linked]) -> None:
    """Raises `Refused` if a link with this handling says more, or to more members, than one of its records allows."""
    for each in records:
        if not audience_within(handling, each.handling, each.owner):
            raise Refused(
                f"a link cannot have more readers than its records, and some may not read {each.name}",
                remedy="leave out --audience: the link is then for the members that may read every record",
            )
        if not set(handling.purposes) <= set(each.handling.purposes):
            raise Refused(
                f"a link cannot have more purposes than its records, and {each.name} has fewer",
                remedy="leave out --purpose",
            )
        if handling.code < each.handling.code:
            raise Refused(
                f"a link cannot be handed on more freely than its records, and {each.name} has code "
                f"{each.handling.code}",
                remedy="leave out --handling-code",
            )
