"""A node's own log: acknowledged statements get their place here, and its key signs here.

Rules this module upholds:

- Order of a checkpoint: store leaves, tiles and the size to sign in one transaction; sign; store the signature; only
  then publish. Signing the same size again gives the same bytes.
- After each start, nothing gets a place and nothing is signed until this log was compared with the hub. If the hub is
  ahead, its entries are adopted first, and the acknowledged statements get their places after them.
- For a member that has left the federation, only its retractions get a place: nothing else of it is sent.
- Two histories under our own key freeze the log here, and the evidence is stored. The cause is a stolen key, or a
  second copy of this node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from itertools import accumulate
from typing import Final

from node.domain.batch import RUN_BYTES, BodyState, Package, VerifiedBatch
from node.domain.envelope import VERSION, Kind, decode
from node.domain.ids import Origin
from node.domain.log_ports import LogReader, LogState, PendingEntry
from node.domain.ports import Codec, Signer
from node.domain.roster import MemberStatus, Roster
from node.domain.services import Head
from node.domain.stores import LogStore
from node.errors import BadProof, Conflict, Fork, Malformed, Refused, Unavailable
from node.tlog import note as notes
from node.tlog import tiles
from node.tlog.checkpoint import Checkpoint, sign_checkpoint
from node.usecases.applying_runs import freeze
from node.usecases.checkpoint_trust import LogTiles, compare, verify_note
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.filling import next_run, weight
from node.usecases.log_catalogue import LogCatalogue
from node.usecases.pieces import WORK_AT_ONCE, pieces
from node.usecases.replica import Position, Rules, Verified, position, verify_package
from node.usecases.waiting import ALL

PLACE_AT_ONCE: Final = 2_000
"""Most statements that get their place in one transaction; of those that point at others `WORK_AT_ONCE`."""

NOT_COMPARED: Final = "cannot {} yet: this node has not compared its log with the hub since it started"
WAIT: Final = "wait until the node reaches the hub (vigil node status shows the connection)"


class Standing(Enum):
    """How the hub's copy of our log compares with ours."""

    EQUAL = "equal"
    HUB_BEHIND = "hub behind"
    HUB_AHEAD = "hub ahead"


