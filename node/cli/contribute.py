"""`vigil contribute` and `vigil correct`: what is said about holdings, and to whom.

Rules this module upholds:

- Only what was given is sent on: a contribution has the node's defaults for the rest, a correction keeps what was said.
- What is chosen is chosen by name: a case, holdings, or digests. Nothing is shared by default.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from node.cli import options
from node.cli.common import Command, common, one
from node.cli.output import Line, plain
from node.cli.words import count, record_name
from node.errors import Misuse


class Tri(StrEnum):
    """Yes, no, or nobody said."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class HandlingCode(StrEnum):
    """INTERPOL handling codes."""

    POLICE_USE = "1"
    ASK_FIRST = "2"
    SPECIAL = "3"


_STATEMENT = "What is said"
_HANDLING = "Who may read it"

CategoryOption = Annotated[
    str | None,
    typer.Option(
        "--category",
        metavar="SCHEME:VERSION:CODE",
        parser=options.category,
        help="Such as uk-caid:1:B; never a bare number.",
        rich_help_panel=_STATEMENT,
    ),
]
BaselineOption = Annotated[
    Tri | None,
    typer.Option("--baseline", help="Is it within INTERPOL's baseline?", rich_help_panel=_STATEMENT),
]
SeriesOption = Annotated[
    str | None,
    typer.Option("--series", metavar="NAME", help="The series that it belongs to.", rich_help_panel=_STATEMENT),
]
TagOption = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG", help="A tag; may be repeated.", rich_help_panel=_STATEMENT)
]
LanguageOption = Annotated[
    str | None,
    typer.Option("--language", metavar="CODE", help="Language heard or seen in it.", rich_help_panel=_STATEMENT),
]
VictimOption = Annotated[
    Tri | None, typer.Option("--victim-identified", help="Is the victim known?", rich_help_panel=_STATEMENT)
]
OffenderOption = Annotated[
    Tri | None, typer.Option("--offender-identified", help="Is the offender known?", rich_help_panel=_STATEMENT)
]
AudienceOption = Annotated[
    options.Members | None,
    typer.Option(
        "--audience",
        metavar="everyone|FR,JP",
        parser=options.audience,
        help="Who may read it: everyone, or only these members. Fixed when it is signed.",
        rich_help_panel=_HANDLING,
    ),
]
PurposeOption = Annotated[
    list[str] | None,
    typer.Option("--purpose", metavar="PURPOSE", help="A permitted purpose; repeatable.", rich_help_panel=_HANDLING),
]
CodeOption = Annotated[
    HandlingCode | None,
    typer.Option(
        "--handling-code",
        help="1: police use; 2: ask us before you pass it on; 3: special restrictions.",
        rich_help_panel=_HANDLING,
    ),
]
RetainOption = Annotated[
    int | None,
    typer.Option(
        "--retain-until",
        metavar="YYYY-MM-DD",
        parser=options.day,
        help="Deleted everywhere after this day.",
        rich_help_panel=_HANDLING,
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands to the command tree."""
    app.command("contribute", cls=Command)(contribute)
    app.command("correct", cls=Command)(correct)


def contribute(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    case: Annotated[str, typer.Option("--case", metavar="REF", help="Everything that this case holds.")] = "",
    holding: Annotated[
        list[int] | None, typer.Option("--holding", metavar="ID", min=1, help="This holding; may be repeated.")
    ] = None,
    sha256: Annotated[
        list[str] | None,
        typer.Option(
            "--sha256", metavar="HEX", parser=options.sha256, help="The holding with this digest; repeatable."
        ),
    ] = None,
    all_in_case: Annotated[
        bool, typer.Option("--all-in-case", help="Says in so many words what --case alone means.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be shared, and share nothing.")] = False,
    category: CategoryOption = None,
    baseline: BaselineOption = None,
    series: SeriesOption = None,
    tag: TagOption = None,
    language: LanguageOption = None,
    victim_identified: VictimOption = None,
    offender_identified: OffenderOption = None,
    audience: AudienceOption = None,
    purpose: PurposeOption = None,
    handling_code: CodeOption = None,
    retain_until: RetainOption = None,
) -> None:
    """Share holdings with the federation, as signed records of their fingerprints. The material stays here.

    Choose by --case, --holding or --sha256. A record is durable here when it is printed; it is published once the hub
    has cosigned it. What was contributed before is skipped, and so is a file with nothing in it to match.
    """
    given = common(ctx)
    if all_in_case and not case:
        raise Misuse("--all-in-case says nothing without --case", remedy="name the case with --case")
    arguments: Line = {
        "case": case,
        "holdings": [str(number) for number in holding or ()],
        "sha256": list(sha256 or ()),
        "statement": _statement(category, baseline, series, tag, language, victim_identified, offender_identified),
        "handling": _handling(audience, purpose, handling_code, retain_until),
        "dry_run": dry_run,
    }
    with given.session() as session:
        for line in session.run("contribute", arguments):
            given.output.line(line, _contributed_words)


def correct(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    record: Annotated[str, typer.Argument(metavar="RECORD", parser=options.record, help=options.RECORD_HELP)],
    category: CategoryOption = None,
    baseline: BaselineOption = None,
    series: SeriesOption = None,
    tag: TagOption = None,
    language: LanguageOption = None,
    victim_identified: VictimOption = None,
    offender_identified: OffenderOption = None,
    audience: AudienceOption = None,
    purpose: PurposeOption = None,
    handling_code: CodeOption = None,
    retain_until: RetainOption = None,
) -> None:
    """Replace what one of our records says, or who may read it. What is not given stays as it was.

    The record gets a new name; what it said before is deleted everywhere.
    """
    given = common(ctx)
    statement = _statement(category, baseline, series, tag, language, victim_identified, offender_identified)
    handling = _handling(audience, purpose, handling_code, retain_until)
    if not statement and not handling:
        raise Misuse("nothing to correct was given", remedy="see `vigil correct --help`")
    with given.session() as session:
        line = one(session.run("correct", {"record": record, "statement": statement, "handling": handling}))
        given.output.line(line, lambda line: f"Corrected: it is now {record_name(line['record'])}.\n  {line['record']}")


def _statement(  # noqa: PLR0917 (in the order of the options)
    category: str | None,
    baseline: Tri | None,
    series: str | None,
    tags: list[str] | None,
    language: str | None,
    victim_identified: Tri | None,
    offender_identified: Tri | None,
) -> Line:
    """What was said, and no more."""
    return _given(
        category=category,
        baseline=baseline and baseline.value,
        series=series,
        tags=tags or None,
        language=language,
        victim_identified=victim_identified and victim_identified.value,
        offender_identified=offender_identified and offender_identified.value,
    )


def _handling(
    audience: options.Members | None,
    purposes: list[str] | None,
    code: HandlingCode | None,
    retain_until_day: int | None,
) -> Line:
    """Who may read it, as far as it was said."""
    return _given(
        audience=list(audience) if audience is not None else None,
        purposes=purposes or None,
        code=code and code.value,
        retain_until_day=retain_until_day,
    )


def _given(**values: object) -> Line:
    return {name: value for name, value in values.items() if value is not None}


def _contributed_words(line: Line) -> str:
    if "holding" in line:
        return f"holding {line['holding']:>7}  {record_name(line['record']):<12}  {plain(line['state'])}"
    if line.get("would_contribute"):
        return f"{count(line['would_contribute'], 'record')} would be shared, {line['skipped']:,} skipped. Nothing was."
    return f"{count(line['contributed'], 'record')} shared, {line['skipped']:,} skipped."
