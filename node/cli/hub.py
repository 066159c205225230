"""`vigil hub`: the federation's central operator. It can invite, relay and suspend, but cannot make anybody a member.

Rules this module upholds:

- A token is printed once, on stdout, with the digits that both sides must compare.
- A person carries files to the authority and back.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

import typer

from node.cli import hub_notices, hub_upkeep, options
from node.cli.common import Command, common, new_group, one
from node.cli.digits import digits, root_digits
from node.cli.files import read_input, write_new
from node.cli.handover import admitted_words
from node.cli.node import check_store, ready_words
from node.cli.output import Line, Output, plain
from node.cli.usage_words import alarm_words, used_words
from node.cli.words import count, moment, new_table
from node.domain.rights import HUB_ROLES
from node.domain.token import INVITATION_SECONDS

group = new_group("The federation's hub: invite, admit, suspend, run.")

MemberArgument = Annotated[
    str,
    typer.Argument(
        metavar="MEMBER", parser=options.member, help="The member's id, for example FR.", show_default=False
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    from node.cli import home_keys, officers

    home_keys.add_passphrase(group, "the hub's keys")
    officers.add_officers(group, HUB_ROLES, "hub")
    app.add_typer(group, name="hub")


@group.command("init", cls=Command)
def init(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    federation: Annotated[
        str,
        typer.Option(
            "--federation", metavar="ID", parser=options.federation, help="The federation's id.", show_default=False
        ),
    ],
    root: Annotated[
        Path, typer.Option("--root", metavar="FILE", help="The authority's root.json.", show_default=False)
    ],
    listen: Annotated[
        str,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            parser=options.address,
            help="Where members connect, with their certificates.",
            show_default=False,
        ),
    ],
    enrolment_listen: Annotated[
        str,
        typer.Option(
            "--enrolment-listen",
            metavar="HOST:PORT",
            parser=options.address,
            help="Where nodes without a valid certificate enrol and renew.",
            show_default=False,
        ),
    ],
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host",
            metavar="NAME",
            help="A name or address at which nodes reach the hub; repeatable. Invitations contain the first.",
        ),
    ] = None,
    exercise: options.ExerciseOption = False,
) -> None:
    """Make the hub of a federation: its keys, its certificate authority, its database.

    The hub can run after the authority has signed for the first time: vigil authority sign, then vigil hub run.
    """
    from node import app

    given = common(ctx)
    line = app.init_hub(
        given.home,
        federation,
        read_input(root, options.MAX_CEREMONY, "root"),
        given.new_passphrase("the hub's keys"),
        listen=listen,
        enrolment_listen=enrolment_listen,
        hosts=host or [],
        exercise=exercise,
    )
    given.output.line(line, _init_words)


def _init_words(line: Line) -> str:
    return (
        f"The hub of {plain(line['federation'])}, in {plain(line['home'])}.\n"
        "Compare the ROOT digits and the HUB digits with the authority by telephone:\n"
        f"{root_digits(line)}\n"
        f"{digits('HUB', line['hub_fingerprint'])}\n"
        "Each member that joins will compare the CA digits with you:\n"
        f"{digits('CA', line['ca_fingerprint'])}\n"
        f"Next: {plain(line['next'])}"
    )


@group.command("invite", cls=Command)
def invite(
    ctx: typer.Context,
    member: MemberArgument,
    valid: Annotated[
        float | None,
        typer.Option(
            "--valid",
            metavar="TIME",
            parser=options.duration,
            help=f"How long the invitation is valid. Default: {INVITATION_SECONDS // 3_600}h.",
        ),
    ] = None,
) -> None:
    """Print a one-time token for a member, with the digits that both sides compare by telephone.

    Send the token over a channel that others cannot read: whoever has it can petition in that member's name.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("invite", {"member": member, "valid_seconds": valid or INVITATION_SECONDS}))
    given.output.line(line, _invited_words)


