"""`vigil authority`: the offline keys that say who is a member.

Rules this module upholds:

- The authority's folder is on its own removable disk. Every command names it; there is no default.
- Each petition's fingerprint is shown before it is signed. A person confirms that it was compared, or has confirmed it
  in advance with --yes.
- If there is no terminal to ask at, nothing is signed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, Common, Passphrase, common, new_group
from node.cli.digits import digits, root_digits
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
from node.cli.output import Line, plain, plain_lines
from node.cli.policy_words import policy_words
from node.errors import Misuse

group = new_group("The offline authority: decides who is a member.")

FolderOption = Annotated[
    Path,
    typer.Option(
        "--folder", metavar="DIR", help="The authority's own folder, on its removable disk.", show_default=False
    ),
]
KeyFoldersOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--key-folder",
        metavar="DIR",
        help="A folder with more of its key files, for example another removable disk; repeatable.",
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    from node.cli import authority_keys, authority_policy  # noqa: F401 (they define their commands in this group)

    app.add_typer(group, name="authority")


@group.command("init", cls=Command)
def init(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    folder: FolderOption,
    federation: Annotated[
        str,
        typer.Option(
            "--federation",
            metavar="ID",
            parser=options.federation,
            help="The federation's id, for example vigil.example.org. It can never change.",
            show_default=False,
        ),
    ],
    keys: Annotated[int, typer.Option("--keys", min=1, max=9, help="How many root and member-list keys to make.")] = 1,
    threshold: Annotated[int, typer.Option("--threshold", min=1, max=9, help="How many of these keys must sign.")] = 1,
    exercise: options.ExerciseOption = False,
) -> None:
    """Make the authority of a new federation: its keys, and the file root.json, which vigil hub init needs.

    Use a folder on a removable disk. Connect the disk only to sign. Never leave it in the hub's machine.
    """
    from node import app

    given = common(ctx)
    line = app.init_authority(
        folder.absolute(),
        federation,
        given.new_passphrase("the authority's keys"),
        keys=keys,
        threshold=threshold,
        exercise=exercise,
    )
    given.output.line(line, _init_words)


def _init_words(line: Line) -> str:
    return (
        f"The authority of {plain(line['federation'])}: {keys_words(line)}.\n"
        f"Carry {plain(line['root'])} to the hub's operator: vigil hub init --federation ID --root FILE\n"
        "Compare the ROOT digits with the hub's operator by telephone:\n"
        f"{root_digits(line)}"
    )


def keys_words(line: Line) -> str:
    """How many keys an authority has, and how many must sign."""
    both = f"{line['keys']} root and {line['keys']} targets keys"
    if line["keys"] == 1:
        both = "1 root and 1 targets key"
    return f"{both}; {line['threshold']} of each must sign"


@group.command("sign", cls=Command)
def sign(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    folder: FolderOption,
    members: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MEMBER",
            parser=options.member,
            help="Admit only these members. Default: every valid petition.",
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
            help="Replace the keys of this member, because its former keys are lost. Call the member first; "
            "repeatable.",
        ),
    ] = None,
    former_hub_until: Annotated[
        float | None,
        typer.Option(
            "--former-hub-until",
            metavar="TIME",
            parser=options.moment,
            help="If the hub is replaced: what the former hub cosigned counts up to this time (2026-05-03T14:00, "
            "UTC). Default: now.",
        ),
    ] = None,
    former_hub_compromised: Annotated[
        bool,
        typer.Option("--former-hub-compromised", help="If the hub is replaced: somebody else may hold its keys."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="You have compared all digits already; do not ask.")] = False,
    hub_passphrase_file: HubPassphraseOption = None,
) -> None:
    """Admit members: show all digits to compare by telephone, ask, and sign the list of members.

    If a member changes its keys and its former key endorses the new ones, sign it like a new member. If the former keys
    are lost, call the member, and name it: --replace-keys MEMBER.

    Give either --hub-home, or --request and --out. The first signature of a federation without members works in the
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
    secret = authority_passphrase(given)
    described = app.describe_request(folder.absolute(), secret, asked)
    accept_hub = _shown(given, described, replaced=replace_keys or [], yes=yes)
    bundle = app.sign_members(
        folder.absolute(),
        secret,
        asked,
        admit=members or None,
        replace_keys=replace_keys or [],
        accept_hub=accept_hub,
        former_hub_until=former_hub_until,
        former_hub_compromised=former_hub_compromised,
        key_folders=absolute(key_folder),
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
    """Sign the same list of members again, with new dates. This needs no request.

    Either --hub-home or --out.
    """
    from node import app

    given = common(ctx)
    hub = destination(given, hub_home, out, hub_passphrase_file)
    tell_policy(given, folder)
    hand_over(
        given,
        app.extend_members(folder.absolute(), authority_passphrase(given), key_folders=absolute(key_folder)),
        hub,
        out,
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
    """Sign that a member leaves. The hub cannot undo it. What the member shared stays until it is retracted.

    Either --hub-home or --out. To stop a member temporarily: vigil hub suspend.
    """
    from node import app

    given = common(ctx)
    hub = destination(given, hub_home, out, hub_passphrase_file)
    tell_policy(given, folder)
    if not yes:
        ask(given, f"Does {member} leave the federation?")
    bundle = app.release_member(
        folder.absolute(), authority_passphrase(given), member, key_folders=absolute(key_folder)
    )
    hand_over(given, bundle, hub, out)


@group.command("bundle", cls=Command)
def bundle(
    ctx: typer.Context,
    folder: FolderOption,
    hub_home: HubHomeOption = None,
    out: OutOption = None,
    hub_passphrase_file: HubPassphraseOption = None,
) -> None:
    """Write the last signed bundle again, for a hub that lost it. This opens no key of the authority.

    Either --hub-home or --out.
    """
    from node import app

    given = common(ctx)
    hub = destination(given, hub_home, out, hub_passphrase_file)
    hand_over(given, app.last_bundle(folder.absolute()), hub, out)


def _shown(given: Common, asked: list[Line], *, replaced: list[str], yes: bool) -> bool:
    """Shows what would be signed and asks a person to confirm it. Returns whether this also accepts a new hub."""
    for line in asked:
        given.output.line(line, _petition_words)
        if line.get("verdict") == "replace" and line["member"] not in replaced:
            given.output.note(
                f"The keys of {plain(line['member'])} are NOT replaced with this signature. "
                f"Call {plain(line['member'])}; then sign with --replace-keys {plain(line['member'])}"
            )
    if not asked:
        given.output.line(
            {"petitions": 0}, lambda _: "No petitions. This signs the same list of members again, with new dates."
        )
    elif not yes:
        if any("policy" in line for line in asked):
            ask(given, "Did the federation agree to this change of its policy?")
        if any("policy" not in line for line in asked):
            ask(given, "Did you compare all digits by telephone, and are they the same?")
    return any("hub" in line for line in asked)


def ask(given: Common, question: str) -> None:
    """Ends the command unless a person says yes. Raises `Misuse` if there is no terminal to ask at."""
    try:
        agreed = typer.confirm(plain_lines(question), err=True)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        raise Misuse(
            "nothing was signed: there is no terminal to ask at", remedy="compare the digits, then give --yes"
        ) from None
    if not agreed:
        given.output.error("nothing was signed")
        raise typer.Exit(ExitCode.ERROR)


def authority_passphrase(given: Common) -> Callable[[], str]:
    """The passphrase of the authority's keys. A person is asked for it at most once."""
    return once(Passphrase(file=given.passphrase.file, what="the authority's keys"))


def absolute(folders: list[Path] | None) -> list[Path]:
    """The folders of `--key-folder`."""
    return [folder.absolute() for folder in folders or ()]


_VERDICTS: Final = {
    "admit": "becomes a member",
    "unchanged": "is a member with these keys already; nothing changes",
    "rotate": "changes its keys; its former key endorses the new ones",
    "replace": "has new keys; no former key endorses them",
    "refuse": "is refused",
}


def tell_policy(given: Common, folder: Path) -> None:
    """Says which change of the policy the next signature publishes, if any."""
    from node import app

    for line in app.policy_change(folder.absolute()):
        given.output.note(policy_words(line))


def _petition_words(line: Line) -> str:
    if "policy" in line:
        return policy_words(line)
    if "hub" in line:
        return _hub_words(line)
    member = plain(line["member"])
    words = f"{member}, {plain(line['name'])}: {_VERDICTS.get(line['verdict'], plain(line['verdict']))}."
    if line["reason"]:
        return f"{words} Reason: {plain(line['reason'])}"
    if line["verdict"] in {"rotate", "replace"} and line["former_log_ends"] is not None:
        words += f" Records published under the former key: {line['former_log_ends']:,}."
    if line["verdict"] == "unchanged":
        return words
    return f"{words} Compare the KEYS digits with {member} by telephone:\n{digits('KEYS', line['fingerprint'])}"


def _hub_words(line: Line) -> str:
    match line["hub"]:
        case "new":
            words = "The first hub of this federation."
        case "log-key":
            words = "The same hub names a new key of its own log, in which it decides on notices."
        case "rekey":
            words = "The hub changes its keys; its present keys sign for the new ones."
        case _:
            former = plain(str(line["former_fingerprint"])[:4])
            words = f"A new hub replaces hub {former}..., whose keys did not sign for it."
    words += f" Compare the HUB digits with the hub's operator by telephone:\n{digits('HUB', line['fingerprint'])}"
    return words + (f"\n{digits('HUB before', line['former_fingerprint'])}" if line["former_fingerprint"] else "")
