"""`vigil addresses`: the "worst of" list of web addresses with abuse material.

Rules this module upholds:

- An address is given as people have it: a URL, a host or a domain, also defanged. `docs/ADDRESSES.md` says how it is
  read.
- A bad address stops only itself. The exit code is then 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.address_input import (
    AddressesArgument,
    FromOption,
    GranularityOption,
    address_items,
    typed_addresses,
)
from node.cli.address_words import (
    checked_words,
    due_words,
    exported_words,
    known_words,
    outcome_words,
    taken_words,
)
from node.cli.common import Command, Common, common, new_group, one
from node.cli.main import ExitCode
from node.cli.output import Line
from node.cli.part_file import PartFile
from node.cli.received_file import receive
from node.cli.retract import Reason
from node.cli.statement_options import (
    AudienceOption,
    CodeOption,
    PurposeOption,
    RetainOption,
    handling_given,
)

_LISTED: Final = 100

group = new_group("Share, check and export addresses at which abuse material was found.")


class Form(StrEnum):
    """What the addresses in force are written as."""

    RPZ = "rpz"
    HOSTS = "hosts"
    CSV = "csv"


YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask. More than ten addresses need it.")]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="addresses")


@group.command("add", cls=Command)
def add(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    day: Annotated[
        int,
        typer.Option(
            "--evidence-day",
            metavar="YYYY-MM-DD",
            parser=options.day,
            help="The day on which a person saw the material there.",
            show_default=False,
        ),
    ],
    addresses: AddressesArgument = None,
    file: FromOption = None,
    granularity: GranularityOption = None,
    holding: Annotated[
        int | None, typer.Option("--holding", min=1, help="The holding that documents it, for example a screenshot.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="What documents it, in words. It stays here.")] = None,
    unusual: Annotated[
        bool,
        typer.Option(
            "--confirm-unusual", help="You have compared a name with mixed or look-alike letters with the evidence."
        ),
    ] = False,
    list_it: Annotated[bool, typer.Option("--list", help="List them with the federation too.")] = False,
    audience: AudienceOption = None,
    yes: YesOption = False,
) -> None:
    """Take addresses in with their evidence. The plain form and the note stay on this node.

    A known address gets the new evidence. With --list, the node states to the other members that it found material
    there: only a hash, the granularity and the day.
    """
    given = common(ctx)
    typed = typed_addresses(addresses, file)
    arguments: Line = {"evidence_day": day, "unusual": unusual} | _named(
        granularity=granularity, holding=holding, note=note
    )
    with given.session() as session:
        lines = _shown(given, session.run("addresses-add", arguments, address_items(typed)), taken_words)
        sound = [each for each, line in zip(typed, lines, strict=False) if "error" not in line]
        refused = len(sound) < len(typed)
        if list_it and sound:
            how: Line = {"handling": handling_given(audience, None, None, None), "yes": yes}
            how |= _named(granularity=granularity)
            lines = _shown(given, session.run("addresses-submit", how, address_items(sound)), outcome_words)
            refused = refused or any("error" in line for line in lines)
    _end(refused=refused)


@group.command("submit", cls=Command)
def submit(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    addresses: AddressesArgument = None,
    file: FromOption = None,
    granularity: GranularityOption = None,
    audience: AudienceOption = None,
    purposes: PurposeOption = None,
    code: CodeOption = None,
    retain_until_day: RetainOption = None,
    yes: YesOption = False,
) -> None:
    """List known addresses with the federation, or renew our listings with newer evidence.

    An address is in force while two members list it with evidence of the last 92 days, and more members list it than
    dispute it.
    """
    given = common(ctx)
    arguments: Line = {"handling": handling_given(audience, purposes, code, retain_until_day), "yes": yes}
    _run(given, "addresses-submit", arguments | _named(granularity=granularity), typed_addresses(addresses, file))


@group.command("withdraw", cls=Command)
def withdraw(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    addresses: AddressesArgument = None,
    file: FromOption = None,
    granularity: GranularityOption = None,
    reason: Annotated[Reason, typer.Option("--reason", help="Why; every member reads it.")] = Reason.UNSTATED,
    yes: YesOption = False,
) -> None:
    """Retract our listings of addresses, everywhere. The addresses stay known here."""
    given = common(ctx)
    arguments: Line = {"reason": reason.value, "yes": yes}
    _run(given, "addresses-withdraw", arguments | _named(granularity=granularity), typed_addresses(addresses, file))


@group.command("dispute", cls=Command)
def dispute(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="As it is listed.", show_default=False)],
    granularity: GranularityOption = None,
    note: Annotated[str, typer.Option("--note", help="Why. Every reader of the listing reads it.")] = "",
) -> None:
    """Dispute the listings of an address by other members, so that they review it.

    While as many members dispute an address as list it, it is not in force. To end a dispute, retract the opinion.
    """
    given = common(ctx)
    arguments: Line = {"address": address, "note": note} | _named(granularity=granularity)
    with given.session() as session:
        line = one(session.run("addresses-dispute", arguments))
    given.output.line(line, outcome_words)


@group.command("forget", cls=Command)
def forget(
    ctx: typer.Context,
    addresses: AddressesArgument = None,
    file: FromOption = None,
    granularity: GranularityOption = None,
) -> None:
    """Delete the plain form of addresses and their evidence from this node."""
    given = common(ctx)
    with given.session() as session:
        arguments = _named(granularity=granularity)
        line = one(session.run("addresses-forget", arguments, address_items(typed_addresses(addresses, file))))
    given.output.line(line, lambda line: f"{line['forgotten']:,} forgotten.")


@group.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1_000_000, help="Show at most N.")] = _LISTED,
    after: Annotated[
        int, typer.Option("--after", metavar="N", min=0, help="Show the addresses after the one with number N.")
    ] = 0,
) -> None:
    """Show the addresses that this node knows, their evidence, and what the members say."""
    given = common(ctx)
    end: Line = {}
    with given.session() as session:
        for line in session.run("addresses-list", {"limit": limit, "after": after}):
            given.output.line(line, known_words)
            end = line
    if end["next"]:
        given.output.note(f"There are more. The next ones: --after {end['next']}")


@group.command("due", cls=Command)
def due(
    ctx: typer.Context,
    days: Annotated[int, typer.Option("--days", min=0, max=3_650, help="Within how many days they end.")] = 14,
) -> None:
    """Show our listings that end soon. Look at each address again, add the new evidence, and submit it."""
    given = common(ctx)
    with given.session() as session:
        _shown(given, session.run("addresses-due", {"days": days}), due_words)


@group.command("check", cls=Command)
def check(ctx: typer.Context, addresses: AddressesArgument = None, file: FromOption = None) -> None:
    """Show which addresses are covered by a listing: of the page, of its host, or of a domain above it.

    Addresses without a listing have no line of their own; the last line counts all.
    """
    given = common(ctx)
    with given.session() as session:
        lines = _shown(
            given, session.run("addresses-check", {}, address_items(typed_addresses(addresses, file))), checked_words
        )
    _end(refused=any("error" in line for line in lines))


@group.command("export", cls=Command)
def export(
    ctx: typer.Context,
    form: Annotated[
        Form,
        typer.Option("--format", help="rpz: a zone for resolvers; hosts: a hosts file; csv.", show_default=False),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE", parser=options.path, help="The file. It must not exist.", show_default=False
        ),
    ],
) -> None:
    """Write the addresses in force whose plain form this node knows, for a filter.

    What the file cannot contain is counted: URLs, ports and IP addresses have no place in the DNS.
    """
    given = common(ctx)
    with PartFile(output) as part:
        last = receive(given, "addresses-export", {"form": form.value}, part)
        part.finish()
    given.output.line(last | {"path": str(output)}, exported_words)


# --- shared -----------------------------------------------------------------------------------------------------------


def _named(**values: object) -> Line:
    """The arguments that were given."""
    return {name: value for name, value in values.items() if value is not None}


def _run(given: Common, command: str, arguments: Line, typed: list[Line]) -> None:
    with given.session() as session:
        lines = _shown(given, session.run(command, arguments, address_items(typed)), outcome_words)
    _end(refused=any("error" in line for line in lines))


def _shown(given: Common, lines: Iterator[Line], words: Callable[[Line], str]) -> list[Line]:
    """Prints all lines; returns them without the last one, which is the summary."""
    seen: list[Line] = []
    for line in lines:
        given.output.line(line, words)
        seen.append(line)
    return seen[:-1]


def _end(*, refused: bool) -> None:
    if refused:
        raise typer.Exit(ExitCode.ERROR)
