"""Readers of option values: durations, days, members, addresses, categories.

Rules this module upholds:

- A reader accepts one spelling of each value. Its error says what that spelling is.
- Readers do not know what a value is for: the command decides whether a member exists or a purpose is allowed.
- An error is `typer.BadParameter`: a typing mistake is a usage error (exit code 2) and reaches no store.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import typer

from node.domain.calendar import EPOCH, SECONDS_A_DAY
from node.domain.caller import officer_name
from node.domain.fingerprint_kinds import KIND_BY_NAME, FingerprintKind
from node.domain.groups import GROUP_MARK
from node.domain.ids import federation_id, member_id
from node.errors import Malformed

_DURATION: Final = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,3}))?(ms|s|m|h|d)")
_SECONDS: Final = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(SECONDS_A_DAY),
}
MAX_DURATION_SECONDS: Final = 366 * SECONDS_A_DAY
"""A year: the longest duration of any option."""
_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):(0|[1-9][0-9]{0,4})")
_MAX_PORT: Final = 65_535
_HEX: Final = re.compile(r"[0-9a-f]+")
_SHA256_DIGITS: Final = 64
_CATEGORY_WORD: Final = re.compile(r"[^\s:]+")
MAX_EVIDENCE: Final = 16 * 1024 * 1024
"""Maximum bytes of an evidence file. A real one has a few kilobytes; with an hour of video, 200."""
MAX_CEREMONY: Final = 64 * 1024 * 1024
"""Maximum bytes of a signing request, a bundle or a root: enough for thousands of members."""
OFFICER_VARIABLE: Final = "VIGIL_OFFICER"
RECORD_HELP: Final = "ORIGIN#HASH, or the first 8 or more hex digits of its hash."
EVERYONE: Final = "everyone"
ExerciseOption = Annotated[
    bool, typer.Option("--exercise", help="This is for an exercise: its federation's id begins with exercise.")
]
_RECORD: Final = re.compile(r"(?:[^\s#]+#[0-9a-f]{64}|[0-9a-f]{8,64})")


def duration(text: str) -> float:
    """Seconds, more than 0: "5s", "500ms", "2m", "48h", "30d", with up to three decimals."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise typer.BadParameter("write a time with its unit, for example 500ms, 5s, 2m, 48h or 30d")
    whole, fraction, unit = found.groups()
    seconds = float(Decimal(f"{whole}.{fraction or 0}") * _SECONDS[unit])
    if not 0 < seconds <= MAX_DURATION_SECONDS:
        raise typer.BadParameter("the time must be more than zero and at most 366 days")
    return seconds


def day(text: str) -> int:
    """A day as YYYY-MM-DD, in days since 1970-01-01 (the unit of handling). Past days are not refused here."""
    try:
        known = dt.date.fromisoformat(text)
    except ValueError:
        known = None
    if known is None or known.isoformat() != text or known <= EPOCH:
        raise typer.BadParameter("write a day as YYYY-MM-DD, for example 2031-12-31")
    return (known - EPOCH).days


def moment(text: str) -> float:
    """A minute of UTC, for example 2026-05-03T14:00, in Unix seconds."""
    try:
        found = dt.datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise typer.BadParameter("write a day and a time in UTC, for example 2026-05-03T14:00") from error
    return found.timestamp()


def path(text: str) -> Path:
    """A path that is not empty. An empty path comes from an unset variable of a script, and would mean the working
    folder.
    """
    if not text:
        raise typer.BadParameter("a path is empty; for the current folder, give .")
    return Path(text)


def member(text: str) -> str:
    """A member's id, for example FR."""
    try:
        return member_id(text)
    except Malformed as error:
        raise typer.BadParameter(f"{error}; {error.remedy}") from None


class Members(tuple[str, ...]):
    """A list of members, or the word `EVERYONE`, or a group with its mark (`domain.groups`)."""

    __slots__ = ()


def members(text: str) -> Members:
    """Members separated by commas, each once: "FR,JP"."""
    found = Members(member(part) for part in text.split(","))
    if len(set(found)) != len(found):
        raise typer.BadParameter("a member is named twice")
    return found


def recipients(text: str) -> Members:
    """Members separated by commas, or a group with its mark: "@NAME"."""
    if text.startswith(GROUP_MARK):
        if not text.removeprefix(GROUP_MARK).strip():
            raise typer.BadParameter("write the name of a group after @, for example @Operation")
        return Members([text])
    return members(text)


def audience(text: str) -> Members:
    """The word "everyone", members separated by commas, or a group: "@NAME"."""
    return Members([EVERYONE]) if text == EVERYONE else recipients(text)


def federation(text: str) -> str:
    """A federation's id, for example vigil.example."""
    try:
        return federation_id(text)
    except Malformed as error:
        raise typer.BadParameter(f"{error}; {error.remedy}") from None


def address(text: str) -> str:
    """HOST:PORT, an IPv6 address in brackets; returned as typed."""
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found[2]) > _MAX_PORT:
        raise typer.BadParameter("write HOST:PORT, for example hub.example.org:8443 or [2001:db8::1]:8443")
    return text


def officer(text: str) -> str:
    """The name of an officer: one line of printable text."""
    try:
        return officer_name(text)
    except Malformed as error:
        raise typer.BadParameter(f"{error}; {error.remedy}") from None


def usual_officer(environment: Mapping[str, str]) -> str:
    """The officer of a command without --officer: VIGIL_OFFICER, otherwise "", the officer of the account.

    Raises `typer.BadParameter` if the variable does not contain a name.
    """
    named = environment.get(OFFICER_VARIABLE)
    return officer(named) if named else ""


def algorithm(text: str) -> FingerprintKind:
    """A kind of hash by its name, for example sha256."""
    kind = KIND_BY_NAME.get(text.lower())
    if kind is None:
        raise typer.BadParameter(f"give one of {', '.join(KIND_BY_NAME)}")
    return kind


def sha256(text: str) -> str:
    """A SHA-256: 64 hex digits, returned in lower case."""
    digits = text.lower()
    if len(digits) != _SHA256_DIGITS or _HEX.fullmatch(digits) is None:
        raise typer.BadParameter("a SHA-256 is 64 hex digits")
    return digits


def query_id(text: str) -> str:
    """A query's id: 32 hex digits, returned in lower case."""
    digits = text.lower()
    if len(digits) != _SHA256_DIGITS // 2 or _HEX.fullmatch(digits) is None:
        raise typer.BadParameter("a query's id is 32 hex digits; `vigil queries` lists them")
    return digits


def record(text: str) -> str:
    """A record as <origin>#<64 hex digits>, or the first hex digits (8 or more) of its leaf hash; returned as typed."""
    if _RECORD.fullmatch(text) is None:
        raise typer.BadParameter(
            "name a record by <origin>#<64 hex digits>, or by the first 8 or more digits that `vigil records` shows"
        )
    return text


def category(text: str) -> str:
    """SCHEME:VERSION:CODE, for example uk-caid:1:B; returned as typed."""
    parts = text.split(":")
    if len(parts) != 3 or any(_CATEGORY_WORD.fullmatch(part) is None for part in parts):  # noqa: PLR2004
        raise typer.BadParameter(
            "write SCHEME:VERSION:CODE, for example uk-caid:1:B; other countries cannot interpret a number without "
            "its scheme"
        )
    return text
