"""`vigil watch`: standing questions. Members keep them, and look for the files in what they take in later.

Rules this module upholds:

- Files are fingerprinted before anything leaves this node, as for a query, and only hashes leave.
- A local watch (`--local`) goes to this node alone, and no query is asked with it.
- Every text from other members goes through `plain`.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.asking import all_subjects, ask
from node.cli.common import Command, common, new_group, one
from node.cli.examined import Files, Labels
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.question_options import AskedMembersOption, LegalBasisOption, OfficerRoleOption, PurposeOption
from node.cli.search import Algorithm, HashFile, HitWords, Rule, RuleOption, ShowAll, Subjects, Workers
from node.cli.subjects import read_asked
from node.cli.words import count, moment
from node.errors import Misuse

group = new_group("Watches: ask members to look for files in what they take in later.")
_LOCAL: Final = re.compile(r"local-([1-9][0-9]{0,8})")
_STATES: Final = {
    "no-word": "no word yet",
    "kept": "keeps it",
    "held": "an officer there decides",
    "refused": "refuses",
    "ended": "ended",
}


def _watch(text: str) -> Line:
    """What is named: a local watch by local- and its number, another one as a record is named."""
    local = _LOCAL.fullmatch(text)
    return {"local": int(local[1])} if local else {"watch": options.record(text)}


WatchArgument = Annotated[
    Line,
    typer.Argument(
        metavar="WATCH",
        parser=_watch,
        help="The watch, or the first 8 or more hex digits of its hash; a local watch by its name, as local-3.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="watch")


@group.command("add", cls=Command)
def add(
    ctx: typer.Context,
    *,
    asked: Subjects = None,
    case: Annotated[
        str,
        typer.Option(
            "--case", help="Our case reference. Without files and hashes: watch for the holdings of this case."
        ),
    ] = "",
    until: Annotated[
        int, typer.Option("--until", metavar="YYYY-MM-DD", parser=options.day, help="The last day of the watch.")
    ],
    to: AskedMembersOption = None,
    purpose: PurposeOption = None,
    legal_basis: LegalBasisOption = None,
    officer_role: OfficerRoleOption = None,
    ask_now: Annotated[
        bool, typer.Option("--ask-now/--no-ask-now", help="Also ask a query about the same now. Default: yes.")
    ] = True,
    rule: RuleOption = Rule.POLICY,
    hashes: HashFile = None,
    algorithm: Algorithm = None,
    local: Annotated[
        bool,
        typer.Option("--local", help="Ask nobody: this node alone watches, and looks at every record that arrives."),
    ] = False,
    show_all: ShowAll = False,
    workers: Workers = None,
) -> None:
    """Ask members to look for files or hashes in what they take in until a day.

    Only signed hashes leave, with case, purpose and legal basis. Each asked member keeps the watch or refuses it, and
    answers when it takes in something that matches: vigil watch list, vigil alerts. A member that is offline gets the
    watch when it returns. A watch is about what comes later; what members hold already is asked about by a query at
    once, unless --no-ask-now is given. Exit code 3: that query was not answered by every member.

    A case has defaults for purpose and legal basis (vigil case open), so that --case and --until can be enough.

    With --local nothing leaves this node: each record of another member that arrives until that day is compared with
    the files or hashes, and a match raises an alert. It needs no legal basis, and no case.
    """
    given = common(ctx)
    abroad = {"--to": to, "--purpose": purpose, "--legal-basis": legal_basis, "--officer-role": officer_role}
    _check_options(case, [name for name, value in abroad.items() if value], local=local)
    files = Files(output=given.output, labels=Labels(kept=True))
    arguments: Line = {
        "case": case,
        "purpose": purpose or "",
        "legal_basis": legal_basis or "",
        "officer_role": officer_role or "",
        "to": list(to or ()),
        "rule": rule.value,
    } | ({"show_all": True} if show_all else {})
    whole_case = not local and not asked and hashes is None
    told = None if whole_case else read_asked(asked or (), hashes, algorithm)
    with given.session() as session:
        items = [] if told is None else all_subjects(given, told, files, workers)
        if told is not None and not items:
            given.output.error("nothing is left to watch for", "give at least one readable file, or a hash")
            raise typer.Exit(ExitCode.ERROR)
        command = "watch-local" if local else "watch-case" if whole_case else "watch-add"
        for line in session.run(command, arguments | {"until": until}, items):
            given.output.line(line, _added_words)
        if ask_now and not local:
            query = "query-case" if whole_case else "query"
            ask(session, query, arguments, items, files)
    if files.failed:
        raise typer.Exit(ExitCode.ERROR)


@group.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    case: Annotated[str, typer.Option("--case", metavar="REF", help="Only watches of this case.")] = "",
) -> None:
    """List our watches, the newest first, with what each asked member says; then those of this node alone.

    A member that has said nothing is shown so: it may be offline, or of an older version. A withdrawn watch is listed
    until its last day: a member that still keeps it has not acknowledged yet.
    """
    given = common(ctx)
    found = False
    with given.session() as session:
        for line in session.run("watch-list", {"case": case}):
            found = True
            given.output.line(line, followed_words)
    if not found:
        given.output.note("no watches")


@group.command("show", cls=Command)
def show(ctx: typer.Context, watch: WatchArgument) -> None:
    """Show a watch, what each asked member says, and the hits that members told of; or a local watch, and the records
    that match it now.
    """
    given = common(ctx)
    words = HitWords()
    with given.session() as session:
        for line in session.run("watch-show", watch):
            given.output.line(line, followed_words if "until" in line else words)


@group.command("remove", cls=Command)
def remove(ctx: typer.Context, watch: WatchArgument) -> None:
    """Withdraw a watch. Each asked member deletes it and acknowledges that: vigil watch list.

    A local watch is deleted at once, with its hashes.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("watch-remove", watch))
    given.output.line(line, _removed_words)


