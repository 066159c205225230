"""The hub's side of LogCarrier: it accepts what members sign, and sends each member what it may read.

Rules this module upholds:

- A member submits only to its own log, of its active epoch, and while the authority is not asked to end that epoch. The
  hub never signs for a member.
- A member that has left the federation may retract its records: it submits retractions, and discloses nothing else.
- Store, then answer: a cosignature is sent only after the transaction with the entries that it vouches for.
- The hub cosigns a size only when it has every entry up to it, and never two histories of one log.
- A package that would exceed a limit of the policy is refused before it is stored. A stored package is charged to its
  member in the same transaction.
- Handling is enforced here (`showing`): a body is sent only to members that its handling admits.
- Followers wait on an event, not on a clock: cosigned entries are sent at once.
- A log for which no package can be made is held back and named in `troubles`; every other log continues.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from node.domain.batch import RUN_BYTES, Package
from node.domain.envelope import Disclosure, Kind
from node.domain.ids import HASH_SIZE, MemberId, Origin
from node.domain.log_ports import LogReader, LogState
from node.domain.ports import Clock, Codec, Signer
from node.domain.queries import LogView
from node.domain.roster import KeyPurpose, KeyStatus, Member, MemberStatus, Roster
from node.domain.services import Head
from node.domain.stores import LogStore
from node.domain.usage import Resource, Usage
from node.errors import BadProof, Fork, Malformed, NotFound, Overloaded, Refused, Unavailable, VigilError
from node.hub.key_changes import check_open
from node.hub.rota import Rota, Turns
from node.hub.showing import Showing
from node.tlog import note as notes
from node.tlog import tiles
from node.tlog.cosignature import add_signature, cosign
from node.tlog.merkle import EMPTY_ROOT, MAX_TREE_SIZE, leaf_hashes
from node.usecases.applying_runs import freeze
from node.usecases.checkpoint_trust import compare, verify_note
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.filling import weight
from node.usecases.log_catalogue import LogCatalogue
from node.usecases.pieces import pieces
from node.usecases.quotas import (
    REFUSAL_SECONDS,
    TAKEN_BACK,
    Refusals,
    charges,
    cost_of_run,
    least_cost,
    only_retractions,
    passed,
    refusal,
)
from node.usecases.replica import Rules, position, verify_package

MAX_CURSORS: Final = 10_000
FREE_WORDS: Final = 10
REST_SHARE: Final = 2.0
MOST_REST: Final = 10.0
"""After a run with more than `FREE_WORDS` entries that point at others, its member waits for this many times the
duration of the run, at most `MOST_REST` seconds. So such entries of one member take a third of this process, and the
others have the rest.
"""
FREE_BODIES: Final = 50
"""So many bodies a member may ask for without a rest after them."""
MAX_REPAIR: Final = 1_000
"""Most bodies that one request may ask for."""
_log = structlog.get_logger(__name__)


class HubCarrier:
    """`services.CarrierService`. `cosigner_vkey`: C2SP verifier key text of the hub's mirror key `cosigner`; `halted`:
    why nothing is cosigned now, "" in normal operation.
    """

    def __init__(
        self,
        *,
        store: LogStore,
        catalogue: LogCatalogue,
        codec: Codec,
        roster: Callable[[], Roster],
        cosigner: Signer,
        cosigner_vkey: str,
        clock: Clock,
        halted: Callable[[], str] = str,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._showing = Showing(store, codec)
        self._catalogue = catalogue
        self._codec = codec
        self._roster = roster
        self._cosigner = cosigner
        self._cosigner_vkey = notes.parse_vkey(cosigner_vkey)
        self._clock = clock
        self._halted = halted
        self._pause = pause
        self._claimed: dict[Origin, int] = {}
        self._moved = asyncio.Event()
        self._seen: tuple[asyncio.Event, list[LogState]] | None = None
        self._looking = asyncio.Lock()
        self._turns: dict[MemberId, asyncio.Lock] = {}
        self._rests: dict[MemberId, float] = {}
        self._repairs: dict[MemberId, asyncio.Lock] = {}
        self._rotas: dict[MemberId, Turns] = {}
        self.refusals = Refusals()
        self.troubles: dict[Origin, str] = {}
        """For each log that cannot be sent: why."""

    # --- heads ----------------------------------------------------------------------------------------------------

    async def heads(self, member: MemberId, origins: Sequence[Origin]) -> list[Head]:
        """See `services.CarrierService`. An unknown log is left out; a member that has left sees only its own logs."""
        left = self._roster().require_owner(member).status is MemberStatus.LEFT
        logs = await asyncio.to_thread(self._logs)
        wanted = set(origins)
        return [
            _head(log)
            for log in logs
            if (not wanted or log.origin in wanted) and (not left or log.origin.member == member)
        ]

    def _logs(self) -> list[LogState]:
        with self._store.read() as reader:
            return [log for log in reader.logs() if log.origin.stream == "log"]

    # --- submit ---------------------------------------------------------------------------------------------------

    async def submit(self, member: MemberId, package: Package) -> Head:
        """See `services.Carrier`. The same run submitted again gets the same head again.

        Raises `Refused`, `Suspended`, `Conflict`, `Malformed`, `BadSignature`, `BadProof`, `Fork` (the log is frozen),
        `Unavailable` (its key is about to be replaced), `Overloaded` (the member is at a limit of the policy).
        """
        _check_speaker(self._roster().require_owner(member), self._roster(), package)
        self._check_halted()
        # Runs of one member are processed one after another: the second run of one log would only lose the
        # compare-and-swap, and two together could exceed a limit that neither exceeds alone.
        async with self._turns.setdefault(member, asyncio.Lock()):
            clock = asyncio.get_running_loop().time
            await asyncio.sleep(self._rests.pop(member, 0.0) - clock())
            began = clock()
            work = asyncio.create_task(asyncio.to_thread(self._submit, package))
            # If the caller hangs up, the thread still finishes: what it stores is sent to followers all the same.
            work.add_done_callback(self._stored)
            try:
                return await asyncio.shield(work)
            except Overloaded:
                await self._pause(REFUSAL_SECONDS)
                raise
            finally:
                # Also for a caller that hung up: its next run would be a second one at the same time.
                await asyncio.wait({work})
                if sum(map(weight, package.entries)) > FREE_WORDS:
                    self._rests[member] = clock() + min(REST_SHARE * (clock() - began), MOST_REST)

    def _stored(self, work: asyncio.Task[Head]) -> None:
        if not work.cancelled() and work.exception() is None:
            self.wake()

    def _submit(self, package: Package) -> Head:
        try:
            known = self._known(package)
            return known or self._take(package)
        except Fork as fork:
            freeze(self._store, package.origin, fork)
            raise

    def _known(self, package: Package) -> Head | None:
        """The head, if exactly this run is stored already. Raises `Fork` if its checkpoint contradicts the log."""
        roster = self._roster()
        if len(notes.parse(package.checkpoint).signatures) != 1:
            raise Malformed("a submitted checkpoint has only the signature of its own log")
        checkpoint, _ = verify_note(roster, package.origin, package.checkpoint, cosigned=False)
        with self._store.read() as reader:
            state = reader.log(package.origin)
            if state is None:
                return None
            compare(reader, state, checkpoint, package.checkpoint)
            if not 0 <= package.start < package.end <= state.size:
                return None
            if _leaves(reader, state, package.start, package.end) != b"".join(leaf_hashes(package.entries)):
                raise BadProof("entries that differ from those in the log at the same index")
        # The first answer may have failed at the scrub that its retractions require.
        self._catalogue.settle()
        return _head(state)

    def _take(self, package: Package) -> Head:
        rules = Rules(roster=self._roster(), copy=Copy(reader=None, strict=True), cosigned=False)
        with self._store.read() as reader:
            state = reader.log(package.origin) or LogState(number=0, origin=package.origin, size=0, root=EMPTY_ROOT)
            at = position(reader, state)
            usage = reader.usage(package.origin.member)
        self._require_room(package, least_cost(package), usage)
        # Verified outside the transaction: a slow check must not delay other members' writes.
        verified = verify_package(at, package, rules, Handlings(self._codec.decode_handling))
        self._require_room(package, cost_of_run(verified.batch), usage)
        after = verified.after.state
        cosigned = b"" if after.checkpoint_size != after.size else self._cosign(package.checkpoint)
        with self._store.read() as reader:
            cut = pieces(reader, verified, self._codec)
        stored = None
        for piece in cut:
            with self._catalogue.change() as change:
                check_open(change.writer, package.origin)
                # Checked again, after every other write: `cosigned_sizes` must report the last state.
                self._check_halted()
                change.apply(piece.verified, piece.places, piece.mentions)
                charged = charges(package.origin.member, cost_of_run(piece.verified.batch))
                change.writer.charge(charged, self._clock())
                if cosigned and piece is cut[-1]:
                    change.writer.set_cosigned(package.origin, cosigned, after.size)
                stored = change.writer.log(package.origin)
            # A crash right here leaves a log that ends in the middle of the run and is not cosigned: its owner is told
            # its size, and continues from there. After the last piece a crash only loses the answer: the same run
            # submitted again is found stored, and is cosigned.
        if stored is None:
            raise NotFound("a log that was just written is missing")
        return _head(stored)

    def publish(self, origin: Origin) -> None:
        """Cosigns the hub's own log up to its checkpoint. Blocking; `wake` then tells the followers. Raises
        `Unavailable` while nothing is cosigned.
        """
        self._check_halted()
        with self._store.write() as writer:
            log = writer.log(origin)
            if log is not None and log.cosigned_size < log.checkpoint_size:
                # The same order as for members: the followers see a size once its cosignature is durable.
                writer.set_cosigned(origin, self._cosign(log.checkpoint), log.checkpoint_size)

    def wake(self) -> None:
        """Tells the followers that a log has grown. On the event loop."""
        self._moved.set()
        self._moved = asyncio.Event()

    def _require_room(self, package: Package, cost: Mapping[Resource, int], usage: Usage) -> None:
        """Raises `Overloaded` if a package of this cost would exceed a limit of its member."""
        member, now = package.origin.member, self._clock()
        times = TAKEN_BACK if only_retractions(package.entries) else 1
        over = passed(self._roster().policy.limits, usage, charges(member, cost), now, times=times)
        if over is not None:
            self.refusals.note(member, over[0].limit, now)
            raise refusal(member, *over, now)

    def _check_halted(self) -> None:
        if reason := self._halted():
            raise Unavailable(reason, remedy="wait; the node submits acknowledged statements again by itself")

    def cosigned_sizes(self) -> dict[str, int]:
        """The cosigned size of each log, by the text of its origin. Blocking. It is read after every write under way:
        if `halted` already gives a reason, it is the last cosigned state.
        """
        with self._store.write() as writer:
            return {str(log.origin): log.cosigned_size for log in writer.logs() if log.origin.stream == "log"}

    def _cosign(self, note: bytes) -> bytes:
        line = cosign(notes.parse(note).text, self._cosigner_vkey, self._cosigner, int(self._clock()))
        return add_signature(note, line)

    # --- follow ---------------------------------------------------------------------------------------------------

    async def follow(self, member: MemberId, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
        """See `services.Carrier`. One package of the log that has waited longest (`rota`)."""
        if len(cursors) > MAX_CURSORS:
            raise Malformed(f"at most {MAX_CURSORS} cursors")
        await asyncio.to_thread(self._note_claims, cursors)
        rota = Rota(cursors, self._rotas.setdefault(member, Turns()))
        handlings = Handlings(self._codec.decode_handling)
        clock = asyncio.get_running_loop().time
        while True:
            self._roster().require_active(member)
            # Taken before the logs are read: anything cosigned after that sets it.
            moved = self._moved
            logs = await self._logs_since(moved)
            log = rota.choose(logs, clock())
            if log is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(rota.wakes_in(logs, clock())):
                        await moved.wait()
                continue
            try:
                package = await asyncio.to_thread(
                    self._showing.package, member, log, rota.at(log.origin), handlings, RUN_BYTES
                )
            except Exception as error:  # noqa: BLE001  (an error with one log must not end the others)
                self._trouble(log.origin, error)
                rota.hold_back(log.origin, clock())
                continue
            self.troubles.pop(log.origin, None)
            rota.served(log.origin, package.end)
            yield package

    def _trouble(self, origin: Origin, error: Exception) -> None:
        # For an unexpected error only the kind is reported: its text could quote data.
        why = f"{error.kind}: {error}" if isinstance(error, VigilError) else f"internal ({type(error).__name__})"
        if self.troubles.get(origin) != why:
            _log.error("a log cannot be sent to followers; the others continue", origin=str(origin), reason=why)
        self.troubles[origin] = why

    def _note_claims(self, cursors: Sequence[LogView]) -> None:
        """A follower names what it has: more than the hub has means that this hub has lost entries. Only logs that the
        roster knows are kept: a follower can name any number of others.
        """
        roster = self._roster()
        with self._store.read() as reader:
            here = {log.origin: log.cosigned_size for log in reader.logs()}
        for each in cursors:
            # A cursor past any end: a log that its follower does not want.
            more = each.size > max(here.get(each.origin, 0), self._claimed.get(each.origin, 0))
            if more and each.size < MAX_TREE_SIZE and roster.log_vkeys(each.origin):
                self._claimed[each.origin] = each.size

    def claimed(self) -> dict[Origin, int]:
        """For each log, the larger size that a follower reported when it began to follow. It proves nothing, but a hub
        restored from a backup sees from it what is still to be submitted again. Blocking.
        """
        with self._store.read() as reader:
            here = {log.origin: log.cosigned_size for log in reader.logs()}
        return {origin: size for origin, size in self._claimed.items() if size > here.get(origin, 0)}

    async def _logs_since(self, moved: asyncio.Event) -> list[LogState]:
        """The logs, read once for all followers that wait on the same event: anything cosigned after that sets it."""
        async with self._looking:
            if self._seen is None or self._seen[0] is not moved:
                self._seen = (moved, await asyncio.to_thread(self._logs))
            return self._seen[1]

    # --- repair ---------------------------------------------------------------------------------------------------

    async def bodies(self, member: MemberId, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        """See `services.Carrier`: as many as fit one answer."""
        self._roster().require_active(member)
        if len(indices) > MAX_REPAIR:
            raise Malformed(f"at most {MAX_REPAIR} bodies at a time")
        # One at a time of each member, and a rest after it: each body is a read of its own, and all of them share a few
        # threads with everything else.
        async with self._repairs.setdefault(member, asyncio.Lock()):
            clock = asyncio.get_running_loop().time
            began = clock()
            work = asyncio.create_task(asyncio.to_thread(self._showing.bodies, member, origin, indices, RUN_BYTES))
            try:
                return await asyncio.shield(work)
            finally:
                # Also if the caller hangs up: the thread still reads.
                await asyncio.wait({work})
                if len(indices) > FREE_BODIES:
                    await self._pause(min(REST_SHARE * (clock() - began), MOST_REST))


def _head(log: LogState) -> Head:
    return Head(origin=log.origin, size=log.size, cosigned=log.cosigned, cosigned_size=log.cosigned_size)


def _check_speaker(member: Member, roster: Roster, package: Package) -> None:
    """Raises `Refused` unless the package is of the member's own log: of the newest epoch with an active key, or of a
    former epoch whose key vouches up to a known size, for a hub that has lost it. A member that has left may disclose
    only retractions.
    """
    origin = package.origin
    if origin.member != member.id or origin.federation != roster.federation or origin.stream != "log":
        raise Refused("a member submits to its own log alone")
    keys = [key for key in member.keys if key.purpose is KeyPurpose.LOG]
    epochs = [key.epoch for key in keys if key.status is KeyStatus.ACTIVE]
    bounded = {key.epoch for key in keys if key.status is KeyStatus.RETIRED and key.until_size is not None}
    if origin.epoch != max(epochs, default=0) and origin.epoch not in bounded:
        raise Refused("this epoch of the log is closed", remedy="update the roster, and submit to the newest epoch")
    if member.status is MemberStatus.LEFT:
        disclosed = zip(package.entries, package.bodies, package.nonces, strict=False)
        if any((body or nonce) and entry[1:2] != bytes([Kind.RETRACTION]) for entry, body, nonce in disclosed):
            raise Refused(
                f"{member.id} has left the federation, and may only retract its records",
                remedy="retract also the records that were signed and not published before it left",
            )


def _leaves(reader: LogReader, state: LogState, start: int, end: int) -> bytes:
    """The leaf hashes of stored entries [start, end), concatenated."""
    first, last = start // tiles.TILE_WIDTH, (end - 1) // tiles.TILE_WIDTH
    whole = b"".join(reader.tile(state.number, 0, index) for index in range(first, last + 1))
    skipped = first * tiles.TILE_WIDTH
    return whole[(start - skipped) * HASH_SIZE : (end - skipped) * HASH_SIZE]
