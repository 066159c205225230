"""`vigil match`, `vigil query` and `vigil queries`: look here, ask the others, look a question up again.

Rules this module upholds:

- A line a hit, as soon as it is known; then one summary.
- `query` ends in a table with one state for every member that was expected, and exit code 3 where any did not answer.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, Common, common
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.subjects import Asked, Failures, count_subjects, read_asked, subjects
from node.cli.words import (
    count,
    hit_words,
    moment,
    new_table,
    outcome_note,
    outcome_words,
    speaker,
    state_words,
    unanswered,
)
from node.errors import Misuse

DEFAULT_BUDGET: Final = 5.0
"""Seconds that a query waits for its members."""
DEFAULT_PURPOSE: Final = "victim-identification"
DEFAULT_ROLE: Final = "investigator"
_MAY_COME: Final = frozenset({"held", "offline", "timeout"})
"""States after which an answer may still come in."""
_LISTED: Final = 20


class Rule(StrEnum):
    """How near counts as a match."""

    POLICY = "policy"
    EXACT = "exact"


Subjects = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH|ALGORITHM:HEX",
        help="Pictures, videos, folders, or hashes. 64 digits without an algorithm are a PDQ. "
        "For a file with such a name write ./NAME.",
        show_default=False,
    ),
]
RuleOption = Annotated[
    Rule, typer.Option("--rule", help="policy: the federation's radius; exact: only equal digests and distance 0.")
]
HashFile = Annotated[
    Path | None,
    typer.Option(
        "--hashes",
        metavar="FILE",
        parser=options.path,
        help="A text file of further hashes: one ALGORITHM:HEX per line; # starts a comment.",
    ),
]
ShowAll = Annotated[
    bool, typer.Option("--show-all", help="Show also what the allow-list of known-harmless files hides (vigil allow).")
]


def _no_radius(value: str | None) -> None:
    """Says why there is no such option, rather than that there is none."""
    if value is not None:
        raise Misuse(
            "the federation's policy sets the radius, the same for every member; you cannot choose another",
            remedy="leave out --radius; --rule exact matches only equal digests and distance 0",
        )


Radius = Annotated[str | None, typer.Option("--radius", hidden=True, callback=_no_radius)]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, max=1024, help="Number of decoding processes. Default: one per processor."),
]


def register(app: typer.Typer) -> None:
    """Adds the commands to the command tree."""
    app.command("match", cls=Command)(match)
    app.command("query", cls=Command)(query)
    app.command("queries", cls=Command)(queries)


def match(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    asked: Subjects = None,
    rule: RuleOption = Rule.POLICY,
    case: Annotated[str, typer.Option("--case", help="Our case reference, for the audit log.")] = "",
    hashes: HashFile = None,
    show_all: ShowAll = False,
    workers: Workers = None,
    _radius: Radius = None,
) -> None:
    """Look pictures, videos or hashes up here: among our holdings and every member's records.

    Pictures and videos are searched in all eight orientations, with and without plain borders; bare hashes as they are.
    A picture is also held against the frames of videos, and the other way round. Hits are shown as they are found.
    Nothing leaves this machine. A hit is a lead for a person to look at, never a verdict.
    """
    given = common(ctx)
    failures = Failures(output=given.output)
    told = read_asked(asked or (), hashes)
    printer = _Printer(given)
    arguments: Line = {"rule": rule.value, "case": case} | ({"show_all": True} if show_all else {})
    with given.session() as session, given.output.progress("matching", lambda: count_subjects(told)) as advance:
        items = subjects(told, failures, workers, advance)
        for line in session.run("match", arguments, items):
            printer.line(line)
    if failures.count:
        raise typer.Exit(ExitCode.ERROR)


def query(
    ctx: typer.Context,
    *,
    asked: Subjects = None,
    case: Annotated[str, typer.Option("--case", help="Our case reference.", show_default=False)],
    legal_basis: Annotated[
        str, typer.Option("--legal-basis", help="The law that allows the question.", show_default=False)
    ],
    purpose: Annotated[str, typer.Option("--purpose", help="What it is for.")] = DEFAULT_PURPOSE,
    officer_role: Annotated[
        str, typer.Option("--officer-role", help="The role of the officer who asks.")
    ] = DEFAULT_ROLE,
    to: Annotated[
        options.Members | None,
        typer.Option("--to", metavar="FR,JP", parser=options.members, help="Ask only these members. Default: all."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget", metavar="TIME", parser=options.duration, help="How long to wait for answers. Default: 5s."
        ),
    ] = None,
    rule: RuleOption = Rule.POLICY,
    hashes: HashFile = None,
    show_all: ShowAll = False,
    workers: Workers = None,
    _radius: Radius = None,
) -> None:
    """Ask the federation about pictures, videos or hashes, after looking here first.

    Only hashes leave, signed, with case, purpose and legal basis, which every member asked keeps in its audit log.
    Answers are shown as they come; the closing table has one state for each member. Exit code 3: some member asked gave
    neither hit nor no-hit, so the question is not answered in full. Later answers: vigil queries ID.
    """
    given = common(ctx)
    failures = Failures(output=given.output)
    items = _all_subjects(given, read_asked(asked or (), hashes), failures, workers)
    if not items:
        given.output.error("nothing is left to ask about", "give at least one file that can be read, or a hash")
        raise typer.Exit(ExitCode.ERROR)
    arguments: Line = {
        "case": case,
        "purpose": purpose,
        "legal_basis": legal_basis,
        "officer_role": officer_role,
        "to": list(to or ()),
        "rule": rule.value,
        "budget": DEFAULT_BUDGET if budget is None else budget,
    } | ({"show_all": True} if show_all else {})
    printer = _Printer(given)
    with given.session() as session:
        for line in session.run("query", arguments, items):
            printer.line(line)
    if failures.count:
        raise typer.Exit(ExitCode.ERROR)
    if not printer.complete:
        raise typer.Exit(ExitCode.PARTIAL)


def _all_subjects(given: Common, told: Asked, failures: Failures, workers: int | None) -> list[Line]:
    """Every subject, made before the question is signed: what cannot be read is known before anything leaves."""
    with given.output.progress("fingerprinting", lambda: count_subjects(told)) as advance:
        return list(subjects(told, failures, workers, advance))


class _Printer:
    """Prints the lines of a match or a query; `complete` says whether every member asked has answered."""

    def __init__(self, given: Common) -> None:
        self.complete = False
        self._output = given.output
        self._label: str | None = None
        self._outcomes: dict[str, Line] = {}

    def line(self, line: Line) -> None:
        """One line, whatever it is: a hit, a member's outcome, or the summary."""
        if "outcomes" in line:
            self.complete = bool(line["complete"])
            self._output.line(line)
            self._close(line)
        elif "outcome" in line:
            self._outcomes[line["member"]] = line
            self._label = None
            self._output.line(line, outcome_words)
        elif "searched" in line:
            self._output.line(line, _searched_words)
        elif "not_asked" in line:
            self._output.line(line, lambda line: f"{plain(line['subject'])}\n  not asked: {plain(line['not_asked'])}")
        else:
            self._output.line(line, self._hit_words)

    def _hit_words(self, hit: Line) -> str:
        """A hit, under its subject where that is another than before; in a query with who found it.

        Both at once, so that no line of a file that could not be read comes between them.
        """
        where = hit.get("where")
        says = {None: "", "here": ", found here"}.get(where, f", found by {where}")
        label = plain(hit["subject"]) + plain(says)
        words = hit_words(hit)
        if label != self._label:
            self._label = label
            return f"{label}\n{words}"
        return words

    def _close(self, summary: Line) -> None:
        table = new_table("Member", "State", "Hits", "To know", right=("Hits",), folds=("To know",))
        for member, state in summary["outcomes"].items():
            known = self._outcomes.get(member, {"outcome": state, "reason": summary.get("reasons", {}).get(member)})
            hits = known.get("hits")
            table.add_row(plain(member), state_words(state), "" if hits is None else str(hits), outcome_note(known))
        here, silent = summary["local_hits"], unanswered(summary["outcomes"])
        self._output.say(f"\nQuery {summary['query']}")
        if summary["outcomes"]:
            self._output.say(table)
        self._output.say(f"{count(summary['hits'], 'hit')}: {here} here, {summary['hits'] - here} from other members.")
        if hidden := _hidden_words(summary):
            self._output.say(hidden)
        if summary.get("not_asked"):
            left = count(summary["not_asked"], "subject")
            self._output.say(f"Not asked about, as known to be harmless: {left}. To ask all the same: --show-all")
        if summary["reduced"]:
            self._output.say("Reduced: a hash without its file was searched only as it is, not turned.")
        if not self.complete:
            self._output.say(f"Not answered in full: {plain(', '.join(silent))}. No answer is not a no-hit.")
        if _MAY_COME.intersection(summary["outcomes"].values()):
            self._output.note(f"To see late answers: vigil queries {summary['query']}")


