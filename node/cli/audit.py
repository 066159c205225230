"""`vigil audit`: who searched, asked, answered and decided what, when, and on which legal basis.

Rules this module upholds:

- It reads the audit log of the home it is given, a node's or a hub's; nothing can be changed by it.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli.common import Command, common
from node.cli.output import Line, Output, plain
from node.cli.words import moment, new_table

_LISTED: Final = 50
_KNOWN: Final = frozenset({
    "index", "kind", "state", "at", "what", "outcome", "officer", "case", "legal_basis", "query",
    "error", "why", "ended_at",
})  # fmt: skip
"""What has a column of its own; the rest is shown together."""
_COLUMNS: Final = ("Entry", "When", "What", "Outcome", "Officer", "Case", "Legal basis", "More")
_ALWAYS: Final = ("Entry", "When", "What")
_FOLDED: Final = ("Officer", "Legal basis", "More")


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("audit", cls=Command)(audit)


def audit(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="Maximum number of entries.")] = _LISTED,
    after: Annotated[
        int | None,
        typer.Option("--after", metavar="INDEX", min=0, help="First entry to show. Default: the newest entries."),
    ] = None,
) -> None:
    """Read the audit log of this node or hub, oldest first. That you read it is in it, too.

    A question is shown by its number, case and legal basis, never with its fingerprints. An administrative act is shown
    with its outcome: done, refused, failed, or unknown if the program ended in the middle. What is past its retention
    is a line that says so.
    """
    given = common(ctx)
    found: list[Line] = []
    with given.session() as session:
        for line in session.run("read-audit", {"limit": limit, "after": after}):
            given.output.line(line)
            if not given.output.json:
                found.append(line)
    if found:
        _print_table(given.output, found)
    elif not given.output.json:
        given.output.note("the audit log has no entries yet")


def _print_table(output: Output, lines: list[Line]) -> None:
    listed = {line["index"] for line in lines}
    rows = [_cells(line) for line in lines if line.get("of") not in listed]  # an act's own line says how it ended
    # A column that is empty in every row only takes width from the others.
    filled = [at for at, name in enumerate(_COLUMNS) if name in _ALWAYS or any(row[at] for row in rows)]
    table = new_table(*(_COLUMNS[at] for at in filled), right=("Entry",), folds=_FOLDED)
    for row in rows:
        table.add_row(*(row[at] for at in filled))
    output.say(table)


def _cells(line: Line) -> tuple[str, ...]:
    """A line's words, one for each of `_COLUMNS`."""
    return (
        str(line["index"]),
        moment(line["at"]) if "at" in line else "",
        plain(line.get("what", line["kind"])) if line["state"] == "held" else f"{plain(line['kind'])}: purged",
        plain(line.get("outcome", "")),
        plain(line.get("officer", "")),
        plain(line.get("case", "")),
        plain(line.get("legal_basis", "")),
        _more(line),
    )


def _more(line: Line) -> str:
    parts = [f"{plain(name)}: {_value(value)}" for name, value in sorted(line.items()) if name not in _KNOWN and value]
    if line.get("query"):
        parts.insert(0, f"query {plain(line['query'])[:8]}")
    if line.get("error"):
        parts.append(f"because: {plain(line.get('why') or line['error'])}")
    return ", ".join(parts)


def _value(value: object) -> str:
    return ", ".join(map(plain, value)) if isinstance(value, list) else plain(value)
