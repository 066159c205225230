"""`vigil audit`: who searched, asked, answered and decided what, when, and on which legal basis.

Rules this module upholds:

- The command reads the audit log of the given home, a node's or a hub's. It cannot change anything.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli.common import Command, common
from node.cli.output import Line, Output, plain
from node.cli.words import below, moment, ranges_words, record_name

_LISTED: Final = 50
_SAID_FIRST: Final = frozenset({
    "index", "kind", "state", "at", "what", "outcome", "officer", "role", "by", "case", "legal_basis", "query",
    "error", "why", "ended_at",
})  # fmt: skip
"""Fields with a fixed place in the output; the others follow."""
_INDENT: Final = 9


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
    """Read the audit log of this node or hub, oldest first. The log also records that you read it.

    A question is shown by its number, case and legal basis, never with its fingerprints. An administrative act is shown
    with its outcome: done, refused, failed, or unknown if the program ended in the middle. An entry that is past its
    retention says so.
    """
    given = common(ctx)
    found: list[Line] = []
    with given.session() as session:
        for line in session.run("read-audit", {"limit": limit, "after": after}):
            given.output.line(line)
            if not given.output.json:
                found.append(line)
    if found:
        _print_entries(given.output, found)
    elif not given.output.json:
        given.output.note("the audit log has no entries yet")


def _print_entries(output: Output, lines: list[Line]) -> None:
    listed = {line["index"] for line in lines}
    for line in lines:
        if line.get("of") not in listed:  # the entry of an act says how the act ended
            output.say(_entry_words(line))


def _entry_words(line: Line) -> str:
    """One entry: number, time, act and officer; the other details follow on the next line."""
    when = moment(line["at"]) if "at" in line else ""
    done = plain(line.get("what", line["kind"])) if line["state"] == "held" else f"{plain(line['kind'])}, purged"
    outcome = f": {plain(line['outcome'])}" if line.get("outcome") else ""
    first = f"{line['index']:>7}  {when:<16}  {done}{outcome}{_officer(line)}"
    more = _more(line)
    return f"{first}\n{below(_INDENT, more)}" if more else first


def _officer(line: Line) -> str:
    """The officer with the role, and the account that worked for the officer."""
    if not line.get("officer"):
        return ""
    role = f" ({plain(line['role'])})" if line.get("role") else ""
    account = f", typed by {plain(line['by'])}" if line.get("by") else ""
    return f", by {plain(line['officer'])}{role}{account}"


def _more(line: Line) -> str:
    parts = [f"case {plain(line['case'])}"] if line.get("case") else []
    parts += [f"legal basis {plain(line['legal_basis'])}"] if line.get("legal_basis") else []
    parts += [f"query {plain(line['query'])[:8]}"] if line.get("query") else []
    for name, value in sorted(line.items()):
        if name not in _SAID_FIRST and value:
            parts.append(f"{plain(name).replace('_', ' ')} {_value(value)}")
    if line.get("error"):
        parts.append(f"because: {plain(line.get('why') or line['error'])}")
    return "; ".join(parts)


def _value(value: object) -> str:
    if isinstance(value, list):
        numbers = value if all(type(each) is int for each in value) else []
        return ranges_words(numbers) if numbers else ", ".join(map(plain, value))
    if value is True:
        return "yes"
    text = str(value)
    return record_name(text) if "#" in text else plain(text)
