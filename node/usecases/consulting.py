"""What this member says in threads: it opens one, answers, closes it, and retracts a message.

Rules this module upholds:

- Only the opener closes a thread for all. It opens the thread again by retracting its closing message.
- A reply is shared with the group of its thread, so that its author can share it with members that join later.
- The words are checked before anything is recorded. The audit log has names of messages and members, never words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from node.domain.case_events import CaseEvent, CaseEventKind
from node.domain.consultations import MOST_ABOUT, Consultation, ConsultationStep
from node.domain.handling import Handling
from node.errors import Misuse, NotFound, Refused
from node.usecases.acting import caller
from node.usecases.acts import perform
from node.usecases.case_terms import opened_case
from node.usecases.lookup import resolve
from node.usecases.own_threads import Told, told
from node.usecases.thread_order import ends_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import RecordId
    from node.domain.ports import Clock
    from node.domain.statements import Reason
    from node.domain.stores import NodeStoreReader, NodeStoreWriter
    from node.domain.wording import Terms
    from node.usecases.audit import AuditLog
    from node.usecases.group_audience import GroupAudiences
    from node.usecases.ledger import Ledger
    from node.usecases.own_threads import OwnThreads
    from node.usecases.threads import Thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The first message of a new thread. `about`: records and other statements, as a person names them; `query`: the id
    of one of our queries or of a part of it, b"" for none; `case`: of this node, never sent.
    """

    subject: str
    text: str
    terms: Terms
    about: tuple[str, ...] = ()
    query: bytes = b""
    language: str = ""
    case: str = ""


class Consulting:
    """Blocking: never on the event loop."""

    def __init__(
        self, *, threads: OwnThreads, ledger: Ledger, groups: GroupAudiences, audit: AuditLog, clock: Clock
    ) -> None:
        self._threads = threads
        self._groups = groups
        self._ledger = ledger
        self._audit = audit
        self._clock = clock

    def open(self, asked: Question) -> Told:
        """A new thread. Raises `Misuse` for words or an audience that no message may have, `NotFound` for a record, a
        query or a case that is not here.
        """
        terms = self._groups.known(asked.terms)
        handling = terms.of(Handling(audience=()))
        audience = tuple(sorted({*(handling.audience or ())} - {self._threads.own.member}))
        if not audience:
            raise Misuse("nobody is asked", remedy="name the members that may read the thread: --to FR,JP")
        if not asked.subject.strip() or not asked.text.strip():
            raise Misuse("a thread begins with a subject and a text", remedy="give --subject and a text")
        with self._threads.store.read() as tx:
            about = self._named(tx, asked.about)
            query = _query_sent(tx, asked.query) if asked.query else b""
            if asked.case:
                opened_case(tx, asked.case)
        said = Consultation(
            step=ConsultationStep.OPEN,
            subject=asked.subject.strip(),
            text=asked.text,
            language=asked.language,
            about=about,
            query_id=query,
            at=int(self._clock()),
            group=terms.shared_with,
        )
        self._ledger.check(said)

        def began(tx: NodeStoreWriter, record: RecordId) -> None:
            if asked.case:
                tx.put_thread_case(record, asked.case)
            self._noted(tx, record)

        def work() -> RecordId:
            return self._ledger.state(said, replace(handling, audience=audience), began)

        names = {"to": list(audience), "about": list(map(str, about)), "query": query.hex(), "case": asked.case}
        record = perform(self._audit, "consult open", work, **names)
        return Told(thread=record, records=(record,), members=tuple(sorted({*audience, self._threads.own.member})))

    def reply(self, name: str, text: str, *, about: tuple[str, ...] = (), language: str = "") -> Told:
        """Says something in a thread. Raises `NotFound`, `Refused` if nothing may be said in it, `Misuse`."""
        if not text.strip():
            raise Misuse("the message is empty", remedy="give its text")
        thread = self._threads.open(name)
        with self._threads.store.read() as tx:
            named = self._named(tx, about)
        return self._say(thread, "consult reply", ConsultationStep.REPLY, text, about=named, language=language)

    def close(self, name: str, text: str = "") -> Told:
        """Closes a thread of ours for all. Raises as `reply`, and `Refused` for a thread of another member."""
        thread = self._threads.open(name)
        self._threads.check_opener(thread, "closes it for all", "vigil consult leave THREAD hides it on this node")
        return self._say(thread, "consult close", ConsultationStep.CLOSE, text)

    def reopen(self, name: str) -> Told:
        """Opens a closed thread of ours again: its closing messages are retracted. Raises `Refused`, `NotFound`."""
        thread = self._threads.any(name)
        self._threads.check_opener(thread, "opens it again")
        if not thread.is_closed:
            raise Refused("this thread is not closed")
        closings = [each.newest for each in thread.closings]

        def work() -> list[RecordId | None]:
            return self._ledger.retract_all(closings)

        said = perform(self._audit, "consult reopen", work, thread=str(thread.root))
        return told(thread, [each for each in said if each is not None])

    def retract(self, name: str, reason: Reason) -> Told:
        """Ends one message of ours, in every version. The rest of the thread stays. Raises `Refused`, `NotFound`."""
        with self._threads.store.read() as tx:
            message, thread = self._threads.of(tx).message(name)
        if message.member != self._threads.own.member:
            raise Refused("this message is another member's; only its author can retract it")

        def work() -> RecordId | None:
            return self._ledger.retract(message.newest, reason)

        said = perform(self._audit, "consult retract", work, message=str(message.record))
        return told(thread, [said] if said else [])

    def _say(
        self,
        thread: Thread,
        what: str,
        step: ConsultationStep,
        text: str,
        *,
        about: tuple[RecordId, ...] = (),
        language: str = "",
    ) -> Told:
        said = Consultation(
            step=step,
            thread=thread.root,
            text=text,
            language=language,
            about=about,
            after=ends_of(thread.messages),
            at=int(self._clock()),
            group=thread.opening.said.group if thread.opening is not None else None,
        )
        self._ledger.check(said)

        def work() -> RecordId:
            return self._ledger.state(said, self._threads.present(thread), lambda tx, _: self._noted(tx, thread.root))

        return told(thread, [perform(self._audit, what, work, thread=str(thread.root))])

    def _named(self, tx: NodeStoreReader, names: Sequence[str]) -> tuple[RecordId, ...]:
        if len(names) > MOST_ABOUT:
            raise Misuse(f"a message is about at most {MOST_ABOUT} records", remedy="name the others in a reply")
        return tuple(dict.fromkeys(resolve(tx, name, self._threads.own) for name in names))

    def _noted(self, tx: NodeStoreWriter, thread: RecordId) -> None:
        """Notes in the cases of a thread that something was said in it."""
        at, officer = int(self._clock()), caller().name
        for case in tx.cases_of_thread(thread):
            tx.put_case_event(
                CaseEvent(
                    case=case, kind=CaseEventKind.CONSULTED, at=at, officer=officer, count=1, subject=thread.leaf.hex()
                )
            )


def _query_sent(tx: NodeStoreReader, number: bytes) -> bytes:
    """The id under which other members know a query of ours: that of its only part, or of the part that is named.
    Raises `NotFound`, `Misuse`.
    """
    kept = tx.question(number)
    if kept is None:
        raise NotFound("this node asked no such query", remedy="vigil queries lists the queries")
    parts = [each.query_id for each in kept.parts]
    if number in parts or len(parts) == 1:
        return number if number in parts else parts[0]
    raise Misuse(
        f"this query was asked in {len(parts)} parts, and other members know each part by its own id",
        remedy="name one part: vigil queries ID shows their ids",
    )
