"""`vigil authority`: the offline keys that say who is a member.

Rules this module upholds:

- The authority's folder lies on a stick of its own; it is named in every command and never has a default.
- Nobody is signed in unseen: each petition's fingerprint is shown, and a person says that it was compared, or says
  beforehand, with --yes, that this was done.
- Where nobody can be asked, nothing is signed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from node.cli import options
from node.cli.common import Command, Common, Passphrase, common, new_group
from node.cli.files import read_input, refuse_existing
from node.cli.handover import (
    Hub,
    HubHomeOption,
    HubPassphraseOption,
    OutOption,
    destination,
    hand_over,
    named,
    once,
)
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.words import count
from node.errors import Misuse

group = new_group("The offline authority: decides who is a member.")

FolderOption = Annotated[
    Path, typer.Option("--folder", metavar="DIR", help="The authority's own folder, on its stick.", show_default=False)
]
KeyFoldersOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--key-folder", metavar="DIR", help="Where more of its key files are, such as another stick; repeatable."
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="authority")


@group.command("init", cls=Command)
def init(
    ctx: typer.Context,
    folder: FolderOption,
    federation: Annotated[
        str,
        typer.Option(
            "--federation",
            metavar="ID",
            parser=options.federation,
            help="The federation's id, such as vigil.example.org. It can never change.",
            show_default=False,
        ),
    ],
    keys: Annotated[int, typer.Option("--keys", min=1, max=9, help="How many root and member-list keys to make.")] = 1,
    threshold: Annotated[int, typer.Option("--threshold", min=1, max=9, help="How many of them have to sign.")] = 1,
) -> None:
    """Make the authority of a new federation: its keys, and root.json, which the hub is made with.

    Give it a folder on a stick that is in no machine of the hub's while nobody signs.
    """
    from node import app

    given = common(ctx)
    line = app.init_authority(
        folder.absolute(), federation, given.new_passphrase("the authority's keys"), keys=keys, threshold=threshold
    )
    given.output.line(line, _init_words)


def _init_words(line: Line) -> str:
    return (
        f"The authority of {plain(line['federation'])}: "
        f"{count(line['keys'], 'key')} of either kind, {line['threshold']} of which must sign.\n"
        f"  root              {plain(line['root'])}\n"
        f"  its fingerprint   {plain(line['root_fingerprint'])}\n"
        "Carry the root to the hub: vigil hub init --federation ID --root FILE"
    )


@group.command("sign", cls=Command)
def sign(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    folder: FolderOption,
    members: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MEMBER",
            parser=options.member,
            help="Admit only these members. Default: every petition without a fault.",
        ),
    ] = None,
    hub_home: HubHomeOption = None,
    request: Annotated[
        Path | None, typer.Option("--request", metavar="FILE", help="A request that vigil hub requests wrote.")
    ] = None,
    out: OutOption = None,
    key_folder: KeyFoldersOption = None,
    replace_keys: Annotated[
        list[str] | None,
        typer.Option(
            "--replace-keys",
            metavar="MEMBER",
            parser=options.member,
            help="Let this member's keys be replaced without its former key's word; repeatable.",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="You have compared every fingerprint already; do not ask.")
    ] = False,
    hub_passphrase_file: HubPassphraseOption = None,
) -> None:
    """Sign members in: shows every fingerprint to compare by voice, asks, and signs the list of members.

    Either --hub-home, or --request and --out. The first signature of a federation, which has no members yet, goes the
    same way. --passphrase-file is for the authority's keys.
    """
    from node import app

    if (hub_home is None) == (request is None) or (request is None) != (out is None):
        raise Misuse("give either --hub-home, or --request and --out", remedy="see `vigil authority sign --help`")
    if out is not None:
        refuse_existing(out)
    given = common(ctx)
    hub = Hub(given, hub_home, hub_passphrase_file) if hub_home else None
    asked = hub.request() if hub else read_input(named(request), options.MAX_CEREMONY, "signing request")
    secret = _authority(given)
    accept_hub = _shown(given, app.describe_request(folder.absolute(), secret, asked), yes=yes)
    bundle = app.sign_members(
        folder.absolute(),
        secret,
        asked,
        admit=members or None,
        replace_keys=replace_keys or [],
        accept_hub=accept_hub,
        key_folders=_absolute(key_folder),
    )
    hand_over(given, bundle, hub, out)


@group.command("extend", cls=Command)
def extend(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    folder: FolderOption,
    hub_home: HubHomeOption = None,
    out: OutOption = None,
    key_folder: KeyFoldersOption = None,
    hub_passphrase_file: HubPassphraseOption = None,
) -> None:
    """Sign the same list of members again, with new dates; this needs no request.

    Either --hub-home or --out.
    """
    from node import app

    given = common(ctx)
    hub = destination(given, hub_home, out, hub_passphrase_file)
    hand_over(
        given, app.extend_members(folder.absolute(), _authority(given), key_folders=_absolute(key_folder)), hub, out
    )


@group.command("release", cls=Command)
def release(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    member: Annotated[
        str,
        typer.Argument(metavar="MEMBER", parser=options.member, help="The member that leaves.", show_default=False),
    ],
    folder: FolderOption,
    hub_home: HubHomeOption = None,
    out: OutOption = None,
    key_folder: KeyFoldersOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="The member has agreed already; do not ask.")] = False,
    hub_passphrase_file: HubPassphraseOption = None,
) -> None:
    """Sign that a member leaves. The hub cannot undo it; what the member shared stays until it is retracted.

    Either --hub-home or --out. To stop a member for a while: vigil hub suspend.
    """
    from node import app

    given = common(ctx)
    hub = destination(given, hub_home, out, hub_passphrase_file)
    if not yes:
        _ask(given, f"Does {member} leave the federation?")
    bundle = app.release_member(folder.absolute(), _authority(given), member, key_folders=_absolute(key_folder))
    hand_over(given, bundle, hub, out)


@group.command("bundle", cls=Command)
def bundle(
    ctx: typer.Context,
    folder: FolderOption,
    hub_home: HubHomeOption = None,
    out: OutOption = None,
    hub_passphrase_file: HubPassphraseOption = None,
) -> None:
    """Give out once more what was signed last, for a hub that lost it. Opens no key of the authority's.

    Either --hub-home or --out.
    """
    from node import app

    given = common(ctx)
    hub = destination(given, hub_home, out, hub_passphrase_file)
    hand_over(given, app.last_bundle(folder.absolute()), hub, out)


def _shown(given: Common, asked: list[Line], *, yes: bool) -> bool:
    """Shows what would be signed and has a person say yes; whether a new hub is accepted with it."""
    for line in asked:
        given.output.line(line, _petition_words)
    if not asked:
        given.output.line(
            {"petitions": 0}, lambda _: "No petitions. This signs the same list of members again, with new dates."
        )
    elif not yes:
        _ask(given, "Were these fingerprints compared by voice, and are they the same?")
    return any("hub" in line for line in asked)


def _ask(given: Common, question: str) -> None:
    """Ends the command unless a person says yes. Raises `Misuse` where there is nobody to ask."""
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        raise Misuse(
            "nothing was signed: there is no terminal to ask at", remedy="compare the fingerprints, then give --yes"
        ) from None
    if not agreed:
        given.output.error("nothing was signed")
        raise typer.Exit(ExitCode.ERROR)


def _authority(given: Common) -> Callable[[], str]:
    return once(Passphrase(file=given.passphrase.file, what="the authority's keys"))


def _absolute(folders: list[Path] | None) -> list[Path]:
    return [folder.absolute() for folder in folders or ()]


def _petition_words(line: Line) -> str:
    if "hub" in line:
        return f"A hub that is new to this authority\n  fingerprint       {plain(line['fingerprint'])}"
    words = f"{plain(line['member'])}, {plain(line['name'])}: {plain(line['verdict'])}"
    if line["fingerprint"]:
        words += f"\n  fingerprint       {plain(line['fingerprint'])}"
    return words + (f"\n  why               {plain(line['reason'])}" if line["reason"] else "")
