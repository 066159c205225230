"""`vigil queries`: past questions, their subjects, and their answers.

Rules this module upholds:

- A question is shown with its terms; a single question also with its subjects. Hits are listed under their subject.
- A refused answer is named as evidence. Its contents are not shown.
- A late answer is labelled "late".
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, common
from node.cli.output import Line, plain
from node.cli.search_words import hit_words, subject_name
from node.cli.words import count, join, kind_words, moment, outcome_words

_LISTED: Final = 20


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("queries", cls=Command)(queries)


def queries(
    ctx: typer.Context,
    query_id: Annotated[
        str | None,
        typer.Argument(
            metavar="ID", parser=options.query_id, help="One query, or one part of it. Default: the latest queries."
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many to list.")] = _LISTED,
) -> None:
    """Show past questions and their answers. Late answers are marked.

    With an ID: also its subjects, as they were typed. To ask it again: vigil query --again ID.
    """
    given = common(ctx)
    words = _Words()
    found = False
    with given.session() as session:
        for line in session.run("queries", {"query": query_id or "", "limit": limit}):
            found = True
            given.output.line(line, words)
    if not found:
        given.output.note("no query was asked yet")


class _Words:
    """The lines of the history, in order. The subject is printed above its first hit."""

    def __init__(self) -> None:
        self._label: str | None = None
        self._parts: dict[str, str] = {}

    def __call__(self, line: Line) -> str:
        if "asked_at" in line:
            self._label = None
            self._parts = {
                part["query"]: f"part {part['part']}: " if line["parts"] > 1 else "" for part in line["part_states"]
            }
            return _question_words(line)
        if "digest" in line:
            return _subject_words(line)
        if "refused_answer_of" in line:
            return (
                f"  Refused: an answer in the name of {plain(line['refused_answer_of'])}, kept as evidence "
                f"(SHA-256 {line['sha256']}; the bytes: --json)"
            )
        if "error" in line:
            return f"  {self._parts.get(line['query'], '')}cannot be read: {plain(line['error'])}"
        if "outcome" in line:
            self._label = None
            return f"  {self._parts.get(line['query'], '')}{outcome_words(line)}"
        words = "  " + hit_words(line).replace("\n", "\n  ")
        label, before = subject_name(line), self._label
        self._label = label
        return words if label == before or not label else f"    {label}\n{words}"


def _question_words(line: Line) -> str:
    officer = f"{plain(line['officer'])}, {plain(line['officer_role'])}" if line["officer"] else line["officer_role"]
    asked = join(line["recipients"] or line["members"] or ["all members"])
    about = f"{count(line['subjects'], 'subject')}, {count(line['fingerprints'], 'fingerprint')}"
    lines = [
        f"{line['query']}  {moment(line['asked_at'])}  {plain(line['purpose'])}{_state_words(line)}",
        f"  Case {plain(line['case'])}; legal basis: {plain(line['legal_basis'])}; asked by {plain(officer)}",
        f"  Asked {plain(asked)} about {about}" + (", the holdings of the case" if line["from_case"] else ""),
    ]
    if line["again"]:
        lines.append(f"  The same as query {plain(line['again'])}, asked again")
    if line.get("error"):
        lines.append(f"  What was asked cannot be read: {plain(line['error'])}")
    if not line["closed_at"]:
        lines.append(f"  To continue: vigil query --resume {line['query']}")
    return "\n".join(lines)


def _state_words(line: Line) -> str:
    if line["closed_at"]:
        return ""
    closed = sum(part["state"] == "closed" for part in line["part_states"])
    return f", not closed: {closed} of {line['parts']} parts have all answers" if line["parts"] > 1 else ", not closed"


def _subject_words(line: Line) -> str:
    kinds = [kind_words(name) + (f" x {number:,}" if number > 1 else "") for name, number in line["kinds"].items()]
    label = plain(line["subject"])
    digest = "" if label == line["digest"] else f"\n      {plain(line['digest'])}"
    return f"    {label}  ({join(kinds)}){digest}"
