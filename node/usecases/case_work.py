"""Opening, changing, assigning, closing and purging cases.

Rules this module upholds:

- The audit log records each act before it is done, with the reference of the case, numbers and names, and no words.
- A change names the version that its officer saw. If another officer changed the case since, the change is refused, and
  the error says what happened.
- A case is purged only when it is closed and has no holdings: a purge deletes words, and never material.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from node.domain.calendar import spell_moment
from node.domain.case_events import CaseEvent, CaseEventKind
from node.domain.case_files import MAX_TITLE, CaseFile, CaseStatus, CaseWords
from node.domain.texts import checked_text
from node.errors import Damaged, Misuse, Refused
from node.usecases.acting import caller
from node.usecases.acts import perform
from node.usecases.case_notes import add_note
from node.usecases.case_officers import check_officers
from node.usecases.case_terms import opened_case, query_terms
from node.usecases.intake import MAX_CASE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.case_files import CaseReader
    from node.domain.ports import Clock
    from node.domain.roster import Policy
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.audit import AuditLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The words of a case, as far as given; None: not given. `purpose` and `legal_basis` may be "" to have none."""

    title: str | None = None
    purpose: str | None = None
    legal_basis: str | None = None

    def of(self, before: CaseWords) -> CaseWords:
        """`before` with the given words."""
        return replace(
            before,
            title=before.title if self.title is None else self.title,
            purpose=before.purpose if self.purpose is None else self.purpose,
            legal_basis=before.legal_basis if self.legal_basis is None else self.legal_basis,
        )

    @property
    def names(self) -> list[str]:
        """The names of the given words."""
        given = (("title", self.title), ("purpose", self.purpose), ("legal_basis", self.legal_basis))
        return [name for name, value in given if value is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """What a purge of a case deletes. `version`: of its case file, by which the purge names what was seen."""

    reference: str
    version: int
    notes: int


class CaseWork:
    """Blocking: never on the event loop. `policy`: the last verified one."""

    def __init__(self, *, store: NodeStore, audit: AuditLog, policy: Callable[[], Policy], clock: Clock) -> None:
        self._store = store
        self._audit = audit
        self._policy = policy
        self._clock = clock

    def open(
        self, reference: str, words: Defaults, *, lead: str | None = None, officers: Sequence[str] = ()
    ) -> CaseFile:
        """Opens a case: also one that so far has only holdings. `lead` None: whoever opens it. Raises `Misuse` for
        invalid words, `Refused` if the case was opened before.
        """
        checked_text(reference, MAX_CASE, "a case reference", Misuse)
        self._check_words(words)
        if not words.title:
            raise Misuse("a case needs a title", remedy="give --title")
        lead = caller().name if lead is None else lead

        def work() -> CaseFile:
            now = int(self._clock())
            with self._store.write() as tx:
                check_officers(tx, [*([lead] if lead else []), *officers])
                before = tx.case_file(reference)
                if before is not None:
                    _refuse_opening(before)
                case = CaseFile(reference=reference, opened_at=now, changed_at=now, words=words.of(CaseWords()))
                case = case.assigned(lead or None, officers, ())
                self._put(tx, case, CaseEventKind.OPENED)
            return case

        return perform(self._audit, "case open", work, case=reference)

    def change(self, reference: str, words: Defaults, seen: int | None) -> CaseFile:
        """Changes the title, the purpose or the legal basis. Raises as every change does (`_change`), and `Misuse` for
        invalid words.
        """
        self._check_words(words)
        if not words.names:
            raise Misuse("nothing to change was given", remedy="give --title, --purpose or --legal-basis")
        if words.title == "":
            raise Misuse("a case needs a title", remedy="give another one, or leave --title out")

        def edit(_: NodeStoreWriter, before: CaseFile) -> CaseFile:
            return replace(before, words=words.of(before.words))

        return self._change("case change", reference, seen, CaseEventKind.CHANGED, edit, fields=words.names)

    def assign(
        self,
        reference: str,
        seen: int | None,
        *,
        lead: str | None = None,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> CaseFile:
        """Changes the lead and the officers. Raises as every change does, and what `CaseFile.assigned` raises."""
        if lead is None and not add and not remove:
            raise Misuse("nobody was named", remedy="give --lead, --add or --remove")

        def edit(tx: NodeStoreWriter, before: CaseFile) -> CaseFile:
            check_officers(tx, [*([lead] if lead else []), *add])
            return before.assigned(lead, add, remove)

        named: dict[str, object] = {"lead": lead, "added": list(add), "removed": list(remove)}
        return self._change("case assign", reference, seen, CaseEventKind.ASSIGNED, edit, **named)

    def close(self, reference: str, seen: int | None, outcome: str, note: str = "") -> CaseFile:
        """Closes a case with an outcome, and with a last note if it is given, in one transaction."""
        checked_text(outcome, MAX_TITLE, "the outcome", Misuse)

        def edit(tx: NodeStoreWriter, before: CaseFile) -> CaseFile:
            if note:
                add_note(tx, reference, note, int(self._clock()))
            return before.moved(CaseStatus.CLOSED, outcome)

        return self._change("case close", reference, seen, CaseEventKind.CLOSED, edit)

    def rest(self, reference: str, seen: int | None) -> CaseFile:
        """Makes a case dormant."""
        return self._change(
            "case dormant", reference, seen, CaseEventKind.RESTED, lambda _, case: case.moved(CaseStatus.DORMANT)
        )

    def reopen(self, reference: str, seen: int | None) -> CaseFile:
        """Opens a dormant or closed case again. The outcome stays in the timeline."""
        return self._change(
            "case reopen", reference, seen, CaseEventKind.REOPENED, lambda _, case: case.moved(CaseStatus.OPEN)
        )

    def query_terms(self, reference: str, purpose: str, legal_basis: str) -> tuple[str, str]:
        """(purpose, legal basis) of a new query about a case, before its files are opened. Raises as
        `case_terms.query_terms`.
        """
        with self._store.read() as tx:
            return query_terms(tx, reference, purpose, legal_basis)

    def version(self, reference: str) -> int:
        """The present version of a case, which a change names. Raises `NotFound` if it was not opened."""
        with self._store.read() as tx:
            return opened_case(tx, reference).version

    # --- purging ------------------------------------------------------------------------------------------------------

    def to_purge(self, reference: str) -> Purge:
        """What a purge would delete. Raises `NotFound`, and `Refused` if the case is not closed or has holdings."""
        with self._store.read() as tx:
            case = opened_case(tx, reference)
            _check_purge(case, holdings=bool(tx.known_cases([reference])))
            return Purge(reference=reference, version=case.version, notes=tx.count_notes(reference))

    def purge(self, reference: str, seen: int) -> Purge:
        """Deletes the case file with its notes and its timeline, beyond recovery. `seen`: the version that was shown.
        Raises as `to_purge`, and `Refused` if the case has changed since. After a crash in between the case is deleted,
        or stands as before; the next start of the node removes the rest of it from the journal.
        """

        def work() -> Purge:
            with self._store.write() as tx:
                case = self._seen(tx, reference, seen)
                _check_purge(case, holdings=bool(tx.known_cases([reference])))
                notes = tx.forget_case(reference)
            self._store.scrub()
            return Purge(reference=reference, version=case.version, notes=notes)

        return perform(self._audit, "case purge", work, case=reference, version=seen)

    # --- one change ---------------------------------------------------------------------------------------------------

    def _change(
        self,
        what: str,
        reference: str,
        seen: int | None,
        kind: CaseEventKind,
        edit: Callable[[NodeStoreWriter, CaseFile], CaseFile],
        **about: object,
    ) -> CaseFile:
        """One change in one transaction. `seen`: the version that the officer saw; None: whichever is present. Raises
        `NotFound` if the case was not opened, `Refused` if it has changed since, and what `edit` raises.
        """

        def work() -> CaseFile:
            with self._store.write() as tx:
                before = self._seen(tx, reference, seen)
                if before.words.damaged:
                    raise Damaged("the words of this case cannot be read", remedy="restore the newest backup")
                case = edit(tx, before)
                case = replace(case, version=before.version + 1, changed_at=int(self._clock()))
                self._put(tx, case, kind)
            return case

        return perform(self._audit, what, work, case=reference, version=seen, **about)

    def _put(self, tx: NodeStoreWriter, case: CaseFile, kind: CaseEventKind) -> None:
        if not tx.put_case_file(case):
            raise Refused("the case was changed at the same moment", remedy="run the command again")
        tx.put_case_event(
            CaseEvent(
                case=case.reference,
                kind=kind,
                at=case.changed_at,
                officer=caller().name,
                version=case.version,
                words=case.words.outcome if kind is CaseEventKind.CLOSED else "",
            )
        )

    def _seen(self, tx: CaseReader, reference: str, seen: int | None) -> CaseFile:
        case = opened_case(tx, reference)
        if seen is not None and case.version != seen:
            changes = [_change_words(each) for each in tx.case_changes(reference, seen)]
            since = "; ".join(changes) or "it was purged and opened anew"
            raise Refused(
                f"the case has changed since you saw it (version {seen}, now {case.version}): {since}",
                remedy="look at it again (vigil case show), then run the command again",
            )
        return case

    def _check_words(self, words: Defaults) -> None:
        for name, value in (("the title", words.title), ("the legal basis", words.legal_basis)):
            if value:
                checked_text(value, MAX_TITLE, name, Misuse)
        known = self._policy().purposes
        if words.purpose and words.purpose not in known:
            raise Refused("the federation's policy does not know this purpose", remedy="one of: " + ", ".join(known))


def _refuse_opening(case: CaseFile) -> None:
    if case.status is CaseStatus.OPEN:
        raise Refused("this case is open already", remedy="vigil case change changes its title and its defaults")
    raise Refused(f"this case was opened before, and is {case.status}", remedy="vigil case reopen opens it again")


def _check_purge(case: CaseFile, *, holdings: bool) -> None:
    if case.status is not CaseStatus.CLOSED:
        raise Refused(f"this case is {case.status}: only a closed case is purged", remedy="close it: vigil case close")
    if holdings:
        raise Refused(
            "holdings belong to this case: a purge deletes no material",
            remedy="delete them (vigil case delete), then purge the case",
        )


def _change_words(event: CaseEvent) -> str:
    who = f" by {event.officer}" if event.officer else ""
    when = spell_moment(event.at, "%Y-%m-%d %H:%M")
    return f"{event.kind}{who} at {when}"