class OwnLog:
    """Safe to use from any thread, blocking: never on the event loop. `vkey`: C2SP verifier key text of `signer`."""

    def __init__(
        self,
        *,
        store: LogStore,
        codec: Codec,
        catalogue: LogCatalogue,
        origin: Origin,
        vkey: str,
        signer: Signer,
        roster: Callable[[], Roster],
    ) -> None:
        self.origin = origin
        self._store = store
        self._codec = codec
        self._catalogue = catalogue
        self._vkey = notes.parse_vkey(vkey)
        self._signer = signer
        self._roster = roster
        self._compared = False

    @property
    def compared(self) -> bool:
        """Whether this start was compared with the hub, so that places and signatures are given."""
        return self._compared

    def state(self) -> LogState:
        """The stored log; created empty if it is new."""
        with self._store.read() as reader:
            found = reader.log(self.origin)
        if found is None:
            with self._store.write() as writer:
                found = writer.open_log(self.origin)
        return found

    # --- compared with the hub ------------------------------------------------------------------------------------

    def reconcile(self, head: Head) -> Standing:
        """The comparison that every start makes before its first signature, and again after every conflict.

        Raises `Fork` after freezing the log, and `Refused` from then on; `BadSignature` and `Malformed` for an invalid
        head; `Conflict` if the hub claims more than it can show, `BadProof` if it shows less than it did.
        """
        state = self.state()
        _check_open(state)
        if head.origin != self.origin:
            raise Malformed("the hub sent the head of another log")
        shown = 0
        if head.cosigned:
            checkpoint, _ = verify_note(self._roster(), self.origin, head.cosigned, cosigned=True)
            self._hold_against(state, checkpoint, head.cosigned)
            shown = checkpoint.size
        if max(shown, head.size) < state.anchor_size:
            # We adopted part of the hub's entries, under a checkpoint of ours that we have not reached. Signing another
            # tree below that size would be a fork of our own making.
            self._compared = False
            raise BadProof(
                "the hub shows less of our own log than it did before",
                remedy="ask the hub's operator; this node signs nothing until the hub shows all entries again",
            )
        if max(shown, head.size) <= state.size:
            self._keep_cosigned(state, head, shown)
            # The hub is known to be no further than we are: from here on, places and signatures may continue.
            self._compared = True
            return Standing.EQUAL if head.size == state.size else Standing.HUB_BEHIND
        self._compared = False
        if shown < head.size and shown <= state.size:
            raise Conflict(
                "the hub claims entries of this log without a signature",
                have=head.size,
                remedy="ask the hub's operator; if it holds more of this log than we do, a new epoch is needed",
            )
        return Standing.HUB_AHEAD

    def adopt(self, package: Package) -> Verified:
        """Adopts our own entries that the hub has and this store lacks (it was restored from a backup).

        Raises what `verify_package` raises; on a fork the log is frozen. A waiting statement that is among these
        entries stops waiting.
        """
        rules = Rules(roster=self._roster(), copy=Copy(reader=self.origin.member), cosigned=True)
        state = self.state()
        try:
            with self._store.read() as reader:
                at = position(reader, reader.log(self.origin) or state)
                verified = verify_package(at, package, rules, Handlings(self._codec.decode_handling))
                cut = pieces(reader, verified, self._codec)
        except Fork as fork:
            freeze(self._store, self.origin, fork)
            raise
        for piece in cut:
            with self._catalogue.change() as change:
                change.apply(piece.verified, piece.places, piece.mentions)
                for leaf in piece.verified.batch.leaves:
                    change.writer.forget_pending(leaf)
            # A crash right here leaves part of the run: the next comparison with the hub continues from there.
        return verified

    def _hold_against(self, state: LogState, checkpoint: Checkpoint, note: bytes) -> None:
        try:
            with self._store.read() as reader:
                compare(reader, state, checkpoint, note)
        except Fork as fork:
            self._compared = self._compared and state.origin != self.origin
            freeze(self._store, state.origin, fork)
            raise

    def _keep_cosigned(self, state: LogState, head: Head, size: int) -> None:
        if size > state.cosigned_size:
            with self._store.write() as writer:
                writer.set_cosigned(self.origin, head.cosigned, size)

    # --- logs of former epochs ------------------------------------------------------------------------------------

    def unconfirmed(self) -> list[Origin]:
        """Our logs of former epochs with entries whose cosignature is not stored here: the hub's answer was lost."""
        with self._store.read() as reader:
            return [
                log.origin
                for log in reader.logs()
                if _is_former(log.origin, self.origin) and log.cosigned_size < log.size and not log.frozen
            ]

    def confirm(self, head: Head) -> None:
        """Stores the hub's cosignature on a log of ours with a retired key, so that its records can be proven.

        Raises what `reconcile` raises for an invalid head; on a fork the log is frozen.
        """
        if not _is_former(head.origin, self.origin):
            raise Malformed("the hub sent the head of another log")
        with self._store.read() as reader:
            state = reader.log(head.origin)
        if state is None or not head.cosigned or not state.cosigned_size < head.cosigned_size <= state.size:
            return
        checkpoint, _ = verify_note(self._roster(), head.origin, head.cosigned, cosigned=True)
        self._hold_against(state, checkpoint, head.cosigned)
        if checkpoint.size <= state.size:
            with self._store.write() as writer:
                writer.set_cosigned(head.origin, head.cosigned, checkpoint.size)

    # --- places and signatures ------------------------------------------------------------------------------------

    def place_and_sign(self) -> LogState:
        """Gives waiting statements their place, as many as fit one transaction, and signs the log.

        Raises `Unavailable` before this start was compared with the hub, `Refused` if the log is frozen.
        """
        if not self._compared:
            raise Unavailable(NOT_COMPARED.format("sign"), remedy=WAIT)
        with self._catalogue.change() as change:
            state = change.writer.open_log(self.origin)
            _check_open(state)
            waiting = self._waiting(change.writer)
            if waiting:
                change.apply(_placed(position(change.writer, state), waiting))
                change.writer.placed([each.id for each in waiting])
        # A crash right here leaves leaves without a signature: the next start compares, and signs this very size.
        return self.sign()

    def _waiting(self, reader: LogReader) -> list[PendingEntry]:
        """The statements that may get their place now."""
        me = self._roster().members.get(self.origin.member)
        if me is None or me.status is not MemberStatus.LEFT:
            waiting = reader.pending(self.origin, PLACE_AT_ONCE)
        else:
            waiting = [each for each in reader.pending(self.origin, ALL) if each.entry[1] == Kind.RETRACTION]
        weights = accumulate(weight(each.entry) for each in waiting)
        over = next((at for at, work in enumerate(weights) if work > WORK_AT_ONCE), PLACE_AT_ONCE)
        return waiting[: min(PLACE_AT_ONCE, over)]

    def sign(self) -> LogState:
        """Signs the present log unless that is done; returns its state."""
        state = self.state()
        _check_open(state)
        if state.checkpoint_size == state.size:
            return state
        if not self._compared:
            raise Unavailable(NOT_COMPARED.format("sign"), remedy=WAIT)
        with self._store.read() as reader:
            # If the disk returned a wrong root, it would be signed permanently.
            position(reader, state)
        note = self._note(state.size, state.root)
        # A crash right here loses a signature that nobody has seen: the next start makes the same bytes again.
        with self._store.write() as writer:
            writer.set_checkpoint(self.origin, note, state.size)
        return replace(state, checkpoint=note, checkpoint_size=state.size)

    def _note(self, size: int, root: bytes) -> bytes:
        return sign_checkpoint(Checkpoint(origin=str(self.origin), size=size, root=root), self._vkey, self._signer)

    # --- handing in -----------------------------------------------------------------------------------------------

    def run_from(self, start: int) -> Package | None:
        """The next run to submit, from the hub's size on; None if the hub has everything that is signed.

        A run that ends before the newest checkpoint carries its own checkpoint: its size is part of a larger tree that
        we have signed. So the hub has cosigned everything it has.
        """
        if not self._compared:
            raise Unavailable(NOT_COMPARED.format("publish"), remedy=WAIT)
        with self._store.read() as reader:
            state = reader.log(self.origin)
            if state is None or start >= state.checkpoint_size:
                return None
            _check_open(state)
            run = next_run(reader, self.origin, start, state.checkpoint_size, RUN_BYTES)
            end = start + len(run.entries)
            if end == state.checkpoint_size:
                note = state.checkpoint
            else:
                note = self._note(end, tiles.root(LogTiles(reader, state.number), end))
        return Package(
            origin=self.origin,
            start=start,
            entries=run.entries,
            nonces=run.nonces,
            bodies=run.bodies,
            handling_nonces=run.handling_nonces,
            handlings=run.handlings,
            checkpoint=note,
        )


