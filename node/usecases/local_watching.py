"""Local watches as an officer uses them: adding one, listing them, showing its hits, and removing it.

Rules this module upholds:

- A local watch needs no legal basis and asks nobody: nothing of it leaves this node.
- What is on the allow-list of known-harmless content is not watched for.
- A watch is about what arrives later. What matches already is counted when it is added, and raises no alert.
- A watch that matches too much is refused, and so is one for which no hash can be searched.
- Each act is in the audit log, with the case and the number of subjects, before it is done. So is each look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.case_events import CaseEventKind
from node.domain.local_watches import MOST_LOCAL, LocalWatch
from node.domain.queries import MatchRule, QueryPayload
from node.domain.statements import MAX_TEXT
from node.domain.texts import checked_text
from node.domain.watches import MOST_SUBJECTS
from node.errors import Damaged, Malformed, Misuse, NotFound, Refused
from node.usecases.access import record_access
from node.usecases.acting import caller
from node.usecases.acts import perform
from node.usecases.admitting import cost_of
from node.usecases.case_events import happened
from node.usecases.case_terms import require_not_closed
from node.usecases.search_terms import matchable, probes_of
from node.usecases.watch_terms import MOST_OF_MEMBER, require_last_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ports import Clock
    from node.domain.queries import Hit, Subject
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.allowing import AllowList
    from node.usecases.audit import AuditLog
    from node.usecases.catalogue import Catalogue
    from node.usecases.local_watches import LocalWatches

MOST_FINGERPRINTS: Final = MOST_OF_MEMBER.fingerprints
"""Fingerprints of all local watches together: as many as this node keeps for one member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWords:
    """What an officer asks for. `case` "" for none; `until_day`: days since 1970; `show_all`: also watch for what is on
    the allow-list.
    """

    subjects: tuple[Subject, ...]
    until_day: int
    case: str = ""
    rule: MatchRule = MatchRule.POLICY
    show_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAdded:
    """A new watch. `not_watched`: labels of the subjects on the allow-list; `already`: records that match now."""

    watch: LocalWatch
    not_watched: tuple[str, ...]
    already: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalShown:
    """A watch with the hits that it has now, of records that were here before it and of those that came later."""

    watch: LocalWatch
    hits: Sequence[Hit]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWatching:
    """Blocking: never on the event loop. `floor`: the lowest quality of a PDQ hash that is searched."""

    store: NodeStore
    catalogue: Catalogue
    watches: LocalWatches
    allowed: AllowList
    audit: AuditLog
    clock: Clock
    floor: int

    def add(self, words: LocalWords) -> LocalAdded:
        """Watches for these subjects. Raises `Misuse`, and `Refused` if the case is closed, nothing is left to watch
        for, or too much matches.
        """
        known = frozenset[int]() if words.show_all else self.allowed.among(words.subjects)
        left = tuple(each for at, each in enumerate(words.subjects) if at not in known)
        payload = QueryPayload(
            subjects=left, rule=words.rule, officer_role="", case_reference=words.case, legal_basis=""
        )
        with self.store.read() as tx:
            self._check(tx, words, payload)
        watch, already = perform(
            self.audit,
            "watch add",
            lambda: self._add(words, payload),
            case=words.case,
            members=[],
            subjects=len(left),
        )
        not_watched = tuple(each.label for at, each in enumerate(words.subjects) if at in known)
        return LocalAdded(watch=watch, not_watched=not_watched, already=already)

    def listed(self, case: str = "") -> list[LocalWatch]:
        """All local watches, the newest first; those of one case, if given."""
        record_access(self.audit, "local watch list", **({"case": case} if case else {}))
        with self.store.read() as tx:
            return [each for each in reversed(tx.local_watches()) if case in ("", each.case)]

    def one(self, number: int) -> LocalShown:
        """One watch with its hits. Raises `NotFound`, `Damaged`."""
        watch, payload = self._found(number)
        record_access(self.audit, "local watch show", watch=watch.name)
        return LocalShown(watch=watch, hits=self.watches.search(payload))

    def remove(self, number: int) -> LocalWatch:
        """Deletes a watch with what it looks for. Raises `NotFound`."""
        with self.store.read() as tx:
            watch = tx.local_watch(number)
        if watch is None:
            raise _unknown()
        perform(self.audit, "watch remove", lambda: self._delete(number), watch=watch.name, case=watch.case)
        return watch

    def forget_ended(self, today: int) -> int:
        """Deletes the watches whose last day is over; returns how many. `today`: days since 1970."""
        with self.store.read() as tx:
            over = [each.id for each in tx.local_watches() if each.until_day < today]
        for number in over:
            self._delete(number)
        return len(over)

    def _check(self, tx: NodeStoreReader, words: LocalWords, payload: QueryPayload) -> None:
        if words.case:
            checked_text(words.case, MAX_TEXT, "the case reference", Misuse)
        require_not_closed(tx, words.case, "no new watch is added to it")
        require_last_day(words.until_day, int(self.clock()) // SECONDS_A_DAY)
        if words.subjects and not payload.subjects:
            raise Refused(
                "everything in this watch is on the allow-list of known-harmless content",
                remedy="to watch for it all the same: --show-all",
            )
        if not 0 < len(payload.subjects) <= MOST_SUBJECTS:
            raise Misuse(
                f"a watch is about 1 to {MOST_SUBJECTS:,} files or hashes", remedy="split them over several watches"
            )
        if not probes_of(payload.subjects, payload.rule, matching=matchable(payload.subjects, self.floor)):
            raise Refused(
                "nothing in this watch can be searched",
                remedy="vigil fingerprint FILE shows the hashes of a file and the quality of its PDQ",
            )
        present = tx.local_watches()
        fingerprints = sum(each.fingerprints for each in present) + cost_of(payload.subjects)
        if len(present) >= MOST_LOCAL or fingerprints > MOST_FINGERPRINTS:
            raise Refused(
                f"this node has at most {MOST_LOCAL:,} local watches with {MOST_FINGERPRINTS:,} fingerprints",
                remedy="remove a watch that is not needed any more: vigil watch list, vigil watch remove",
            )

    def _add(self, words: LocalWords, payload: QueryPayload) -> tuple[LocalWatch, int]:
        now = int(self.clock())
        made = LocalWatch(
            case=words.case,
            officer=caller().name,
            subjects=len(payload.subjects),
            fingerprints=cost_of(payload.subjects),
            until_day=words.until_day,
            at=now,
        )
        with self.catalogue.change() as change:
            watch = change.writer.add_local_watch(made, self.watches.packed(payload))
            happened(change.writer, {words.case: watch.subjects}, CaseEventKind.WATCHED, now)
            self.watches.put(watch.id, payload)
        # A crash right here: a record that was here before may raise an alert, if everything is matched again.
        self.watches.remember(watch, self.watches.search(payload))
        with self.store.read() as tx:
            stored = tx.local_watch(watch.id)
        if stored is None:
            raise NotFound("the watch was removed by another officer")
        if stored.is_full:
            self._delete(watch.id)
            raise Refused(
                "the watch is too broad: it matches too much of what is here already",
                remedy="watch for fewer files, or by exact hashes: --rule exact",
            )
        return stored, stored.found

    def _delete(self, number: int) -> None:
        with self.catalogue.change() as change:
            change.purged += change.writer.delete_local_watch(number)
        self.watches.drop(number)

    def _found(self, number: int) -> tuple[LocalWatch, QueryPayload]:
        with self.store.read() as tx:
            watch = tx.local_watch(number)
            try:
                payload = self.watches.payload(tx, number)
            except Malformed as error:
                raise Damaged(
                    "what this watch looks for cannot be read", remedy="remove the watch, and add it again"
                ) from error
        if watch is None or payload is None:
            raise _unknown()
        return watch, payload


def _unknown() -> NotFound:
    return NotFound("this node has no local watch of this name", remedy="vigil watch list shows them")
