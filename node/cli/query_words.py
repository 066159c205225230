"""The text of a running query for people, and its closing table.

Rules this module upholds:

- The plan of a query about files or hashes is not printed if it fits one part: scripts know these lines.
- The text says that an answer may still come only for members that received the query.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

from node.cli.examined import files_words
from node.cli.output import Line, Output, plain
from node.cli.search import FROM_HOLDINGS, HitWords, hidden_words
from node.cli.search_words import aside_words, grouped_words, subject_name
from node.cli.words import count, join, new_table, outcome_note, outcome_words, state_words, unanswered

if TYPE_CHECKING:
    from types import TracebackType

    from rich.table import Table

    from node.cli.output import Advance

_GOT_IT: Final = frozenset({"held", "timeout"})
"""States of a member that received the query and may still answer it. An offline member never received it."""
_NOT_REACHED: Final = frozenset({"offline", "not-asked", "error", "refused", "timeout"})
"""States for which asking again helps."""
_LEVELS: Final = {"national": "national", "hit-no-hit": "hit/no-hit", "shared": "shared"}


class QueryPrinter:
    """Prints the lines of a query; `complete` says whether every member that was asked has answered. A context manager.

    `plain_question`: the query is about given files or hashes.
    """

    def __init__(self, output: Output, *, plain_question: bool) -> None:
        self.complete = False
        self._output = output
        self._plain_question = plain_question
        self._hit_words = HitWords()
        self._outcomes: dict[str, Line] = {}
        self._plan: Line | None = None
        self._asked: list[str] = []
        self._drawn = ExitStack()
        self._advance: Advance | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drawn.close()

    def line(self, line: Line) -> None:
        """Prints one line of any kind."""
        if "outcomes" in line:
            self.complete = bool(line["complete"])
            self._drawn.close()
            self._output.line(line)
            self._close(line)
        elif "asking" in line:
            self._begin(line)
        elif "part" in line:
            self._part(line)
        elif "waiting_seconds" in line:
            self._output.line(line, _waiting_words)
        elif "outcome" in line:
            self._outcomes[line["member"]] = line
            self._hit_words.interrupt()
            self._output.line(line, outcome_words)
        elif "not_asked" in line:
            self._output.line(line, lambda line: f"{subject_name(line)}\n  not asked: {plain(line['not_asked'])}")
        elif "left_out" in line:
            self._output.line(line, _thinned_words)
        else:
            self._output.line(line, self._hit_words)

    @property
    def _simple(self) -> bool:
        return self._plain_question and (self._plan is None or self._plan["parts"] == 1)

    def _begin(self, plan: Line) -> None:
        self._plan = plan
        if self._simple:
            return
        self._output.line(plan, _plan_words)
        if plan["parts_to_ask"] > 1:
            self._advance = self._drawn.enter_context(self._output.progress("parts asked", plan["parts_to_ask"]))

    def _part(self, part: Line) -> None:
        if self._advance and self._asked:
            self._advance()
        self._asked.append(part["query"])
        self._hit_words.interrupt()
        if not self._simple:
            self._output.line(part, _part_words if part["parts"] > 1 else None)

    def interrupted(self) -> None:
        """Ctrl-C: prints what was asked, and how to continue."""
        plan = self._plan
        asked, parts = len(self._asked), plan["parts_to_ask"] if plan else 0
        summary = {
            "query": plan["asking"] if plan else None,
            "interrupted": True,
            "parts": plan["parts"] if plan else None,
            "parts_asked": asked,
            "queries": self._asked,
        }
        self._output.line(summary)
        if plan is None:
            self._output.note("Interrupted before anything was asked.")
            return
        said = f"{asked} of {count(parts, 'part')} went out" if parts > 1 else "the question went out" if asked else ""
        self._output.note(f"Interrupted: {said or 'nothing went out'}. The answers that came are kept.")
        self._output.note(f"To see them: vigil queries {plan['asking']}")
        self._output.note(f"To continue: vigil query --resume {plan['asking']}")

    def _close(self, summary: Line) -> None:
        self._output.say(f"\nQuery {summary['query']}")
        if summary["outcomes"]:
            self._output.say(self._table(summary))
        here = summary["local_hits"]
        self._output.say(f"{count(summary['hits'], 'hit')}: {here} here, {summary['hits'] - here} from other members.")
        if summary.get("files"):
            inside = {name: summary[f"file_{name}"] for name in ("parts", "parts_unreadable")}
            self._output.say(f"{files_words(summary | inside)}.")
        if hidden := hidden_words(summary):
            self._output.say(hidden)
        for words in (*grouped_words(summary), *aside_words(summary), *_left_out_words(summary)):
            self._output.say(words)
        if summary.get("not_asked"):
            left = count(summary["not_asked"], "subject")
            self._output.say(
                f"Not asked about, because they are known to be harmless: {left}. To ask about them anyway: --show-all"
            )
        if summary["reduced"]:
            self._output.say("Reduced: a bare hash was searched as it is, not turned or mirrored.")
        if summary.get("from_case"):
            self._output.say(FROM_HOLDINGS)
        if summary.get("changed"):
            self._output.say(_changes_words(summary))
        if not self.complete:
            silent = unanswered(summary["outcomes"])
            self._output.say(
                f"Incomplete. No hit or no-hit from: {plain(', '.join(silent))}. No answer is not a no-hit."
            )
        self._say_what_next(summary)

    def _table(self, summary: Line) -> Table:
        parts = summary.get("parts", 1)
        columns = ["Member", "State", "Parts answered", "Hits", "To know"]
        if parts == 1:
            columns.remove("Parts answered")
        table = new_table(*columns, right=("Hits",), folds=("To know",))
        coverage = summary.get("coverage", {})
        for member, state in summary["outcomes"].items():
            covered = coverage.get(member, {})
            known = self._known(member, state, summary, parts)
            hits = known.get("hits") if parts == 1 else covered.get("hits") if covered.get("answered") else None
            row = [plain(member), state_words(state)]
            row += [f"{covered.get('answered', 0)} of {parts}"] if parts > 1 else []
            table.add_row(*row, "" if hits is None else str(hits), outcome_note(known))
        return table

    def _known(self, member: str, state: str, summary: Line, parts: int) -> Line:
        """The last note about a member, if it is about the state that the member has over all parts."""
        told = self._outcomes.get(member)
        if told and (parts == 1 or told["outcome"] == state or not unanswered({member: state})):
            return told
        return {"outcome": state, "reason": summary.get("reasons", {}).get(member)}

    def _say_what_next(self, summary: Line) -> None:
        states = set(summary["outcomes"].values())
        unasked = summary.get("parts", 1) - summary.get("parts_asked", 1)
        if unasked:
            self._output.note(f"{count(unasked, 'part')} not asked yet: vigil query --resume {summary['query']}")
        unsigned = any(each["outcome"] == "error" and each["searched"] is None for each in self._outcomes.values())
        if states & _GOT_IT or unsigned:
            self._output.note(f"Answers that come later: vigil queries {summary['query']}")
        if not unasked and not self.complete and states & _NOT_REACHED:
            self._output.note(f"To ask again: vigil query --again {summary['query']}")


def _left_out_words(summary: Line) -> list[str]:
    left = count(summary.get("left_out") or 0, "frame")
    words = f"Left out, so that the query fits: {left} of videos. The members were not asked about these frames."
    return [words] if summary.get("left_out") else []


def _thinned_words(line: Line) -> str:
    asked = line["fingerprints"] - line["left_out"]
    return f"{subject_name(line)}\n  asked about in part: {asked:,} of its {line['fingerprints']:,} fingerprints"


def _plan_words(plan: Line) -> str:
    about = count(plan["subjects"], "subject")
    if plan["from_case"]:
        about = f"{count(plan['subjects'], 'holding')} of case {plain(plan['case'])}"
    words = [f"Query {plan['asking']}: asking {join(plan['members']) or 'nobody'} about {about}."]
    leave = f"Fingerprints that leave this node: {plan['fingerprints']:,}"
    if plan["levels"]:
        each = [f"{number:,} of {_LEVELS.get(level, level)} holdings" for level, number in plan["levels"].items()]
        leave += f" ({join(each)})"
    words.append(f"{leave}.")
    if plan["parts"] > 1:
        asked = "" if plan["parts_to_ask"] == plan["parts"] else f", {plan['parts_to_ask']} of them now"
        words.append(f"It takes {plan['parts']} parts{asked}, because the policy limits what one query may ask.")
    return " ".join(words)


def _part_words(part: Line) -> str:
    what = f"{count(part['subjects'], 'subject')}, {count(part['fingerprints'], 'fingerprint')}"
    return f"Part {part['part']} of {part['parts']} ({part['query']}): {what}"


def _waiting_words(line: Line) -> str:
    return f"Waiting {line['waiting_seconds']:.0f} s: {plain(line['because'])}."


def _changes_words(summary: Line) -> str:
    """What has changed since the time before."""
    changed = summary["changed"]
    words = [
        f"{plain(member)}: {state_words(before or 'not expected')}, now {state_words(now or 'not expected')}"
        for member, (before, now) in changed["outcomes"].items()
    ]
    words += [f"{count(changed['new_hits'], 'new hit')}"] if changed["new_hits"] else []
    gone = changed["gone_hits"]
    words += [f"{count(gone, 'hit')} no longer there"] if gone else []
    return f"Since query {summary['again']}: {'; '.join(words) or 'nothing changed'}."
