"""`vigil case note`, `notes` and `timeline`.

Rules this module upholds:

- A note can be read from standard input, because other users of the machine can see the words of a command line.
- Texts go through `plain`; the lines of a note are indented, so that it cannot pass for other output.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli.case_work import CaseArgument
from node.cli.common import Command, common, one
from node.cli.output import Line, Words, plain
from node.cli.texts import text_or_input
from node.cli.words import SHORT, below, count, moment

_LISTED: Final = 50
_THINGS: Final = {
    "ingested": "holding",
    "holdings deleted": "holding",
    "categorised": "holding",
    "asked": "subject",
    "watched": "subject",
    "answers": "hit",
    "shared": "holding",
    "corrected": "holding",
    "retracted": "holding",
    "hits": "hit",
    "hits reviewed": "hit",
    "consulted": "message",
}
"""What the number of an event counts."""


def add_to(group: typer.Typer) -> None:
    """Adds the commands to `vigil case`."""
    group.command("note", cls=Command)(note)
    group.command("notes", cls=Command)(notes)
    group.command("timeline", cls=Command)(timeline)


def note(
    ctx: typer.Context,
    case: CaseArgument,
    text: Annotated[
        str | None,
        typer.Argument(metavar="[TEXT]", help="The note. Without it, standard input is read.", show_default=False),
    ] = None,
    edit: Annotated[
        int | None,
        typer.Option("--edit", metavar="N", min=1, help="Write a new version of note N. The former ones stay."),
    ] = None,
) -> None:
    """Write a note about a case, or a new version of a note."""
    given = common(ctx)
    arguments: Line = {"case": case, "text": text_or_input(text, given.output, "note")} | (
        {"edit": edit} if edit is not None else {}
    )
    with given.session() as session:
        line = one(session.run("case-note", arguments))
    given.output.line(line, lambda line: f"Note {line['note']}, version {line['version']}, is stored.")


def notes(
    ctx: typer.Context,
    case: CaseArgument,
    number: Annotated[
        int | None, typer.Option("--note", metavar="N", min=1, help="All versions of note N, the first one first.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="Show at most N.")] = _LISTED,
    before: Annotated[int, typer.Option("--before", metavar="N", min=0, help="Show the notes before note N.")] = 0,
) -> None:
    """Show the notes of a case, the newest first, each with its newest version."""
    given = common(ctx)
    arguments: Line = {"case": case, "limit": limit, "before": before}
    end = _print(ctx, "case-notes", {"case": case, "note": number} if number is not None else arguments, note_words)
    if not end["listed"]:
        given.output.note("no notes" if not before else "no more notes")
    if end["next"]:
        given.output.note(f"There are more. The next ones: --before {end['next']}")


def timeline(
    ctx: typer.Context,
    case: CaseArgument,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="Show at most N.")] = _LISTED,
    before: Annotated[
        str, typer.Option("--before", metavar="PLACE", help="Show what happened before this place.")
    ] = "",
) -> None:
    """Show what happened in a case, the newest first: ingests, hits, queries, answers, contributions, decisions.

    Similar acts of one officer within an hour are one line.
    """
    given = common(ctx)
    end = _print(ctx, "case-timeline", {"case": case, "limit": limit, "before": before}, _event_words)
    if not end["listed"]:
        given.output.note("nothing happened in this case" if not before else "nothing happened before that")
    if end["next"]:
        given.output.note(f"There is more. Go on with: --before {plain(end['next'])}")


def _print(ctx: typer.Context, command: str, arguments: Line, words: Words) -> Line:
    """Prints the lines of a command; returns its last line."""
    given = common(ctx)
    end: Line = {}
    with given.session() as session:
        for line in session.run(command, arguments):
            given.output.line(line, None if "listed" in line else words)
            end = line
    return end


def note_words(line: Line) -> str:
    """A note: who wrote it and when, and its text in indented lines."""
    who = plain(line["officer"] or "nobody named")
    version = f", version {line['version']}" if line["version"] > 1 else ""
    head = f"  note {line['note']}{version}, {who}, {moment(line['at'])}:"
    text = "its text cannot be read" if line["damaged"] else line["text"]
    return "\n".join([head, *(below(4, plain(each)) for each in text.split("\n"))])


def _event_words(line: Line) -> str:
    what = plain(line["event"])
    thing = _THINGS.get(line["event"])
    words = [f"{what}: {count(line['count'], thing)}" if thing else what]
    if line["about"] and line["event"] in ("noted", "note edited"):
        words[0] = f"{what}: note {plain(line['about'])}"
    elif line["about"] and line["event"] == "consulted":
        words.append(f"thread {plain(line['about'][:SHORT])}")
    elif line["about"]:
        words.append(f"query {plain(line['about'])}")
    words += [f"outcome: {plain(line['outcome'])}"] if line["outcome"] else []
    if line["question"]:
        states = ", ".join(f"{members:,} {plain(state)}" for state, members in line["question"]["outcomes"].items())
        words += [states or "no answer yet"] + ([] if line["question"]["closed"] else ["not closed"])
    who = f", {plain(line['officer'])}" if line["officer"] else ""
    until = f" to {moment(line['until'])}" if moment(line["until"]) != moment(line["at"]) else ""
    return f"{moment(line['at'])}{until}{who}: {'; '.join(words)}"
