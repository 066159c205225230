"""`vigil node`: a country's node, from the invitation to the backup.

Rules this module upholds:

- `run` prints one line on stdout when it is ready, and nothing more there; its log goes to stderr.
- `doctor` and `restore` work even if the node cannot start; every other command goes through the session.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, Common, common, new_group, one
from node.cli.digits import digits, root_digits
from node.cli.main import ExitCode
from node.cli.node_status import node_words, print_members
from node.cli.output import Line, plain
from node.cli.words import count
from node.domain.rights import NODE_ROLES
from node.errors import Misuse

group = new_group("A country's node: join, run, check, back up.")

HubOption = Annotated[
    str | None,
    typer.Option(
        "--hub",
        metavar="HOST:PORT",
        parser=options.address,
        help="The address of the hub. Default: as in the token.",
    ),
]
TokenOption = Annotated[
    str,
    typer.Option(
        "--token",
        metavar="TOKEN",
        help="The invitation; - reads it from stdin. Default: the invitation that is stored here.",
    ),
]
NewRootOption = Annotated[
    bool,
    typer.Option(
        "--new-root",
        help="Replace this home's root by the invitation's root. Do this only after you have compared its digits by "
        "voice.",
    ),
]
NameOption = Annotated[
    str, typer.Option("--name", metavar="NAME", help="Our name for people. Default: the member's id.")
]
_FAULTS_SHOWN: Final = 20


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    from node.cli import home_keys, officers, rekey  # noqa: F401 (defines its command in this group)

    home_keys.add_passphrase(group, "the keys of this node")
    officers.add_officers(group, NODE_ROLES, "node")
    app.add_typer(group, name="node")


@group.command("init", cls=Command)
def init(
    ctx: typer.Context,
    token: TokenOption = "",
    hub: HubOption = None,
    name: NameOption = "",
    exercise: options.ExerciseOption = False,
) -> None:
    """Prepare this node and file its petition, without waiting: the same as node join --no-wait."""
    _join(common(ctx), token, hub, name, wait=False, exercise=exercise)


@group.command("join", cls=Command)
def join(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    token: TokenOption = "",
    hub: HubOption = None,
    name: NameOption = "",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the authority has decided.")] = True,
    new_root: NewRootOption = False,
    exercise: options.ExerciseOption = False,
) -> None:
    """Join a federation with an invitation: make this node's keys, file its petition, and wait to be admitted.

    Compare the printed digits with the hub's operator and with the authority, by telephone or in person. Run the same
    command again to continue. In a home that joined before, the node switches to the hub of the new invitation, and
    keeps its keys and its records.
    """
    _join(common(ctx), token, hub, name, wait=wait, new_root=new_root, exercise=exercise)


def _join(given: Common, token: str, hub: str | None, name: str, **how: bool) -> None:
    """`how`: `wait`, `new_root` and `exercise` of `app.join_node`."""
    from node import app

    if token == "-":  # noqa: S105 (the usual word for stdin)
        token = sys.stdin.readline()
    secret = given.new_passphrase("the keys of this node") if not given.home.keys.exists() else given.passphrase
    for line in app.join_node(given.home, token.strip(), secret, hub=hub or "", name=name, **how):
        given.output.line(line, _join_words)


def _join_words(line: Line) -> str | None:
    match line["step"]:
        case "invitation":
            again = " This home joined before: its keys and records stay." if line["again"] else ""
            return (
                f"Invited to {plain(line['federation'])} as {plain(line['member'])}.{again}\n"
                "Compare the CA digits and the ROOT digits with the hub's operator by telephone:\n"
                f"{digits('CA', line['ca_fingerprint'])}\n"
                f"{root_digits(line)}"
            )
        case "keys":
            keys = "New keys were made." if line["made"] else "The existing keys are used."
            return (
                f"{keys} Compare the KEYS digits with the authority by telephone, if it asks for them:\n"
                f"{digits('KEYS', line['fingerprint'])}"
            )
        case "petition":
            waiting = "Petition filed: it waits for the authority's signature."
            return waiting if line["state"] == "pending" else None
        case _:
            return f"{plain(line['state']).capitalize()}. Next: {plain(line['next'])}"


@group.command("run", cls=Command)
def run(ctx: typer.Context) -> None:
    """Run this node until SIGTERM or Ctrl-C: follow the other members, publish our records, answer queries.

    You can use every other command while it runs.
    """
    from node import app

    given = common(ctx)
    app.run_node(given.home, given.passphrase, lambda line: given.output.line(line, ready_words))


def ready_words(line: Line) -> str:
    """The one line of a daemon that is ready."""
    known = [f"{name} {plain(value)}" for name, value in line.items() if name != "event" and value not in (None, "")]
    return f"ready: {', '.join(known)}"


@group.command("status", cls=Command)
def status(ctx: typer.Context) -> None:
    """Show the state of this node and of each member's log: entries received, missing, and quarantined."""
    given = common(ctx)
    members: list[Line] = []
    with given.session() as session:
        for line in session.run("status", {}):
            given.output.line(line, node_words if "node" in line else None)
            if "node" not in line:
                members.append(line)
    print_members(given.output, members)