def _invited_words(line: Line) -> str:
    return (
        f"Invitation for {plain(line['member'])}, good until {moment(line['expires'])}, once:\n\n"
        f"{plain(line['token'])}\n\n"
        f"Compare the CA digits and the ROOT digits with {plain(line['member'])} by telephone:\n"
        f"{digits('CA', line['ca_fingerprint'])}\n"
        f"{root_digits(line)}\n"
        "There: vigil node join --token TOKEN (keys lost: vigil node rekey --token TOKEN --keys-lost)"
    )


@group.command("members", cls=Command)
def members(ctx: typer.Context) -> None:
    """List the members, and those who ask to become members."""
    given = common(ctx)
    _print_lines(given.output, _fetched(ctx, "members"))


@group.command("status", cls=Command)
def status(ctx: typer.Context) -> None:
    """Show the state of the hub, and which members are connected."""
    given = common(ctx)
    _print_lines(given.output, _fetched(ctx, "status"))


def _fetched(ctx: typer.Context, command: str) -> list[Line]:
    with common(ctx).session() as session:
        return list(session.run(command, {}))


def _print_lines(output: Output, lines: list[Line]) -> None:
    for line in lines:
        output.line(line, _hub_words if "hub" in line else None)
    listed = [line for line in lines if "member" in line]
    if not listed:
        output.note("no members yet")
        return
    for alarm in (each for line in listed for each in line.get("alarms", ())):
        output.say(alarm_words(alarm))
    table = new_table(
        "Member",
        "Name",
        "State",
        "Connected",
        "Entries",
        "Used",
        "Certificate until",
        right=("Entries", "Used"),
        folds=("Name",),
    )
    for line in listed:
        table.add_row(
            plain(line["member"]),
            plain(line["name"]),
            "FROZEN" if line.get("frozen") else plain(line["state"]),
            "yes" if line["attending"] else "",
            f"{line['size']:,}" if "size" in line else "",
            used_words(line),
            moment(line.get("certificate_expires")),
        )
    output.say(table)
    _print_troubles(output, listed)


def _print_troubles(output: Output, listed: list[Line]) -> None:
    """Problems of the hub, one per line."""
    for line in listed:
        if line.get("claimed"):
            output.say(
                f"{plain(line['member'])}: other members have {line['claimed']:,} entries of its log, this hub has "
                f"{line['cosigned']:,}. The rest comes back when {plain(line['member'])} connects."
            )
        if line.get("frozen"):
            output.say(f"{plain(line['member'])} is frozen: {plain(line['frozen'])}")
        if line.get("trouble"):
            output.say(
                f"{plain(line['member'])}: the hub cannot serve its log, and tries again: {plain(line['trouble'])}. "
                f"All other logs are served. Run: vigil hub fsck"
            )
        if line.get("striking"):
            output.say(
                f"{plain(line['member'])}: {line['alike']:,} of its newest {line['recent']:,} records show nearly the "
                f"same picture. Ask the member why. If these records are useless, ask the member to retract them, or "
                f"suspend it."
            )
        if line.get("petition"):
            output.say(
                f"{plain(line['member'])} asks for new keys: write a request for the authority with vigil hub requests"
            )


def _hub_words(line: Line) -> str:
    roster = "none yet: the authority has not signed"
    if line["roster_version"] is not None:
        roster = f"version {line['roster_version']}, {'STALE since' if line['roster_stale'] else 'fresh until'} "
        roster += moment(line["roster_expires"])
    signs = line.get("authority_signs_again_by")
    return (
        f"{'Hub':<12} {plain(line['hub'])}, {'running' if line['daemon'] else 'not running'}\n"
        f"{'Roster':<12} {roster}\n"
        f"{'Authority':<12} {f'has to sign again by {moment(signs)}' if signs else 'has not signed yet'}\n"
        f"{'Connected':<12} {count(line['attending'], 'member')}"
        + (f"\n{'New keys':<12} {plain(line['new_keys'])}" if line.get("new_keys") else "")
        + (f"\n{'Notices':<12} {notices}" if (notices := _notices_words(line)) else "")
    )


