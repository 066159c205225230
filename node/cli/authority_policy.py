"""`vigil authority policy`: shows and changes what the federation agreed.

Rules this module upholds:

- The rules of `node.cli.authority` apply: this command belongs to its group.
- A change stays with the authority until it signs. Each signature that would publish a change says so first.
"""

from __future__ import annotations

from typing import Annotated

import typer

from node.cli.authority import FolderOption, group
from node.cli.common import Command, Common, common
from node.cli.output import Line, plain
from node.cli.policy_words import change_words, number_words
from node.cli.words import new_table
from node.errors import Misuse


@group.command("policy", cls=Command)
def policy(
    ctx: typer.Context,
    folder: FolderOption,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change a number of the policy, for example log_entries_a_day=3000000; repeatable.",
        ),
    ] = None,
) -> None:
    """Show the federation's policy with the range of each number, or change some numbers. This opens no key.

    A change increases the version. It takes effect with the authority's next signature: vigil authority sign, or
    vigil authority extend.
    """
    from node import app

    given = common(ctx)
    line = app.authority_policy(folder.absolute(), _parsed(changes or []))
    given.output.line(line, _title_words)
    _say(given, line)


def _parsed(changes: list[str]) -> dict[str, str]:
    parsed: dict[str, str] = {}
    for each in changes:
        name, mark, value = each.partition("=")
        if not (name and mark and value) or name in parsed:
            raise Misuse(f"--set {each!r} is not understood", remedy="give each number once, as --set NAME=VALUE")
        parsed[name] = value
    return parsed


def _title_words(line: Line) -> str:
    if not line["waits_for_signature"]:
        return f"The policy of {plain(line['federation'])}, version {line['version']}, as last signed."
    signed = f"version {line['signed_version']}" if line["signed_version"] else "none"
    return (
        f"The policy of {plain(line['federation'])}, version {line['version']}. "
        f"It is not signed yet (signed: {signed}).\n"
        "It takes effect with the next signature: vigil authority sign, or vigil authority extend."
    )


def _say(given: Common, line: Line) -> None:
    for words in change_words(line["changed"]):
        given.output.say(words)
    table = new_table("Name", "Value", "Default", "From", "To", right=("Value", "Default", "From", "To"))
    for row in line["values"]:
        table.add_row(row["name"], *(number_words(row[each]) for each in ("value", "default", "low", "high")))
    given.output.say(table)
    for name in ("purposes", "handling_codes"):
        given.output.say(f"{name}: {', '.join(map(plain, line[name]))}")
