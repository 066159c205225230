"""`vigil node officers` and `vigil hub officers`: who may work with a home, and with which role.

Rules this module upholds:

- The commands are the same for a node and for a hub; only the roles differ.
- An officer is never removed, because the audit log names the officer. `disable` takes effect at the next command.
"""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from node.cli import options
from node.cli.common import Command, common, new_group, one
from node.cli.output import Line, plain
from node.domain.caller import Role

NameArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", parser=options.officer, help="The officer's name.", show_default=False),
]


def add_officers(parent: typer.Typer, roles: Sequence[Role], home: str) -> None:
    """Adds the group to `parent`. `roles`: of this kind of home; `home`: its name in the help texts."""
    group = new_group(f"The officers of this {home}: who may work with it, and with which role.")
    group.command("add", cls=Command)(_add(roles))
    group.command("list", cls=Command)(_list)
    group.command("disable", cls=Command)(_disable)
    group.command("enable", cls=Command)(_enable)
    parent.add_typer(group, name="officers")


def _add(roles: Sequence[Role]) -> Callable[..., None]:
    def add(
        ctx: typer.Context,
        name: NameArgument,
        role: Annotated[
            str, typer.Option("--role", metavar="ROLE", help=f"One of: {', '.join(roles)}.", show_default=False)
        ],
        user: Annotated[
            str, typer.Option("--user", metavar="UNIXUSER", help="The officer's Unix account on this machine.")
        ] = "",
    ) -> None:
        """Register an officer.

        With --user, the officer works with that Unix account: the system says who calls, so no other account can use
        the name. Without --user, only the owner of the home can work for the officer, with --officer NAME.

        As soon as one officer is registered, Unix accounts without an officer are refused, except that of the owner.
        """
        given = common(ctx)
        with given.session() as session:
            line = one(session.run("officer-add", {"name": name, "role": role, "user": user}))
        given.output.line(line, lambda added: f"Registered: {_words(added)}")

    return add


def _list(ctx: typer.Context) -> None:
    """List the officers by name."""
    given = common(ctx)
    listed = 0
    with given.session() as session:
        for line in session.run("officers", {}):
            listed += 1
            given.output.line(line, _words)
    if not listed:
        given.output.note("no officer is registered: each Unix account that can reach the socket may work")


def _disable(ctx: typer.Context, name: NameArgument) -> None:
    """Refuse this officer from the next command on. The officer's entries in the audit log stay."""
    _set(ctx, "officer-disable", name)


def _enable(ctx: typer.Context, name: NameArgument) -> None:
    """Let a disabled officer work again, with the same role and account."""
    _set(ctx, "officer-enable", name)


def _set(ctx: typer.Context, command: str, name: str) -> None:
    given = common(ctx)
    with given.session() as session:
        line = one(session.run(command, {"name": name}))
    given.output.line(line, _set_words)


def _words(line: Line) -> str:
    account = f"Unix account {plain(line['user'])}" if line["user"] else "no Unix account"
    return f"{plain(line['name'])}, {plain(line['role'])}, {account}{', disabled' if line['disabled'] else ''}"


def _set_words(line: Line) -> str:
    state = "disabled" if line["disabled"] else "enabled"
    return f"{plain(line['name'])} is {state}." if line["changed"] else f"{plain(line['name'])} was {state} already."
