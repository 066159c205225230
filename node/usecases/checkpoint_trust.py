"""Who may vouch for a log, and whether two checkpoints can both be true.

Rules this module upholds:

- A key counts as the roster says: its purpose, its log's epoch, its status, and the sizes it may vouch for. A former
  key of the hub counts for the times and sizes that the roster leaves it.
- A checkpoint's note counts only after every required signature is verified.
- Two signed histories that exclude each other are a fork. The error carries both notes as evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.domain.ids import Origin
from node.domain.log_ports import LogReader, LogState
from node.domain.roster import FormerHubKey, Roster
from node.errors import BadSignature, Fork, Malformed
from node.tlog import note as notes
from node.tlog import tiles
from node.tlog.checkpoint import Checkpoint, parse_text, verify_checkpoint
from node.tlog.cosignature import verify_cosignature
from node.tlog.follower import Relation, detect_fork


class LogTiles:
    """A stored log's tiles, as `tlog.tiles` reads them."""

    def __init__(self, reader: LogReader, number: int) -> None:
        self._reader = reader
        self._number = number

    def read_tile(self, level: int, index: int, /) -> bytes:
        """The hashes present in this tile."""
        return self._reader.tile(self._number, level, index)


def log_keys(roster: Roster, origin: Origin, size: int) -> tuple[notes.VerifierKey, ...]:
    """The keys that may vouch for `origin` at `size` leaves; empty if there are none. A revoked key never may."""
    return tuple(
        notes.parse_vkey(key.vkey)
        for key in roster.log_keys(origin)
        if key.from_size <= size and (key.until_size is None or size <= key.until_size)
    )


def verify_note(roster: Roster, origin: Origin, data: bytes, *, cosigned: bool) -> tuple[Checkpoint, int]:
    """Reads a log's checkpoint; returns it with the hub's time on it (0 if `cosigned` is not required).

    Steps: 1. the note's text is a checkpoint; 2. of this log; 3. signed by a key that the roster lets vouch for this
    log at this size; 4. cosigned by the hub, if required. Raises `Malformed`, `BadSignature`.
    """
    note = notes.parse(data)
    claimed = parse_text(note.text)
    if claimed.origin != str(origin):
        raise Malformed("the checkpoint is of another log")
    keys = log_keys(roster, origin, claimed.size)
    if not keys:
        raise BadSignature(f"no key of the roster may vouch for {origin} at {claimed.size} entries")
    checkpoint = verify_checkpoint(note, keys)
    time = verify_hub(roster, origin, checkpoint.size, note).time if cosigned else 0
    return checkpoint, time


@dataclass(frozen=True, slots=True, kw_only=True)
class HubWord:
    """A valid cosignature of the hub: its time (Unix seconds), the key, and `former` if the key is no longer in use."""

    time: int
    key: notes.VerifierKey
    former: FormerHubKey | None = None


def verify_hub(roster: Roster, origin: Origin, size: int, note: notes.Note) -> HubWord:
    """The hub's newest cosignature on a checkpoint of `origin` at `size` entries.

    The signing key is the hub's present one, or a former one that the roster lets vouch for this size at this time.
    Raises `BadSignature` if no line counts, or if a line of one of these keys does not verify.
    """
    words, late = [], False
    present = {(each.name, each.key_id) for each in note.signatures}
    for vkey, former in ((roster.hub.cosigner_vkey, None), *((key.vkey, key) for key in roster.hub.former)):
        key = notes.parse_vkey(vkey)
        if (key.name, key.key_id) not in present:
            continue
        time = verify_cosignature(note, key)
        if former is None or former.vouches(str(origin), size, time):
            words.append(HubWord(time=time, key=key, former=former))
        else:
            late = True
    if not words and late:
        raise BadSignature(
            "cosigned with a former key of the hub, at a time or a size that this key may not vouch for",
            remedy="ask the federation's authority until when the hub's former key counts",
        )
    if not words:
        raise BadSignature("neither the hub's key nor a former hub key in the roster has cosigned this")
    return max(words, key=lambda word: word.time)


def compare(reader: LogReader, state: LogState, checkpoint: Checkpoint, note: bytes) -> None:
    """Compares a verified checkpoint with the stored entries. Raises `Fork` if both cannot be true.

    A checkpoint beyond the stored size is compared with those verified before: its entries come in their own packages.
    """
    if checkpoint.size > state.size:
        for known in (state.anchor, state.checkpoint):
            if known and detect_fork(known, note) is Relation.FORK:
                raise fork(state.origin, known, note)
        return
    if tiles.root(LogTiles(reader, state.number), checkpoint.size) != checkpoint.root:
        raise fork(state.origin, state.checkpoint or state.cosigned, note)


def fork(origin: Origin, known: bytes, other: bytes) -> Fork:
    """The error for a fork: `known` and `other` are signed notes, stored as its evidence."""
    return Fork(
        f"{origin} has signed two histories that cannot both be true",
        evidence=(known, other),
        remedy="the log is frozen here and the evidence kept; tell its member and the federation's authority",
    )
