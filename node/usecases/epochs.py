"""A change of keys in the store: the former epoch of our log ends, and its unpublished statements move to the next.

Rules this module upholds:

- Entries published under the former key stay, and always verify. The roster says where that log ends.
- Statements acknowledged but not published are stated again under the new origin, in the same order, in one transaction
  with the end of the former log. A crash leaves all of it or nothing; repeating it changes nothing.
- A commitment names its log, so nothing is moved: each statement gets new nonces, a new leaf, and so a new name. Its
  holdings then refer to the new name.
- A statement that was retracted before it was published is not stated again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from node.domain.batch import READ_BYTES, BodyState
from node.domain.envelope import REPLACING, Disclosure, Envelope, commit, commit_handling, decode, encode
from node.domain.homes import CUT, cut_of
from node.domain.ids import NONCE_SIZE, Origin, RecordId
from node.tlog import tiles
from node.tlog.merkle import leaf_hash
from node.usecases.chains import unlink
from node.usecases.checkpoint_trust import LogTiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from node.domain.log_ports import LogReader
    from node.usecases.change import Change

_ALL: Final = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """`statements`: how many were stated again. `cut_published`: entries of former logs that the hub has cosigned but
    that the roster does not let their key vouch for. More than 0 raises an alarm: the hub told the authority a wrong
    size.
    """

    statements: int = 0
    cut_published: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """An unpublished statement of a former epoch. `disclosure` is None if its body is deleted."""

    record: RecordId
    envelope: Envelope
    disclosure: Disclosure | None


@dataclass(slots=True, kw_only=True)
class _Move:
    """`became`: the new names of statements by their former names; None if a statement was dropped. `kinds`: what each
    is, or replaces.
    """

    change: Change
    origin: Origin
    random: Callable[[int], bytes]
    became: dict[RecordId, RecordId | None] = field(default_factory=dict)
    kinds: dict[RecordId, int] = field(default_factory=dict)
    statements: int = 0

    def say(self, said: _Said) -> None:
        """States one statement under the new origin, unless it was retracted or its subject is gone."""
        kind, target = said.envelope.kind, said.envelope.target
        # What it replaces, so that it can stand for that if that was never published.
        stands_for = self.kinds.get(target, kind) if kind in REPLACING and target is not None else kind
        self.kinds[said.record] = stands_for
        if target is not None and target in self.became:
            target = self.became[target]
        if said.disclosure is None:
            # Replaced or retracted before it was published: a pointer to it means its target.
            self.became[said.record] = target if kind in REPLACING else None
            return
        if said.envelope.target is not None and target is None:
            if kind not in REPLACING:
                self.became[said.record] = None
                return
            kind = stands_for
        self.became[said.record] = self._acknowledge(said.envelope, said.disclosure, kind, target)
        self.statements += 1

    def _acknowledge(self, envelope: Envelope, disclosure: Disclosure, kind: int, target: RecordId | None) -> RecordId:
        name, nonce, other = str(self.origin), self.random(NONCE_SIZE), self.random(NONCE_SIZE)
        entry = encode(
            replace(
                envelope,
                kind=kind,
                target=target,
                handling_commitment=commit_handling(name, kind, other, disclosure.handling),
                commitment=commit(name, kind, nonce, disclosure.body),
            )
        )
        shown = replace(disclosure, nonce=nonce, handling_nonce=other)
        record = RecordId(self.origin, leaf_hash(entry))
        self.change.writer.acknowledge([(self.origin, entry, record.leaf, shown)])
        return record

    def follow_holdings(self) -> None:
        """Points the holdings of a statement to its new name."""
        writer = self.change.writer
        for former, record in self.became.items():
            for holding in writer.holdings_of_record(former):
                writer.set_record(holding.id, record)


def begin_epoch(change: Change, *, origin: Origin, ends: Mapping[int, int], random: Callable[[int], bytes]) -> Moved:
    """Ends our former logs where the roster says, and states in `origin` what was not published in them.

    `ends`: size by epoch (`Member.log_ends`); an epoch that it does not name keeps all its entries. Inside a
    transaction; the caller has no index open over this store, or rebuilds it.
    """
    writer = change.writer
    move = _Move(change=change, origin=origin, random=random)
    cut_published = 0
    former = [replace(origin, epoch=epoch) for epoch in range(1, origin.epoch)]
    for log in former:
        state = writer.log(log)
        if state is None or log.epoch not in ends:
            continue
        end = min(ends[log.epoch], state.size)
        if end < max(state.size, state.checkpoint_size):
            cut_published += max(state.cosigned_size - end, 0)
            for said in _unpublished(writer, log, end, state.size):
                move.say(said)
            unlink(writer, log, end, state.size)
            writer.cut_back(log, end, tiles.root(LogTiles(writer, state.number), end))
            change.purged += state.size - end
            writer.set_setting(CUT, str(cut_of(writer.setting(CUT)) + state.size - end).encode())
    for log in former:
        for waiting in writer.pending(log, _ALL):
            envelope = decode(waiting.entry)
            if envelope is not None:
                record = RecordId(log, waiting.leaf)
                move.say(_Said(record=record, envelope=envelope, disclosure=waiting.disclosure))
            change.forget_pending(waiting.leaf)
    move.follow_holdings()
    return Moved(statements=move.statements, cut_published=cut_published)


def _unpublished(reader: LogReader, origin: Origin, start: int, stop: int) -> Iterator[_Said]:
    while start < stop:
        run = reader.run(origin, start, stop, READ_BYTES)
        for at, entry in enumerate(run.entries):
            envelope = decode(entry)
            if envelope is None:
                continue  # We wrote these entries, so this version can read all of them.
            held = run.states[at] == BodyState.HELD
            shown = Disclosure(
                nonce=run.nonces[at],
                body=run.bodies[at],
                handling_nonce=run.handling_nonces[at],
                handling=run.handlings[at],
            )
            yield _Said(
                record=RecordId(origin, leaf_hash(entry)), envelope=envelope, disclosure=shown if held else None
            )
        start += len(run.entries)