@group.command("doctor", cls=Command)
def doctor(ctx: typer.Context) -> None:
    """Find faults of this node, and say how to repair them. This also works on a broken node. Exit code 1: there is a
    fault.
    """
    from node import app

    given = common(ctx)
    sound = True
    for line in app.doctor(given.home, given.passphrase):
        sound = sound and bool(line["ok"])
        given.output.line(line, _check_words)
    if not sound:
        raise typer.Exit(ExitCode.ERROR)


def _check_words(line: Line) -> str:
    words = f"{'ok' if line['ok'] else 'FAULT':<6} {plain(line['check']):<22} {plain(line['what'] or '')}".rstrip()
    return words if line["ok"] or not line["remedy"] else f"{words}\n       to do: {plain(line['remedy'])}"


@group.command("acknowledge", cls=Command)
def acknowledge(
    ctx: typer.Context,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="What was found and done about it.", show_default=False)
    ],
) -> None:
    """Acknowledge the alarms that node status shows, after you have dealt with them. The audit log records it."""
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("acknowledge", {"reason": reason}))
    given.output.line(line, lambda line: f"{count(line['acknowledged'], 'alarm')} acknowledged.")


@group.command("fsck", cls=Command)
def fsck(ctx: typer.Context) -> None:
    """Recompute every root, commitment and signature in the database. Exit code 1: there is damage."""
    check_store(common(ctx))


def check_store(given: Common) -> None:
    """`fsck`, of a node or a hub."""
    sound = False
    with given.session() as session:
        for line in session.run("fsck", {}):
            given.output.line(line, _fsck_words)
            if "log" not in line:
                sound = bool(line["ok"])
    if not sound:
        raise typer.Exit(ExitCode.ERROR)


def _fsck_words(line: Line) -> str:
    if "log" not in line:
        unsigned = (
            "" if line.get("signatures_checked", True) else " Signatures were not checked: there is no roster yet."
        )
        return ("Everything comes out." if line["ok"] else f"{line['faults']} faults.") + unsigned
    words = f"{'ok' if line['ok'] else 'FAULT':<6} {plain(line['log'])}"
    if line["entries"]:  # the database itself has no such counts
        names = ("rows", "fingerprints") if line["log"] == "index" else ("entries", "bodies")
        words += f": {line['entries']:,} {names[0]}, {line['bodies']:,} {names[1]}"
    faults = [f"       {plain(fault)}" for fault in line["faults"][:_FAULTS_SHOWN]]
    if len(line["faults"]) > _FAULTS_SHOWN:
        faults.append(f"       and {len(line['faults']) - _FAULTS_SHOWN:,} more (--json lists all)")
    return "\n".join([words, *faults])


@group.command("backup", cls=Command)
def backup(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write. It must not exist.", show_default=False)
    ],
) -> None:
    """Write a consistent copy of the database, while the node runs. It does not contain the keys: back them up
    separately.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("backup", {"path": str(file.absolute())}))
    given.output.line(line, lambda line: f"{plain(line['path'])} is written. Keys: {plain(line['keys'])}.")


@group.command("accept-database", cls=Command)
def accept_database(
    ctx: typer.Context,
    empty: Annotated[
        bool, typer.Option("--empty", help="The database is missing or empty: start again with an empty one.")
    ] = False,
    older: Annotated[bool, typer.Option("--older", help="The database is an older copy: continue with it.")] = False,
) -> None:
    """Continue with an empty or an older database, if there is no backup to restore. The audit log records it.

    Such a database does not contain material that was ingested later, so this node answers "no hit" about it. If there
    is a backup, restore the newest one instead, and ingest the missing files again. The daemon must not run.
    """
    from node import app

    given = common(ctx)
    if empty == older:
        raise Misuse("say which database to accept", remedy="give --empty or --older: vigil node doctor says which")
    line = app.accept_database(given.home, given.officer, empty=empty)
    given.output.line(line, _accepted_words)


def _accepted_words(line: Line) -> str:
    known = "" if line["entries_known"] is None else f" of the {line['entries_known']:,} that this home has seen"
    return f"Accepted, with {line['entries']:,} log entries{known}. Next: {plain(line['next'])}"


@group.command("restore", cls=Command)
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", show_default=False)],
) -> None:
    """Restore this home's database, which must not exist, from a backup. It contains no keys and no settings."""
    from node import app

    given = common(ctx)
    if not file.is_file():
        raise Misuse("the backup file does not exist", remedy="name the file that vigil node backup wrote")
    line = app.restore_node(given.home, file.absolute())
    given.output.line(line, lambda line: f"Restored. Next: {plain(line['next'])}")
