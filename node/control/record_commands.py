"""The contributor's commands: contribute, correct, retract, opine, comment, records, evidence.

Rules this module upholds:

- Commands hold no decisions: the ledger and the catalogue do.
- A record may be named by its whole id or by a prefix of its leaf hash that fits one record only.
- What an administrator does is in the audit log before it is done, and its outcome after it (`usecases.acts`): with the
  name of the holding or record, never with its contents. Who only looks is in it before anything is shown.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from node.control.arguments import Arguments
from node.control.lines import category_line, fingerprint_line
from node.control.statements import RETRACTION_REASONS, read_contribution, read_handling
from node.domain.envelope import Kind
from node.domain.holdings import withdrawn
from node.domain.ids import RecordId, member_id
from node.domain.statements import Comment, Contribution, NotUnderstood, Opinion, Sealed, Verdict
from node.errors import Misuse, NotFound, Refused
from node.usecases.acts import perform
from node.usecases.audit import AuditEntry
from node.usecases.ledger import Draft
from node.usecases.lookup import records_with_prefix

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from node.control.runner import Line
    from node.domain.holdings import Holding
    from node.domain.ids import Origin
    from node.domain.ports import Clock, Store
    from node.domain.statements import Body
    from node.usecases.audit import AuditLog
    from node.usecases.catalogue import Catalogue, RecordView
    from node.usecases.ledger import Ledger

T = TypeVar("T")

CONTRIBUTE_BATCH: Final = 500
"""Holdings contributed in one transaction."""
MIN_PREFIX: Final = 8
"""Hex digits of a leaf hash that may stand for a record."""
_PAGE: Final = 1_000
_VERDICTS: Final = {"confirm": Verdict.CONFIRM, "dispute": Verdict.DISPUTE}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCommands:
    """`evidence` builds a proof file of a record: (size that it speaks of, bytes)."""

    own: Origin
    ledger: Ledger
    catalogue: Catalogue
    store: Store
    audit: AuditLog
    clock: Clock
    evidence_of: Callable[[RecordId], tuple[int, bytes]]

    async def contribute(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "holdings", "sha256", "statement", "handling", "dry_run"} -> a line a holding, then a summary."""
        given = Arguments(arguments)
        chosen = await asyncio.to_thread(self._chosen, given)
        dry = given.flag("dry_run")
        done = skipped = 0
        for start in range(0, len(chosen), CONTRIBUTE_BATCH):
            for line in await asyncio.to_thread(self._contribute, given, chosen[start : start + CONTRIBUTE_BATCH], dry):
                done += line["state"] in {"contributed", "would contribute"}
                skipped += line["state"] not in {"contributed", "would contribute"}
                yield line
        yield {"contributed": 0 if dry else done, "would_contribute": done if dry else 0, "skipped": skipped}

    def _chosen(self, given: Arguments) -> list[tuple[Holding, bool]]:
        """The holdings, and whether each was named itself rather than by its case."""
        case, digests = given.text("case", ""), given.texts("sha256")
        ids = [int(text) for text in given.texts("holdings")]
        if not (case or digests or ids):
            raise Misuse("nothing was chosen", remedy="name a case, holdings or SHA-256 digests")
        chosen: dict[int, Holding] = {}
        with self.store.read() as tx:
            after = 0
            while case and (page := tx.holdings(case=case, after=after, limit=_PAGE)):
                chosen |= {holding.id: holding for holding in page}
                after = page[-1].id
            found = [tx.holding(number) for number in ids]
            found += [tx.holding_by_sha256(bytes.fromhex(digest)) for digest in digests]
        for holding in found:
            if holding is None:
                raise NotFound("one of the holdings named is not here", remedy="`vigil ingest` takes material in first")
            chosen[holding.id] = holding
        named = {holding.id for holding in found if holding is not None}
        if not chosen:
            raise NotFound("no holding belongs to this case", remedy="check the case reference given at the ingest")
        return [(chosen[number], number in named) for number in sorted(chosen)]

    def _contribute(
        self,
        given: Arguments,
        holdings: list[tuple[Holding, bool]],
        dry: bool,  # noqa: FBT001 (one flag)
    ) -> list[Line]:
        lines: list[Line] = []
        drafts: list[Draft] = []
        handling = read_handling(Arguments(given.object("handling")))
        with self.store.read() as tx:
            taken_back = {holding.id for holding, _ in holdings if tx.setting(withdrawn(holding.id))}
        for holding, named in holdings:
            line: Line = {"holding": holding.id, "record": str(holding.record) if holding.record else None}
            lines.append(line)
            if holding.record is not None:
                line["state"] = "contributed before"
            elif holding.id in taken_back and not named:
                line["state"] = "retracted before: name it itself (--holding) to share it again"
            elif not any(f.contributable for f in holding.fingerprints):
                line["state"] = "nothing that may be shared"
            else:
                line["state"] = "would contribute" if dry else "contributed"
                statement = read_contribution(Arguments(given.object("statement")), holding)
                drafts.append(Draft(statement=statement, handling=handling, holding=holding.id))
        if drafts and not dry:
            ids = [draft.holding for draft in drafts]
            shared = perform(self.audit, "contribute", lambda: self.ledger.contribute(drafts), holdings=ids)
            records = dict(zip(ids, shared, strict=True))
            for line in lines:
                if line["holding"] in records:
                    line["record"] = str(records[line["holding"]])
        return lines

    async def _act(self, what: str, work: Callable[[], T], **about: object) -> T:
        return await asyncio.to_thread(lambda: perform(self.audit, what, work, **about))

    async def _looks(self, what: str, **at: object) -> None:
        body = {"what": what, **at, "at": int(self.clock())}
        await asyncio.to_thread(self.audit.append, AuditEntry(kind=Kind.AUDIT_SEARCH, body=body))

    async def correct(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record", "statement", "handling"} -> {"record": the new head}. What is not given stays as it was."""
        given = Arguments(arguments)
        record = await asyncio.to_thread(self._correct, given)
        yield {"record": str(record), "state": "corrected"}

    def _correct(self, given: Arguments) -> RecordId:
        target = self.resolve(given.text("record"))
        view = self.catalogue.record(target)
        if view is None or not isinstance(view.body, Contribution) or view.handling is None:
            raise NotFound("there is no such contribution in our own log, or it waits for its first checkpoint")
        statement = read_contribution(Arguments(given.object("statement")), None, before=view.body)
        handling = read_handling(Arguments(given.object("handling")), before=view.handling)
        return perform(
            self.audit, "correct", lambda: self.ledger.correct(target, statement, handling), record=str(target)
        )

    async def retract(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record", "reason"} -> {"record", "retraction", "state"}."""
        given = Arguments(arguments)
        reason = RETRACTION_REASONS.get(given.text("reason", "unstated"))
        if reason is None:
            raise Misuse("no such reason for a retraction", remedy="one of: " + ", ".join(RETRACTION_REASONS))
        target = await asyncio.to_thread(self.resolve, given.text("record"))
        said = await self._act(
            "retract", lambda: self.ledger.retract(target, reason), record=str(target), reason=reason.name.lower()
        )
        yield {
            "record": str(target),
            "retraction": str(said) if said else None,
            "state": "retracted" if said else "forgotten before it left",
        }

    async def opine(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record", "verdict", "note"} -> {"record", "state"}."""
        given = Arguments(arguments)
        verdict = _VERDICTS.get(given.text("verdict"))
        if verdict is None:
            raise Misuse("an opinion is one of: confirm, dispute")
        opinion = Opinion(verdict=verdict, note=given.text("note", ""))
        target = await asyncio.to_thread(self.resolve, given.text("record"))
        record = await self._act(
            "opine", lambda: self.ledger.opine(target, opinion), record=str(target), verdict=verdict.name.lower()
        )
        yield {"record": str(record), "about": str(target), "state": "said"}

    async def comment(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record", "text", "language"} -> {"record", "state"}."""
        given = Arguments(arguments)
        comment = Comment(text=given.text("text"), language=given.text("language", ""))
        target = await asyncio.to_thread(self.resolve, given.text("record"))
        record = await self._act("comment", lambda: self.ledger.comment(target, comment), record=str(target))
        yield {"record": str(record), "about": str(target), "state": "said"}

    async def records(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member", "mine", "record", "after", "limit"} -> a line a record, newest last."""
        given = Arguments(arguments)
        limit = given.whole("limit", 100)
        if given.text("record", ""):
            target = await asyncio.to_thread(self.resolve, given.text("record"))
            await self._looks("record", record=str(target))
            view = await asyncio.to_thread(self.catalogue.record, target)
            if view is None:
                raise NotFound(
                    "this record waits for its place in the log", remedy="it gets one once the hub was reached"
                )
            yield record_line(view, whole=True)
            return
        wanted = member_id(given.text("member")) if given.text("member", "") else None
        await self._looks("records", member=wanted or "", mine=given.flag("mine"), limit=limit)
        for origin in await asyncio.to_thread(self._origins):
            if (wanted and origin.member != wanted) or (given.flag("mine") and origin.member != self.own.member):
                continue
            after = given.whole("after", 0)
            for view in await asyncio.to_thread(self.catalogue.records, origin, after=after, limit=limit):
                yield record_line(view, whole=False)

    def _origins(self) -> list[Origin]:
        with self.store.read() as tx:
            return sorted(log.origin for log in tx.logs() if log.origin.stream == "log")

    async def evidence(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record"} -> {"record", "size", "evidence": base64 of the proof file}."""
        target = await asyncio.to_thread(self.resolve, Arguments(arguments).text("record"))
        await self._looks("evidence", record=str(target))
        size, data = await asyncio.to_thread(self.evidence_of, target)
        yield {"record": str(target), "size": size, "evidence": base64.b64encode(data).decode("ascii")}

    def resolve(self, text: str) -> RecordId:
        """Blocking. A record by its id, or by a prefix of its leaf hash. Raises `Misuse`, `NotFound`, `Refused`."""
        if "#" in text:
            return RecordId.parse(text)
        if len(text) < MIN_PREFIX or any(c not in "0123456789abcdef" for c in text):
            raise Misuse(
                "not a record",
                remedy=f"give its id (<origin>#<64 hex digits>) or the first {MIN_PREFIX} digits of its hash",
            )
        found: list[RecordId] = []
        with self.store.read() as tx:
            for log in tx.logs():
                if log.origin.stream == "log":
                    found += records_with_prefix(tx, log, text)
        if not found:
            raise NotFound("no record here begins with these digits")
        if len(found) > 1:
            raise Refused("several records begin with these digits", remedy="give more of them")
        return found[0]


def record_line(view: RecordView, *, whole: bool) -> Line:
    """One record as a person reads it; `whole` adds its fingerprints and what others said of it."""
    body = view.body
    line: Line = {
        "record": str(view.record),
        "index": view.index,
        "kind": Kind(view.kind).name.lower() if view.kind in Kind._value2member_map_ else "not understood",
        "state": view.state.name.lower().replace("_", "-"),
        "issued_day": view.issued_day,
        "expiry_day": view.expiry_day or None,
        "open": view.open,
        "target": str(view.target) if view.target else None,
        "superseded": view.replaced,
        "reason": view.reason or None,
        "category": category_line(body.category) if isinstance(body, (Contribution, Opinion)) else None,
        "series": (body.series or None) if isinstance(body, Contribution) else None,
        "says": _says(body),
        "remarks": len(view.remarks),
    }
    if whole:
        line["fingerprints"] = (
            [fingerprint_line(f) for f in body.fingerprints] if isinstance(body, Contribution) else []
        )
        line["remarks"] = [
            {"member": remark.speaker.member, "kind": Kind(remark.kind).name.lower(), "says": _says(remark.body)}
            for remark in view.remarks
        ]
        handling = view.handling
        line["handling"] = handling and {
            "audience": "everyone" if handling.audience is None else list(handling.audience),
            "purposes": list(handling.purposes),
            "code": handling.code,
        }
    return line


def _says(body: Body | None) -> str | None:
    """A body in a few words."""
    if isinstance(body, Contribution):
        return f"{len(body.fingerprints)} fingerprints of {body.media_type or 'a thing'}"
    if isinstance(body, Opinion):
        return body.verdict.name.lower() + (f": {body.note}" if body.note else "")
    if isinstance(body, Comment):
        return body.text
    if isinstance(body, Sealed):
        return "sealed: this version cannot open it"
    if isinstance(body, NotUnderstood):
        return "of a later version: not understood"
    return None if body is None else body.reason.name.lower()