def _is_former(origin: Origin, own: Origin) -> bool:
    return origin.epoch < own.epoch and replace(origin, epoch=own.epoch) == own


def _check_open(state: LogState) -> None:
    if state.frozen:
        raise Refused(
            f"{state.origin} is frozen: {state.frozen}", remedy="the federation's authority opens a new epoch for it"
        )


def _placed(at: Position, waiting: Sequence[PendingEntry]) -> Verified:
    """Our own entries as a batch. They need no verification, because only this node wrote them."""
    state = at.state
    entries = [each.entry for each in waiting]
    leaves = [each.leaf for each in waiting]
    envelopes = [decode(entry) for entry in entries]
    grown = tiles.append(state.size, at.edge, leaves)
    batch = VerifiedBatch(
        origin=state.origin,
        start=state.size,
        entries=entries,
        leaves=leaves,
        kinds=bytes(entry[1] if entry[0] == VERSION else 0 for entry in entries),
        expiry_days=[0 if each is None else each.expiry_day for each in envelopes],
        nonces=[each.disclosure.nonce for each in waiting],
        bodies=[each.disclosure.body for each in waiting],
        handling_nonces=[each.disclosure.handling_nonce for each in waiting],
        handlings=[each.disclosure.handling for each in waiting],
        states=bytes([BodyState.HELD]) * len(entries),
        tiles=dict(grown.tiles),
        size=grown.size,
        root=grown.root,
        targets=[
            (place, each.kind, str(each.target.origin), each.target.leaf)
            for place, each in enumerate(envelopes)
            if each is not None and each.target is not None
        ],
    )
    after = Position(
        state=replace(state, size=grown.size, root=grown.root),
        edge=tiles.edge_after(at.edge, grown),
        tree=grown.tree,
    )
    return Verified(batch=batch, before=at, after=after)
