"""A node with a case that has something in every section of its report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from node.domain.case_events import CaseEvent, CaseEventKind
from node.domain.case_files import CaseFile, CaseNote, CaseWords
from node.domain.categorising import Categorisation
from node.domain.entities import Certainty, EntityKind, LinkRole
from node.domain.holdings import FileReference
from node.domain.ids import MemberId, Origin, RecordId, federation_id, member_id
from node.domain.queries import (
    Answer,
    Level,
    Outcome,
    QueryHeader,
    SignedAnswer,
    SignedQuery,
)
from node.domain.query_ports import AskedQuery
from node.domain.questions import Part, PartBody, PlannedPart, Terms
from node.domain.reviews import Decision, FileDigests, ReviewState, pair_with_record
from node.domain.statements import Category
from node.domain.stored_hits import HitEvidence, StoredHit
from node.domain.stores import NodeStore
from node.domain.wording import Wording
from node.interop.case_report_html import write_html
from node.interop.case_report_json import write_json
from node.interop.case_report_pdf import write_pdf
from node.usecases.audit import AuditLog
from node.usecases.case_reports import CaseReports, Renderer
from node.usecases.entities import Entities
from node.usecases.report_values import Choices
from node.usecases.verification import Verifier
from node.wire.convert import ProtoCodec
from tests.contracts.holdings import prints
from tests.simulator.batches import FR, JP, append, batch
from tests.simulator.memory_store import MemoryStore

CASE = "2031-117"
PATH = "/evidence/summer/lake.jpg"
RENDERERS: Mapping[str, Renderer] = {"pdf": write_pdf, "html": write_html, "json": write_json}
_QUERY = b"\x07" * 16


@dataclass
class Reported:
    """The node. `make` gives the bytes of a report."""

    store: NodeStore = field(default_factory=MemoryStore)
    verifier: Verifier | None = None

    def __post_init__(self) -> None:
        self.audit = AuditLog(
            store=self.store, origin=Origin.parse("vigil.example/FR/audit/1"), clock=lambda: 5_000, random=os.urandom
        )
        self.entities = Entities(store=self.store, audit=self.audit, clock=lambda: 4_000)
        self.reports = CaseReports(
            store=self.store,
            codec=ProtoCodec(),
            audit=self.audit,
            clock=lambda: 6_000,
            federation=federation_id("vigil.example"),
            member=member_id("FR"),
            renderers=RENDERERS,
            verifier=self.verifier,
        )

    def hold(self, count: int, case: str = CASE, *, first: int = 0) -> list[int]:
        """Takes that many holdings in, each with a path."""
        with self.store.write() as writer:
            ids = []
            for number in range(first, first + count):
                made, _ = writer.put_holding(
                    prints(f"{case} {number}"), level=Level.NATIONAL, case=case, tag=b"", now=1_000 + number
                )
                writer.put_file_reference(made, FileReference(case=case, path=PATH))
                ids.append(made)
        return ids

    def share(self, holding: int) -> None:
        """The holding has a record in our log."""
        made = batch(self.store, FR, ["a record"])
        append(self.store, made)
        with self.store.write() as writer:
            writer.set_record(holding, RecordId(FR, made.leaves[0]))

    def hit(self, holding: int, number: int = 1, at: int = 2_000) -> None:
        """A record of Japan's resembles the holding."""
        with self.store.write() as writer:
            writer.open_log(JP)
            record = RecordId(JP, bytes([number]) * 32)
            evidence = HitEvidence(algorithm="pdq", distance=7, quality=90, orientation="original")
            hit = StoredHit(
                id=0, holding=holding, record=record, place=number, evidence=evidence, first_seen=at, last_seen=at
            )
            writer.add_hits([hit])

    def decide(self, holding: int, state: ReviewState, note: str = "the same room", at: int = 2_500) -> None:
        """An officer decides about the pair of the holding and the first record of Japan's."""
        with self.store.write() as writer:
            pair = pair_with_record(holding, RecordId(JP, bytes([1]) * 32))
            known = [each for each in writer.reviews_of([holding]) if each.pair == pair]
            review = known[0] if known else writer.add_review(pair, FileDigests())
            decision = Decision(state=state, officer="K. Sato", role="investigator", at=at, note=note)
            writer.add_decision(review.id, decision)

    def ask(self, case: str = CASE, basis: str = "art. 706-47") -> bytes:
        """A question to Brazil, Japan and Spain: Japan answers, Brazil is offline, Spain is not heard. Its answer."""
        terms = Terms(
            case=case, purpose="victim-identification", legal_basis=basis, officer_role="investigator",
            officer="R. Diaz", members=tuple(map(MemberId, ("BR", "ES", "JP"))), subjects=2, fingerprints=3,
        )  # fmt: skip
        answer = ProtoCodec().encode_answer(
            Answer(
                query_id=_QUERY, query_digest=b"\x01" * 32, answerer=MemberId("JP"), outcome=Outcome.NO_HIT, at=3_100
            )
        )
        signed = SignedAnswer(answerer=MemberId("JP"), answer=answer, signature=b"\x02" * 64)
        header = QueryHeader(
            query_id=_QUERY, asker=MemberId("FR"), recipients=(), purpose="victim-identification",
            issued_at=3_000, expires_at=9_000, cost=3,
        )  # fmt: skip
        with self.store.write() as writer:
            part = PlannedPart(part=Part(number=1, query_id=_QUERY, cost=3), body=PartBody(payload=b"payload"))
            writer.put_question(b"\x06" * 16, terms, [part], 3_000)
            sent = SignedQuery(header=b"header", payload=b"payload", signature=b"\x03" * 64)
            writer.put_asked(AskedQuery(query=sent, header=header, created_at=3_000))
            writer.put_outcome(_QUERY, MemberId("JP"), "no-hit", signed, late=False)
            writer.put_outcome(_QUERY, MemberId("BR"), "offline", None, late=False, reason="said by the hub")
        return answer

    def note(self, pseudonym: str = "Blue coat", text: str = "seen at the lake") -> int:
        """A victim whom the case names, with a note."""
        number = self.entities.add(EntityKind.VICTIM, pseudonym, cases=[CASE]).id
        self.entities.note(number, text)
        return number

    def open(self, case: str = CASE, title: str = "Lake house") -> None:
        """The case is opened, as its next version."""
        with self.store.write() as writer:
            before = writer.case_file(case)
            file = CaseFile(
                reference=case, opened_at=500, changed_at=600, version=before.version + 1 if before else 1,
                lead="R. Diaz", officers=("K. Sato", "R. Diaz"), words=CaseWords(title=title, purpose="investigation"),
            )  # fmt: skip
            assert writer.put_case_file(file)
            writer.put_case_event(CaseEvent(case=case, kind=CaseEventKind.OPENED, at=500, officer="R. Diaz"))

    def write(self, text: str, *, version: int = 1) -> None:
        """A version of the first note of the case."""
        with self.store.write() as writer:
            note = CaseNote(reference=CASE, number=1, version=version, at=700, officer="K. Sato", text=text)
            assert writer.put_case_note(note)

    def categorise(self, holding: int, code: str) -> None:
        """What officers say about a holding."""
        category = Category(scheme="icse", version="1", code=code)
        said = Categorisation(holding=holding, at=800, wording=Wording(category=category, series="Lakes"))
        with self.store.write() as writer:
            writer.put_categorisations([said])

    def fill(self) -> None:
        """Something in every section."""
        self.open()
        self.write("first look")
        first, second = self.hold(2)
        self.share(first)
        self.categorise(first, "2")
        self.hit(second)
        self.decide(second, ReviewState.CONFIRMED)
        self.ask()
        number = self.note()
        self.entities.link(number, [first], LinkRole.DEPICTED, Certainty.PROBABLE)

    def make(self, form: str = "json", choices: Choices | None = None, case: str = CASE) -> bytes:
        """The bytes of a report."""
        pieces = self.reports.make(case, form, choices or Choices())
        try:
            return b"".join(iter(pieces.next, b""))
        finally:
            pieces.close()
