"""`vigil desk`: the web desk of a node or a hub.

Rules this module upholds:

- `run` prints one line on stdout when it is ready, and nothing more there; its log goes to stderr.
- The desk opens no key: it asks for no passphrase.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from node.cli import options
from node.cli.common import Command, common, new_group, one
from node.cli.digits import digits
from node.cli.output import Line, plain
from node.cli.words import moment
from node.errors import Misuse

group = new_group("The web desk: run it, and decide who may sign in.")


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="desk")


@group.command("run", cls=Command)
def run(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    listen: Annotated[
        str,
        typer.Option(
            "--listen", metavar="HOST:PORT", parser=options.address, help="Where to listen; port 0 takes a free port."
        ),
    ] = "127.0.0.1:8443",
    name: Annotated[
        str, typer.Option("--name", metavar="HOST", help="The host in the address that officers type.")
    ] = "localhost",
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="The agency's certificate for this name, and its chain."),
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The key of the certificate.")] = None,
    client_ca: Annotated[
        Path | None,
        typer.Option("--client-ca", metavar="FILE", help="The CA of the officers' certificates, if they have some."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", metavar="DIR", help="Where a certificate of the desk's own making is kept. Default: in --home."
        ),
    ] = None,
) -> None:
    """Run the desk until SIGTERM or Ctrl-C. The node or the hub must run too; the desk waits for it.

    Without --certificate the desk makes a certificate of its own. Browsers warn until you have installed it.
    """
    from node import app

    given = common(ctx)
    if (certificate is None) != (key is None):
        raise Misuse("--certificate and --key belong together", remedy="give both, or neither")
    if given.socket is not None and certificate is None and folder is None:
        raise Misuse("the desk needs a folder for its certificate", remedy="give --folder, or --certificate and --key")
    app.run_desk(
        given.home,
        lambda line: given.output.line(line, _ready_words),
        socket=given.socket,
        listen=listen,
        name=name,
        certificate=certificate,
        key=key,
        client_ca=client_ca,
        folder=folder,
    )


def _ready_words(line: Line) -> str:
    if not line["own"]:
        return f"The desk is ready: {line['address']}"
    return (
        f"The desk is ready: {line['address']}\n"
        "It made its own certificate. Compare these digits with those that the browser shows as SHA-256:\n"
        f"{digits('DESK', line['certificate'])}"
    )


@group.command("invite", cls=Command)
def invite(
    ctx: typer.Context,
    invited: Annotated[
        str, typer.Argument(metavar="OFFICER", parser=options.officer, help="A registered officer.", show_default=False)
    ],
) -> None:
    """Make a one-time code with which an officer signs in at the desk. It counts once, for 15 minutes.

    Give the code to the officer in person or by telephone, never by mail.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("desk-invite", {"officer": invited}))
    given.output.line(line, lambda made: f"The code for {plain(made['officer'])}: {plain(made['code'])}")


@group.command("sessions", cls=Command)
def sessions(ctx: typer.Context) -> None:
    """List who is signed in at the desk."""
    given = common(ctx)
    with given.session() as session:
        for line in session.run("desk-sessions", {}):
            given.output.line(line, _session_words)


@group.command("revoke", cls=Command)
def revoke(
    ctx: typer.Context,
    number: Annotated[
        list[int] | None, typer.Argument(metavar="[SESSION]...", min=1, help="Numbers of sessions.", show_default=False)
    ] = None,
    all_of: Annotated[
        str, typer.Option("--all-of", metavar="OFFICER", help="Every session of this officer.", show_default=False)
    ] = "",
) -> None:
    """Sign officers out at once."""
    if not number and not all_of:
        raise Misuse("no session was named", remedy="give numbers of sessions, or --all-of OFFICER")
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("desk-revoke", {"sessions": number or [], "officer": all_of}))
    given.output.line(line, lambda done: f"Signed out: {done['ended']}")


def _session_words(line: Line) -> str:
    since, until = moment(line["made_at"]), moment(line["ends_at"])
    return (
        f"{line['session']:>6}  {plain(line['officer'])} ({plain(line['role'])}), by {plain(line['method'])}, since "
        f"{since}, until {until} at the latest"
    )
