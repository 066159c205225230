"""One hit in full, and decisions about hits.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- One hit that cannot be decided about stops only itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.hit_lines import stored_hit_line
from node.control.lines import hit_line
from node.control.list_lines import listed_line
from node.control.record_lines import published_line, record_line
from node.control.review_words import decision_line, read_decision, read_state, state_line
from node.control.statements import read_verdict
from node.domain.hit_names import read_hit_name
from node.errors import VigilError
from node.usecases.reviewing import Judgement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.hit_details import HitDetail
    from node.usecases.reviewing import Decided, Reviewing


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCommands:
    """`vigil hits show` and `vigil review`."""

    reviewing: Reviewing

    async def hit_show(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"hit"} -> {"hit", "holding", "cases", "state", "new", "decisions", "history", "earlier", "on": a line of
        `hits-list` for a hit on a record, "record": as `records`, "evidence", "row", "list", "other"}; what does not
        apply is null. Raises `NotFound`, `Misuse`.
        """
        name = read_hit_name(Arguments(arguments).text("hit"))
        yield _detail_line(await self.reviewing.detail(name))

    async def review(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"decision", "note", "abroad", "hits": [{"hit", "if_state", "if_decisions"}]} -> one line per hit: {"hit",
        "before", "state", "decisions", "followed", "opinion", "publication", "why", "unsaid", "error", "remedy",
        "kind"}; what does not apply is null.

        "if_state" and "if_decisions": what the officer saw. "abroad": "confirm" or "dispute" states an opinion about
        the record. "error": this hit was not decided about, with its "remedy" and the "kind" of the error.
        """
        given = Arguments(arguments)
        state, note = read_decision(given.text("decision")), given.text("note", "")
        abroad = read_verdict(given.text("abroad")) if given.text("abroad", "") else None
        for each in given.objects("hits"):
            wanted = Arguments(each)
            judgement = Judgement(
                state=state,
                seen=read_state(wanted.text("if_state")),
                seen_decisions=wanted.whole("if_decisions") if wanted.has("if_decisions") else None,
                note=note,
                abroad=abroad,
            )
            yield await self._decided_line(wanted.text("hit"), judgement)

    async def _decided_line(self, text: str, judgement: Judgement) -> Line:
        line: Line = dict.fromkeys(("before", "state", "decisions", "followed", "opinion", "publication", "why"))
        line |= {"hit": text} | dict.fromkeys(("unsaid", "error", "remedy", "kind"))
        try:
            decided = await self.reviewing.decide(read_hit_name(text), judgement)
        except VigilError as error:
            return line | {"error": str(error), "remedy": error.remedy or None, "kind": error.kind}
        return line | _decision_made_line(decided)


def _decision_made_line(decided: Decided) -> Line:
    line: Line = {
        "before": decided.before.name.lower(),
        "state": decided.state.name.lower(),
        "decisions": decided.decisions,
        "followed": decided.followed,
    }
    if decided.said is not None:
        said = decided.said
        line |= {"opinion": str(said.record)} | published_line(said.record, said.settled)
    if decided.unsaid is not None:
        line |= {"unsaid": str(decided.unsaid), "remedy": decided.unsaid.remedy or None}
    return line


def _detail_line(detail: HitDetail) -> Line:
    at = detail.at
    return {
        "hit": str(detail.name),
        "holding": at.holding.id,
        "cases": list(at.holding.cases),
        **state_line(at.state),
        "decisions": at.decisions,
        "history": [decision_line(each) for each in detail.decisions],
        "earlier": [decision_line(each) for each in detail.earlier],
        "on": stored_hit_line(detail.shown) if detail.shown else None,
        "record": record_line(detail.record, whole=True) if detail.record else None,
        "evidence": hit_line(None, detail.evidence) | {"signed": False} if detail.evidence else None,
        "row": listed_line(at.row, at.of.head) if at.row is not None and at.of is not None else None,
        "list": at.of.name if at.of is not None else None,
        "other": at.other.id if at.other is not None else None,
    }