def _notices_words(line: Line) -> str:
    """What waits for the operator, and why nothing can be decided; "" if nothing has to be done."""
    waiting = line.get("notices_waiting", 0)
    words = [f"{count(waiting, 'request')} waiting: vigil hub notices list --waiting"] if waiting else []
    words += [f"no decision is possible: {plain(line['own_log'])}"] if line.get("own_log") else []
    return f"\n{'':<13}".join(words)


@group.command("requests", cls=Command)
def requests(
    ctx: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The file to write. It must not exist.", show_default=False)
    ],
) -> None:
    """Write a file with what the authority is asked to sign. A person carries it to the authority."""
    given = common(ctx)
    with given.session() as session:
        found = dict(one(session.run("requests", {})))
    data = base64.b64decode(found.pop("request"), validate=True)
    write_new(out, data)
    given.output.line({"request": str(out), "bytes": len(data), **found}, _request_words)


def _request_words(line: Line) -> str:
    words = [
        f"{plain(line['request'])}. Carry it to the authority: vigil authority sign --request FILE --out FILE",
        "If the hub is new to the authority, compare the HUB digits with it by telephone:",
        digits("HUB", line["hub_fingerprint"]),
    ]
    if line["petitions"]:
        words.append("Each of these members must compare its KEYS digits with the authority by telephone:")
        words += [digits(f"KEYS {plain(each['member'])}", each["fingerprint"]) for each in line["petitions"]]
    changing = [plain(each["member"]) for each in line["petitions"] if each["changes_keys"]]
    if changing:
        words.append(
            f"Until you admit the bundle, the hub takes no more records of {', '.join(changing)}: the authority signs "
            "where the former log ends. To continue without the change: vigil hub refuse MEMBER"
        )
    return "\n".join(words)


@group.command("admit", cls=Command)
def admit(
    ctx: typer.Context,
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="What vigil authority sign wrote.", show_default=False)
    ],
) -> None:
    """Import what the authority signed. It takes effect immediately."""
    from node import app

    given = common(ctx)
    signed = read_input(bundle, options.MAX_CEREMONY, "bundle")
    app.before_admission(given.home, signed)
    data = base64.b64encode(signed).decode("ascii")
    with given.session() as session:
        given.output.line(one(session.run("admit", {"bundle": data})), admitted_words)


@group.command("refuse", cls=Command)
def refuse(ctx: typer.Context, member: MemberArgument) -> None:
    """Refuse a pending petition."""
    _change(ctx, "refuse", {"member": member})


@group.command("suspend", cls=Command)
def suspend(
    ctx: typer.Context,
    member: MemberArgument,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="TEXT", help="The reason, in one line; every member can read it.", show_default=False
        ),
    ],
) -> None:
    """Suspend a member: its live streams end, and the hub refuses its calls."""
    _change(ctx, "suspend", {"member": member, "reason": reason})


@group.command("unsuspend", cls=Command)
def unsuspend(ctx: typer.Context, member: MemberArgument) -> None:
    """Lift a suspension."""
    _change(ctx, "unsuspend", {"member": member})


def _change(ctx: typer.Context, command: str, arguments: Line) -> None:
    given = common(ctx)
    with given.session() as session:
        line = one(session.run(command, arguments))
    given.output.line(line, lambda line: f"{plain(line['member'])}: {plain(line['state'])}")


group.add_typer(hub_notices.group, name="notices")
group.command("log-key", cls=Command)(hub_notices.log_key)
group.command("rekey", cls=Command)(hub_upkeep.rekey)
group.command("backup", cls=Command)(hub_upkeep.backup)
group.command("restore", cls=Command)(hub_upkeep.restore)


@group.command("run", cls=Command)
def run(ctx: typer.Context) -> None:
    """Run the hub until SIGTERM or Ctrl-C. You can use every other command while it runs."""
    from node import app

    given = common(ctx)
    app.run_hub(given.home, given.passphrase, lambda line: given.output.line(line, ready_words))


@group.command("fsck", cls=Command)
def fsck(ctx: typer.Context) -> None:
    """Recompute every root, commitment and signature in the database. Exit code 1: there is damage."""
    check_store(common(ctx))
