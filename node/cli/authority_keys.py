"""`vigil authority`: shows the authority, and changes its keys and their passphrase.

Rules this module upholds:

- The rules of `node.cli.authority` apply: these commands belong to its group.
"""

from __future__ import annotations

from typing import Annotated

import typer

from node.cli.authority import (
    FolderOption,
    KeyFoldersOption,
    absolute,
    ask,
    authority_passphrase,
    group,
    keys_words,
    tell_policy,
)
from node.cli.common import Command, Passphrase, common
from node.cli.digits import digits, root_digits
from node.cli.handover import HubHomeOption, HubPassphraseOption, OutOption, destination, hand_over
from node.cli.home_keys import NewPassphraseOption, changed_words, new_passphrase
from node.cli.output import Line, plain


@group.command("show", cls=Command)
def show(ctx: typer.Context, folder: FolderOption) -> None:
    """Show this authority, and all digits that ceremonies compare. This opens no key."""
    from node import app

    given = common(ctx)
    given.output.line(app.show_authority(folder.absolute()), _show_words)


def _show_words(line: Line) -> str:
    words = [f"The authority of {plain(line['federation'])}: {keys_words(line)}.", root_digits(line)]
    if line["root_version"] != 1:
        words.append(
            digits("ROOT 1", line["first_root_fingerprint"]) + "  (of root.json, which a new hub is made with)"
        )
    if line["hub_fingerprint"]:
        words.append(digits("HUB", line["hub_fingerprint"]))
    for member in line["members"]:
        gone = "  (has left)" if member["state"] == "left" else ""
        words.append(digits(f"KEYS {plain(member['member'])}", member["fingerprint"]) + gone)
    return "\n".join(words)


@group.command("rotate", cls=Command)
def rotate(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    folder: FolderOption,
    hub_home: HubHomeOption = None,
    out: OutOption = None,
    key_folder: KeyFoldersOption = None,
    keys: Annotated[
        int | None, typer.Option("--keys", min=1, max=9, help="How many root and targets keys. Default: as before.")
    ] = None,
    threshold: Annotated[
        int | None, typer.Option("--threshold", min=1, max=9, help="How many must sign. Default: as before.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="The change was agreed already; do not ask.")] = False,
    hub_passphrase_file: HubPassphraseOption = None,
) -> None:
    """Change the authority's own keys: new root and targets keys, signed by the former root keys.

    Connect as many of the former root disks as must sign. This also replaces a lost disk, if enough others are left.
    The nodes and the hub follow by themselves. Give either --hub-home or --out.
    """
    from node import app

    given = common(ctx)
    hub = destination(given, hub_home, out, hub_passphrase_file)
    tell_policy(given, folder)
    if not yes:
        ask(given, "Make new keys for this authority? The former keys can sign nothing after that.")
    line, bundle = app.rotate_authority(
        folder.absolute(),
        authority_passphrase(given),
        keys=keys,
        threshold=threshold,
        key_folders=absolute(key_folder),
    )
    given.output.line(line, _rotated_words)
    hand_over(given, bundle, hub, out)


def _rotated_words(line: Line) -> str:
    return (
        f"The authority of {plain(line['federation'])} has new keys: {keys_words(line)}.\n"
        "Put each new key file on its own removable disk, and a copy into another safe. When the hub has imported the "
        "bundle, destroy the former key files: they cannot sign any more.\n"
        "Compare the ROOT digits with the hub's operator by telephone:\n"
        f"{root_digits(line)}"
    )


@group.command("passphrase", cls=Command)
def passphrase(
    ctx: typer.Context,
    folder: FolderOption,
    key_folder: KeyFoldersOption = None,
    new_passphrase_file: NewPassphraseOption = None,
) -> None:
    """Change the passphrase of the authority's key files that are connected now. The keys themselves stay the same."""
    from node import app

    given = common(ctx)
    former = Passphrase(file=given.passphrase.file, what="the authority's keys")
    fresh = new_passphrase(new_passphrase_file, "the new passphrase of the authority's keys")
    line = app.change_authority_passphrase(folder.absolute(), former, fresh, key_folders=absolute(key_folder))
    given.output.line(line, changed_words)
