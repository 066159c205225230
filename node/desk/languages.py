from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from node.errors import VigilError


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    code: str
    direction: str
    own_name: str

    def gettext(self, text: str) -> str:
        return text

    def ngettext(self, one: str, many: str, n: int) -> str:
        return one if n == 1 else many

    def pgettext(self, context: str, text: str) -> str:
        return text

    def number(self, n: float) -> str:
        return f"{n:,}"

    def date(self, at: float) -> str:
        return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y")

    def moment(self, at: float) -> str:
        return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y %H:%M UTC")

    def duration(self, s: float) -> str:
        return f"{s:.0f} s"

    def message(self, error: VigilError) -> str:
        return str(error)

    def remedy(self, error: VigilError) -> str:
        return error.remedy


LANGUAGES: Final = {
    c: Language(code=c, direction=d, own_name=n)
    for c, d, n in (
        ("en", "ltr", "English"),
        ("fr", "ltr", "Français"),
        ("es", "ltr", "Español"),
        ("ar", "rtl", "العربية"),
    )
}


def choose(cookie: str, accept: str) -> Language:
    return LANGUAGES.get(cookie) or LANGUAGES["en"]