def _searched_words(summary: Line) -> str:
    searched = [f"{speaker(origin)} {number:,}" for origin, number in sorted(summary["searched"].items())]
    words = [f"{count(summary['hits'], 'hit')}. Searched: {', '.join(searched) or 'nothing yet'}."]
    words += [hidden] if (hidden := _hidden_words(summary)) else []
    if summary.get("files"):
        pace = f"{summary['seconds']:.1f} s, {summary['files_per_second']:.1f} a second"
        share = f"the search took {summary['search_share']:.1%} of the time"
        words.append(f"{count(summary['files'], 'file')} in {pace}; {share}.")
    return "\n".join(words)


def _hidden_words(summary: Line) -> str:
    """How many hits the allow-list has hidden; "" where none."""
    hidden = summary.get("hidden")
    return f"{count(hidden, 'hit')} hidden, as known to be harmless. To see them: --show-all" if hidden else ""


def queries(
    ctx: typer.Context,
    query_id: Annotated[
        str | None, typer.Argument(metavar="ID", parser=options.query_id, help="One query. Default: the last ones.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many to list.")] = _LISTED,
) -> None:
    """Show what was asked and what came back, answers that came late included and labelled."""
    given = common(ctx)
    found = False
    with given.session() as session:
        for line in session.run("queries", {"query": query_id or "", "limit": limit}):
            found = True
            given.output.line(line, _queries_words)
    if not found:
        given.output.note("no query was asked yet")


def _queries_words(line: Line) -> str:
    if "asked_at" in line:
        ended = "" if line["closed_at"] else ", not closed"
        return f"{line['query']}  {moment(line['asked_at'])}  {plain(line['purpose'])}{ended}"
    return "  " + outcome_words(line) if "outcome" in line else "  " + hit_words(line).replace("\n", "\n  ")