def _removed_words(line: Line) -> str:
    if line["local"]:
        return f"Removed: {line['watch']}, with what it looked for."
    return f"Withdrawn: {plain(line['watch'])}. Who acknowledged it: vigil watch list"


def _check_options(case: str, abroad: list[str], *, local: bool) -> None:
    """`abroad`: the given options that only other members would read. Raises `Misuse`."""
    if local and abroad:
        raise Misuse(
            f"a local watch asks no other member, and {abroad[0]} is for them",
            remedy=f"leave out --local, or {', '.join(abroad)}",
        )
    if not local and not case:
        raise Misuse("this watch needs --case", remedy="give it; or, to ask no other member, give --local")


def _added_words(line: Line) -> str:
    if "not_asked" in line:
        return f"{plain(line['subject'])}: left out, {plain(line['not_asked'])}"
    if line["local"]:
        already = f"{count(line['already'], 'record')} here match already: vigil watch show {line['watch']}"
        return _local_words(line) + (f"\n  {already}" if line["already"] else "")
    about = f"{count(line['subjects'], 'subject')}, {count(line['fingerprints'], 'fingerprint')}"
    members = ", ".join(map(plain, line["members"]))
    words = [f"Watch {plain(line['watch'])}", f"  {about}, until {line['until']}, asked: {members}"]
    if line["left_out"]:
        words.append(f"  {count(line['left_out'], 'fingerprint')} of videos left out: the policy allows no more")
    if not line["published"]:
        words.append("  It is stored here, and will be sent when the hub can be reached.")
    return "\n".join(words)


def _local_words(line: Line) -> str:
    case = f"case {plain(line['case'])}, " if line["case"] else ""
    found = f"{count(line['subjects'], 'subject')}, {count(line['found'], 'record')} found"
    full = "\n  It has found so many records that it finds no more: remove it." if line["full"] else ""
    return f"{line['watch']}\n  on this node alone, {case}until {line['until']}, {found}{full}"


def followed_words(line: Line) -> str:
    """A watch with the state of each asked member, or a local watch."""
    if line["local"]:
        return _local_words(line)
    head = f"{plain(line['watch'])}\n  case {plain(line['case'])}, until {line['until']}"
    head += f", {count(line['subjects'], 'subject')}, {count(line['hits'], 'hit')}"
    head += ", withdrawn" if line["withdrawn"] else "" if line["sent"] else ", not sent yet"
    return "\n".join([head, *(_asked_words(member, said, line) for member, said in line["asked"].items())])


def _asked_words(member: str, said: Line, line: Line) -> str:
    words = _STATES.get(said["state"], plain(said["state"]))
    if line["withdrawn"] and said["state"] in ("kept", "held"):
        words += "; it has not acknowledged the withdrawal yet"
    when = f", {moment(said['at'])} by its clock" if said["at"] else ""
    reason = f": {plain(said['reason'])}" if said["reason"] else ""
    hits = f"; {count(said['hits'], 'hit')}" if said["hits"] else ""
    faults = f"; {count(said['faults'], 'word')} of it do not count: they cannot be right" if said["faults"] else ""
    return f"    {plain(member)} {words}{reason}{when}{hits}{faults}"
