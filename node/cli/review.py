"""`vigil review`: decides about hits.

Rules this module upholds:

- A decision names the state that it is made against. Without --if-state this is the state at the start of the command;
  if another officer decides meanwhile, the decision is refused, and the output says who decided what.
- Each hit has its own line. One that cannot be decided about does not stop the others.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from node.cli.common import Command, common, one
from node.cli.hit_words import State
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.statement_words import publication_words
from node.cli.words import count
from node.errors import Misuse, Refused, VigilError

if TYPE_CHECKING:
    from node.cli.common import Session

_NOTHING: Final[Line] = dict.fromkeys((
    "before", "state", "decisions", "followed", "opinion", "publication", "why", "unsaid",
))  # fmt: skip


class Choice(StrEnum):
    """What an officer decides."""

    CONFIRM = "confirm"
    REJECT = "reject"
    UNSURE = "unsure"


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("review", cls=Command)(review)


def review(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    hits: Annotated[
        list[str], typer.Argument(metavar="HIT...", help="The numbers of the hits: vigil hits.", show_default=False)
    ],
    decision: Annotated[
        Choice, typer.Argument(metavar="DECISION", help="confirm, reject or unsure.", show_default=False)
    ],
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="Why. The note stays on this node, and goes with the holding.")
    ] = "",
    opine: Annotated[
        bool, typer.Option("--opine", help="With confirm: also state abroad that we confirm the record.")
    ] = False,
    dispute: Annotated[
        bool,
        typer.Option("--dispute", help="With reject: also state abroad that the record itself is wrong."),
    ] = False,
    if_state: Annotated[
        State | None,
        typer.Option("--if-state", help="Decide only if the hit is in this state. Default: the state that it has now."),
    ] = None,
) -> None:
    """Confirm or reject hits, or say that you are unsure. Every decision stays in the history of the hit.

    A decision is about two files: our holding, and the file that the record or the row of the list is about. A rejected
    hit does not come back: not by another algorithm, not when the record is corrected, and not in another record of the
    same file. If the record is corrected to another file, the hit is new.

    A rejected hit does not dispute the record: it says that the record is not about our holding. To say abroad that the
    record itself is wrong, add --dispute.
    """
    given = common(ctx)
    if opine and dispute:
        raise Misuse("--opine and --dispute exclude each other", remedy="give one of them")
    abroad = "confirm" if opine else "dispute" if dispute else ""
    kinds: list[str] = []
    with given.session() as session:
        for hit in dict.fromkeys(hits):
            line = _decided(session, hit, if_state, {"decision": decision.value, "note": note, "abroad": abroad})
            given.output.line(line, _decided_words)
            if line["error"]:
                which = f"hit {plain(hit)}: " if len(hits) > 1 else ""
                given.output.error(f"{which}{line['error']}", line["remedy"] or "")
                kinds.append(line["kind"])
            elif line["unsaid"]:
                kinds.append(VigilError.kind)
    if kinds:
        raise typer.Exit(_exit_code(kinds))


def _decided(session: Session, hit: str, if_state: State | None, arguments: Line) -> Line:
    """The line of one decision; with an "error" if there is none."""
    try:
        seen: Line = {"if_state": if_state.value} if if_state else _seen(session, hit)
        return one(session.run("review", arguments | {"hits": [{"hit": hit} | seen]}))
    except VigilError as error:
        failed = {"hit": hit, "error": str(error), "remedy": error.remedy or None, "kind": error.kind}
        return _NOTHING | failed


def _seen(session: Session, hit: str) -> Line:
    shown = one(session.run("hit-show", {"hit": hit}))
    return {"if_state": shown["state"], "if_decisions": shown["decisions"]}


def _exit_code(kinds: list[str]) -> ExitCode:
    if Refused.kind in kinds:
        return ExitCode.REFUSED
    return ExitCode.USAGE if set(kinds) == {Misuse.kind} else ExitCode.ERROR


def _decided_words(line: Line) -> str | None:
    if line["error"]:
        return None
    words = [f"Hit {plain(line['hit'])} is {line['state']} (before: {line['before']})."]
    if line["followed"]:
        words.append(f"{count(line['followed'], 'other hit')} on the same file changed with it.")
    if line["opinion"]:
        words.append("Our opinion: " + publication_words(line, "published, the hub has confirmed it."))
    if line["unsaid"]:
        words.append(f"The opinion was not stated: {plain(line['unsaid'])}")
        words += [plain(line["remedy"])] if line["remedy"] else []
    return " ".join(words)
