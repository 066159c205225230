"""Applies a verified run to the store: it is appended, and what its entries say about other entries takes effect.

Rules this module upholds:

- One transaction holds a run, its checkpoint and its effects. After a crash either all of it is there or nothing.
- The entries of a run take effect one after another (`chains`), so it does not matter how a log was divided.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from node.domain.batch import BodyState, VerifiedBatch
from node.domain.envelope import TARGETING, Envelope, decode
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.log_ports import LogReader, LogState, LogWriter
from node.domain.ports import Codec
from node.domain.stores import LogStore
from node.errors import Fork, Malformed, Refused
from node.usecases.chains import Chains
from node.usecases.pointing_entries import Word
from node.usecases.purging import REMARKS, Purge
from node.usecases.replica import Verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What the index must do once the transaction is durable: add `batch` as source `number`, then drop `removed` (rows
    by source). `purged`: deleted bodies; the caller scrubs if there are any. `owes`: see `Purge`.
    """

    number: int
    batch: VerifiedBatch
    removed: Mapping[int, Sequence[int]]
    purged: int
    owes: bool = False


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The entry that another entry points at, as stored here. `handling` is None if it is not stored."""

    index: int
    state: int
    envelope: Envelope
    handling: Handling | None


def find_target(reader: LogReader, origin: Origin, index: int, codec: Codec) -> Target | None:
    """The entry at `index`; None if this version cannot read it."""
    run = reader.run(origin, index, index + 1, 0)
    try:
        envelope = decode(run.entries[0])
        handling = codec.decode_handling(run.handlings[0]) if run.states[0] == BodyState.HELD else None
    except Malformed:
        # It was set aside when it came: nothing can be said about it.
        return None
    if envelope is None:
        return None
    return Target(index=index, state=run.states[0], envelope=envelope, handling=handling)


# --- applying ---------------------------------------------------------------------------------------------------------


Name = tuple[str, bytes]
"""(Log, leaf hash) of an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the targets of a run are: (log, leaf) -> index. `searched`: up to which size each log was searched for
    them; later entries are searched when the run is stored.
    """

    found: Mapping[Name, int]
    searched: Mapping[Name, int]


NOWHERE: Final = Places(found={}, searched={})
"""Nothing was searched for yet."""


def find_targets(reader: LogReader, batch: VerifiedBatch, also: Collection[Name] = ()) -> Places:
    """Searches for the targets of a run, and for the entries `also`, in a snapshot, so no writer has to wait."""
    wanted = set(also) | {(name, leaf) for _, kind, name, leaf in batch.targets if kind in TARGETING}
    if may_be_awaited(reader, batch.origin):
        wanted |= {(str(batch.origin), leaf) for leaf in reader.roots(batch.origin, batch.leaves)}
    if not wanted:
        return NOWHERE
    sizes = {str(log.origin): log.size for log in reader.logs()}
    searched = {each: sizes.get(each[0], 0) for each in wanted}
    return Places(found=_places(reader, wanted, NOWHERE), searched=searched)


def apply(writer: LogWriter, verified: Verified, places: Places = NOWHERE) -> Applied:
    """Stores a verified run and its consequences in the caller's transaction. `places`: of the run, or of the run that
    this one is a piece of.

    Raises `Conflict` if the log has grown since the run was verified, `Refused` if it was frozen since. The caller
    updates the index after the transaction. A crash in between loses nothing: the index is rebuilt at start.
    """
    batch, after = verified.batch, verified.after.state
    before = writer.open_log(batch.origin)
    if before.frozen:
        raise Refused(f"{batch.origin} is frozen: {before.frozen}")
    writer.append(batch)
    if after.checkpoint != before.checkpoint:
        writer.set_checkpoint(batch.origin, after.checkpoint, after.checkpoint_size)
    if after.anchor != before.anchor:
        writer.set_anchor(batch.origin, after.anchor, after.anchor_size)
    if after.cosigned != before.cosigned:
        writer.set_cosigned(batch.origin, after.cosigned, after.cosigned_size)
    purge = settle(writer, batch, places)
    return Applied(number=before.number, batch=batch, removed=purge.removed, purged=purge.purged, owes=purge.owes)


def settle(writer: LogWriter, batch: VerifiedBatch, known: Places = NOWHERE) -> Purge:
    """The effects of a run that was just appended."""
    purge = Purge(writer)
    chains = Chains(purge)
    aside = {place for place, _ in batch.quarantine}
    targets = [each for each in batch.targets if each[1] in TARGETING]
    places = _places(writer, {(name, leaf) for _, _, name, leaf in targets}, known)
    words: dict[int, Word] = {}
    for position, kind, name, leaf in targets:
        words[position] = Word(
            origin=batch.origin,
            index=batch.start + position,
            kind=kind,
            leaf=batch.leaves[position],
            state=batch.states[position],
            target=RecordId(Origin.parse(name), leaf),
            at=places.get((name, leaf)),
        )
    awaited = _first_ones(writer, batch, _awaited(writer, batch, words), known)
    for position in sorted(words.keys() | awaited):
        if position in words:
            chains.take(words[position], aside=position in aside)
        if position in awaited:
            chains.meet((batch.origin, batch.start + position), batch.leaves[position])
    return purge


def _places(reader: LogReader, names: set[Name], known: Places) -> dict[Name, int]:
    """The first position of each target, as far as it is here: one search per log, from where the last one ended."""
    found = {each: known.found[each] for each in names & known.found.keys()}
    wanted: dict[tuple[str, int], list[bytes]] = {}
    for each in names - found.keys():
        wanted.setdefault((each[0], known.searched.get(each, 0)), []).append(each[1])
    for (name, start), leaves in wanted.items():
        new = reader.find(Origin.parse(name), leaves, start)
        found |= {(name, leaf): index for leaf, index in new.items()}
    return found


def _awaited(reader: LogReader, batch: VerifiedBatch, words: Mapping[int, Word]) -> set[int]:
    """The positions of entries that other entries pointed at before they came."""
    found: set[int] = set()
    if may_be_awaited(reader, batch.origin):
        leaves = {leaf: position for position, leaf in reversed(list(enumerate(batch.leaves)))}
        found = {leaves[leaf] for leaf in reader.roots(batch.origin, list(leaves))}
    # A member that knows its own next entries can point at one of them; only for a remark has that an effect.
    for word in words.values():
        if word.kind in REMARKS and word.target.origin == batch.origin and word.at is not None:
            found |= {word.at - batch.start} if word.at >= word.index else set()
    return found


def _first_ones(writer: LogWriter, batch: VerifiedBatch, positions: set[int], known: Places) -> set[int]:
    """The positions whose entry is not in the log already. A pointer to an entry that occurs twice means the first one,
    which was handled when it came.
    """
    origin = str(batch.origin)
    first = _places(writer, {(origin, batch.leaves[position]) for position in positions}, known)
    return {each for each in positions if first.get((origin, batch.leaves[each])) == batch.start + each}


def may_be_awaited(reader: LogReader, origin: Origin) -> bool:
    """Whether an entry here may point at entries of this log that are still to come."""
    return reader.awaits(origin) or any(_is_later(log, origin) for log in reader.logs())


def _is_later(log: LogState, origin: Origin) -> bool:
    own = (log.origin.federation, log.origin.member, log.origin.stream)
    return own == (origin.federation, origin.member, origin.stream) and log.origin.epoch > origin.epoch


# --- audiences --------------------------------------------------------------------------------------------------------


def audience_within(inner: Handling, outer: Handling, owner: MemberId) -> bool:
    """Whether every reader of `inner` may also read `outer`, the record of `owner`."""
    if outer.audience is None or not inner.understood:
        return True
    return inner.audience is not None and set(inner.audience) <= {*outer.audience, owner}


# --- a fork -----------------------------------------------------------------------------------------------------------


def freeze(store: LogStore, origin: Origin, fork: Fork) -> None:
    """Stops one log for good and stores the evidence. A crash before the end leaves the log open and unchanged: the
    next package shows the same fork again.
    """
    with store.write() as writer:
        if not writer.open_log(origin).frozen:
            writer.freeze(origin, str(fork), fork.evidence)
