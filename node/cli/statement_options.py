"""The options for holdings, for a statement about them, and for who may read it. Several commands use them.

Rules this module upholds:

- Only given values are sent to the node. It has the defaults, or the former statement.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from node.cli import options
from node.cli.output import Line


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

CaseOption = Annotated[
    str, typer.Option("--case", metavar="REF", help="All holdings of this case, or the named ones among them.")
]
CategoryOption = Annotated[
    str | None,
    typer.Option(
        "--category",
        metavar="SCHEME:VERSION:CODE",
        parser=options.category,
        help="For example uk-caid:1:B; never a bare number.",
        rich_help_panel=_STATEMENT,
    ),
]
BaselineOption = Annotated[
    Tri | None,
    typer.Option("--baseline", help="Is it within INTERPOL's baseline?", rich_help_panel=_STATEMENT),
]
SeriesOption = Annotated[
    str | None,
    typer.Option("--series", metavar="NAME", help="The series of the picture.", rich_help_panel=_STATEMENT),
]
TagOption = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG", help="A tag; may be repeated.", rich_help_panel=_STATEMENT)
]
LanguageOption = Annotated[
    str | None,
    typer.Option("--language", metavar="CODE", help="A language heard or seen in it.", rich_help_panel=_STATEMENT),
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
        metavar="everyone|FR,JP|@GROUP",
        parser=options.audience,
        help="Who may read it: everyone, only these members, or the present members of a group. Fixed when it is "
        "signed.",
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
        help="1: police use; 2: ask us before you share it further; 3: special restrictions.",
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


def statement_given(  # noqa: PLR0917 (in the order of the options)
    category: str | None,
    baseline: Tri | None,
    series: str | None,
    tags: list[str] | None,
    language: str | None,
    victim_identified: Tri | None,
    offender_identified: Tri | None,
) -> Line:
    """The statement with only the given fields."""
    return _given(
        category=category,
        baseline=baseline and baseline.value,
        series=series,
        tags=tags or None,
        language=language,
        victim_identified=victim_identified and victim_identified.value,
        offender_identified=offender_identified and offender_identified.value,
    )


def handling_given(
    audience: options.Members | None,
    purposes: list[str] | None,
    code: HandlingCode | None,
    retain_until_day: int | None,
) -> Line:
    """The handling with only the given fields."""
    return _given(
        audience=list(audience) if audience is not None else None,
        purposes=purposes or None,
        code=code and code.value,
        retain_until_day=retain_until_day,
    )


def _given(**values: object) -> Line:
    return {name: value for name, value in values.items() if value is not None}
