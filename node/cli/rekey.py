"""`vigil node rekey`: a node gets new keys, which the authority signs.

Rules this module upholds:

- A new change begins only after a person confirms it. The same command continues a change in progress.
- The command says which digits to compare, and with whom, before it waits.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from node.cli.common import Command, Common, common
from node.cli.digits import digits
from node.cli.main import ExitCode
from node.cli.node import group
from node.cli.output import Line, plain
from node.errors import Misuse


@group.command("rekey", cls=Command)
def rekey(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    token: Annotated[
        str,
        typer.Option(
            "--token", metavar="TOKEN", help="The hub operator's token; needed only if the former keys are lost."
        ),
    ] = "",
    keys_lost: Annotated[
        bool,
        typer.Option(
            "--keys-lost", help="The former keys, or their passphrase, are lost. The authority will call you."
        ),
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Cancel a change that the authority has not signed.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the authority has signed.")] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Start a change without asking.")] = False,
) -> None:
    """Change this node's keys: make new keys in addition to the present ones, and ask the authority to sign them.

    The present keys stay in use until the authority has signed. Then a running node switches by itself: its published
    records stay valid, and new records go into the next epoch of its log. Run the same command again to continue.
    Compare the KEYS digits with the authority by telephone.
    """
    from node import app

    given = common(ctx)
    if cancel:
        if token or keys_lost:
            raise Misuse("--cancel stands alone", remedy="see `vigil node rekey --help`")
        given.output.line(app.cancel_rekey(given.home, given.passphrase, given.officer), _words)
        return
    if not yes and not app.rekey_is_under_way(given.home):
        _confirm(given)
    secret = given.new_passphrase("the new keys of this node") if keys_lost else given.passphrase
    for line in app.rekey_node(given.home, token.strip(), secret, given.officer, lost=keys_lost, wait=wait):
        given.output.line(line, _words)


def _confirm(given: Common) -> None:
    try:
        agreed = typer.confirm("Make new keys for this node, and ask the authority to sign them?", err=True)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        raise Misuse("no key was made: there is no terminal to ask at", remedy="give --yes") from None
    if not agreed:
        given.output.error("no key was made")
        raise typer.Exit(ExitCode.ERROR)


def _words(line: Line) -> str | None:
    match line["step"]:
        case "keys":
            return _keys_words(line)
        case "petition":
            waiting = "The petition is at the hub. The authority has not signed it yet."
            return waiting if line["state"] == "pending" else None
        case _:
            return _done_words(line)


def _keys_words(line: Line) -> str:
    how = "The present key endorses them."
    if not line["endorsed"]:
        how = "No former key endorses them: the authority calls you, and then signs them with --replace-keys."
    return (
        f"The new keys of {plain(line['member'])} are ready; they open epoch {line['epoch']} of its log. {how}\n"
        "Compare the KEYS digits with the authority by telephone:\n"
        f"{digits('KEYS', line['fingerprint'])}\n"
        f"The authority also sees how many records are published under the former key: at least {line['published']:,}."
    )


def _done_words(line: Line) -> str:
    match line["state"]:
        case "changed":
            words = f"Done: the keys are changed, and the log is at epoch {line['epoch']}."
            if line["moved"]:
                words += f" Unpublished records that moved to the new epoch under new names: {line['moved']:,}."
            return words + (f" Next: {plain(line['next'])}" if line["next"] else "")
        case "cancelled":
            return (
                "Cancelled: the new keys are deleted, and the present keys stay. Tell the hub's operator: vigil hub "
                "refuse MEMBER"
            )
        case _:
            return f"Waiting for the authority. Next: {plain(line['next'])}"
