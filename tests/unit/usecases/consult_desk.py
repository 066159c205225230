"""Members that consult each other, over nodes in memory that meet through one hub."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from node.domain.caller import Caller
from node.domain.case_files import CaseFile, CaseStatus, CaseWords
from node.domain.consultations import Consultation
from node.domain.handling import Handling
from node.domain.ids import Origin, RecordId
from node.domain.wording import Terms
from node.usecases.acting import acting_for
from node.usecases.audit import AuditLog
from node.usecases.consulting import Consulting, Question
from node.usecases.own_threads import OwnThreads
from node.usecases.thread_list import ListedThread, ThreadList
from node.usecases.thread_members import ThreadMembers
from node.usecases.thread_reading import ShownThread, ThreadReading
from node.usecases.threads import Thread
from tests.simulator.federation import Speaker, roster
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC, Hub, Node, Wire, World

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
SUBJECT, TEXT = "the blue room", "Do you know this place?"


class ConsultDesk:
    """The consultations of one node. Close it."""

    def __init__(self, hub: Hub, speaker: Speaker, store: MemoryStore | None = None) -> None:
        self.node = Node(hub.world, speaker, Wire(hub, speaker.id), store)
        self.me = speaker.id
        origin = Origin(speaker.origin.federation, speaker.id, 1, "audit")
        self.audit = AuditLog(store=self.node.store, origin=origin, clock=hub.world.clock, random=os.urandom)
        threads = OwnThreads(store=self.node.store, codec=CODEC, own=speaker.origin, roster=hub.world.current)
        self.threads = threads
        self.consulting = Consulting(
            threads=threads,
            ledger=self.node.ledger,
            groups=self.node.groups,
            audit=self.audit,
            clock=hub.world.clock,
        )
        self.members = ThreadMembers(threads=threads, ledger=self.node.ledger, audit=self.audit)
        self.listing = ThreadList(threads=threads, audit=self.audit)
        self.reading = ThreadReading(threads=threads, codec=CODEC, audit=self.audit)

    def close(self) -> None:
        self.audit.close()

    def open(self, *to: Speaker, subject: str = SUBJECT, text: str = TEXT, **more: Any) -> str:
        """A new thread with these members; its name."""
        terms = Terms(audience=tuple(each.id for each in to))
        return str(self.consulting.open(Question(subject=subject, text=text, terms=terms, **more)).thread)

    def say(self, thread: str, text: str) -> RecordId:
        """A reply."""
        (record,) = self.consulting.reply(thread, text).records
        return record

    def thread(self, name: str) -> Thread:
        return self.threads.any(name)

    def texts(self, name: str) -> list[str]:
        """The texts of a thread, in order."""
        return [each.said.text for each in self.thread(name).messages]

    def page(self, name: str, after: int | None = None, limit: int = 50, *, officer: str = "Sato") -> ShownThread:
        with acting_for(Caller(name=officer)):
            return self.reading.page(name, after, limit)

    def listed(self, *, officer: str = "Sato", **how: Any) -> list[ListedThread]:
        with acting_for(Caller(name=officer)):
            return list(self.listing.page(**how).threads)

    def unread(self, officer: str = "Sato") -> list[int]:
        """How many messages an officer has not read, in each open thread."""
        return [each.unread for each in self.listed(officer=officer)]

    def open_case(self, reference: str) -> None:
        case = CaseFile(
            reference=reference,
            opened_at=1,
            changed_at=1,
            version=1,
            status=CaseStatus.OPEN,
            lead="",
            officers=(),
            words=CaseWords(),
        )
        with self.node.store.write() as tx:
            tx.put_case_file(case)

    def state(self, said: Consultation, *to: Speaker) -> RecordId:
        """A statement that no correct program makes."""
        return self.node.ledger.state(said, Handling(audience=tuple(each.id for each in to)))

    def written(self) -> list[dict[str, Any]]:
        """The bodies of the audit log."""
        with self.node.store.read() as tx:
            log = tx.log(self.audit.origin)
            return [json.loads(body) for body in tx.run(log.origin, 0, log.size, 1 << 24).bodies] if log else []


class Table:
    """The desks of FR, JP and DE, and their hub."""

    def __init__(self) -> None:
        self.world = World([FR, JP, DE])
        self.hub = Hub(self.world)
        self.fr, self.jp, self.de = (ConsultDesk(self.hub, each) for each in (FR, JP, DE))

    def close(self) -> None:
        for desk in (self.fr, self.jp, self.de):
            desk.close()

    def meet(self, *desks: ConsultDesk) -> None:
        """These desks (default: all) send what they have, and follow the others."""
        some = desks or (self.fr, self.jp, self.de)

        async def work() -> None:
            for desk in some:
                await desk.node.publisher.round()
            for desk in some:
                await desk.node.catch_up()

        asyncio.run(work())

    def change_key(self) -> None:
        """FR has a new log key, and so a new log, from now on."""
        later = Speaker.named("FR", epoch=2)
        self.world.roster = roster(FR, later, JP, DE)
        self.fr.close()
        self.fr = ConsultDesk(self.hub, later, self.fr.node.store)
