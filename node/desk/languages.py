"""The languages of the desk: which one a browser gets, its texts, its numbers and its times.

Rules this module upholds:

- English is the source. A text without a translation is shown in English; a test fails if one is missing.
- A message of the daemon is translated by its code and parameters (`node.domain.messages`). A parameter is text that
  somebody or something else wrote, so it is isolated where the language is written from right to left (Unicode TR 9).
- Numbers, dates and times are written as CLDR says for the language. A time is shown in UTC, and in the zone of the
  desk's machine where that is another one.
- Catalogues are text files. They are compiled in memory when the desk starts; until then nothing is read.
"""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from functools import cached_property
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from typing import TYPE_CHECKING, Final

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from node.desk import words
from node.domain.messages import Templates, fill, isolate

if TYPE_CHECKING:
    from datetime import tzinfo

    from babel.messages.catalog import Catalog

    from node.errors import Said, VigilError

SOURCE: Final = "en"
PAGES: Final = "desk"
"""The catalogue of the desk's own texts."""
MESSAGES: Final = "messages"
"""The catalogue of the daemon's messages."""
_LOCALES: Final = {"en": "en_GB"}
"""Of dates and numbers, where the language's own default is for another readership: the day comes before the month."""
_CHOICE: Final = re.compile(r"([a-z]{2,3})(?:-[a-z0-9-]{1,20})?(?:;q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?")
"""One language of a browser's wish, and its weight (RFC 9110, 12.5.4)."""
_DEEPEST: Final = 2
"""Messages inside of messages: the reason in a parameter, and a reason in that one."""
_MAX_CHOICES: Final = 20
"""Languages in a browser's wish that are looked at."""


class Language:
    """One language. `code`: as in HTML's `lang`; `direction`: ltr or rtl; `own_name`: what its speakers call it."""

    def __init__(self, code: str, direction: str, own_name: str) -> None:
        self.code = code
        self.direction = direction
        self.own_name = own_name

    def load(self) -> None:
        """Reads the catalogues. Later calls cost nothing. Blocks for a moment: call it at the start."""
        _ = self._pages, self._messages, self._locale

    # --- the desk's own texts -----------------------------------------------------------------------------------------

    def gettext(self, text: str) -> str:
        """The text in this language."""
        return str(self._pages.gettext(text))

    def ngettext(self, one: str, many: str, n: int) -> str:
        """The text for so many things."""
        return str(self._pages.ngettext(one, many, n))

    def pgettext(self, context: str, text: str) -> str:
        """The text in this language, where it means what `context` says."""
        return str(self._pages.pgettext(context, text))

    # --- numbers and times --------------------------------------------------------------------------------------------

    def number(self, n: float) -> str:
        """A number, with the separators of the language."""
        return str(format_decimal(n, locale=self._locale))

    def date(self, at: float) -> str:
        """The day in UTC. `at`: Unix seconds."""
        return str(format_date(datetime.fromtimestamp(at, UTC), "medium", locale=self._locale))

    def moment(self, at: float, zone: tzinfo | None = None) -> str:
        """The day and the minute in UTC, and in `zone` if that is another one. None: the zone of this machine."""
        there = datetime.fromtimestamp(at, UTC)
        here = there.astimezone(zone)
        shown = f"{self._day(there)} {self._minute(there)} UTC"
        if not here.utcoffset():
            return shown
        day = "" if here.date() == there.date() else f"{self._day(here)} "
        local = self.pgettext("time", "{time} local time").format(time=f"{day}{self._minute(here)}")
        return f"{shown} ({local})"

    def duration(self, seconds: float) -> str:
        """How long something takes, in its largest unit."""
        return str(format_timedelta(timedelta(seconds=round(seconds)), threshold=1.5, locale=self._locale))

    def _day(self, at: datetime) -> str:
        return str(format_date(at, "medium", locale=self._locale))

    def _minute(self, at: datetime) -> str:
        return at.strftime("%H:%M")

    # --- the daemon's messages ----------------------------------------------------------------------------------------

    def message(self, error: VigilError) -> str:
        """What is wrong."""
        return self._translated(error.said, str(error))

    def remedy(self, error: VigilError) -> str:
        """What to do; "" if nothing helps."""
        return self._translated(error.said_remedy, error.remedy)

    def text(self, text: str) -> str:
        """A message that came as text in a line of a command, or that the desk's own process made."""
        return self._translated(None, text)

    def _translated(self, said: Said | None, text: str, depth: int = 0) -> str:
        if self.code == SOURCE or not text:
            return text
        templates, translations = self._messages
        said = said or templates.recognise(text)
        template = templates.of(said.code) if said else None
        if said is None or template is None or len(said.parameters) != len(template.names):
            return text
        values = {
            name: self._parameter(name, value, depth)
            for name, value in zip(template.names, said.parameters, strict=True)
        }
        return fill(translations[template.text], values, isolated=self.direction == "rtl")

    def _parameter(self, name: str, value: str, depth: int) -> str:
        """A parameter that is itself a message or a word of a fixed list is translated too."""
        kind = words.kind_of_place(name, value)
        if kind:
            return words.word(self, value, kind)
        shown = self._translated(None, value, depth + 1) if depth < _DEEPEST else value
        return isolate(shown) if self.direction == "rtl" else shown

    # --- what is read once --------------------------------------------------------------------------------------------

    @cached_property
    def _locale(self) -> Locale:
        return Locale.parse(_LOCALES.get(self.code, self.code))

    @cached_property
    def _pages(self) -> NullTranslations:
        if self.code == SOURCE:
            return NullTranslations()
        with io.BytesIO() as compiled:
            write_mo(compiled, _catalogue(self.code, PAGES))
            compiled.seek(0)
            return GNUTranslations(compiled)

    @cached_property
    def _messages(self) -> tuple[Templates, dict[str, str]]:
        """The templates that have a translation, and the translation of each."""
        if self.code == SOURCE:
            return Templates(()), {}
        found = {
            str(each.id): str(each.string)
            for each in _catalogue(self.code, MESSAGES)
            if each.id and each.string and not each.fuzzy
        }
        return Templates(found), found


def _catalogue(code: str, name: str) -> Catalog:
    content = (resources.files("node.desk") / "locales" / code / f"{name}.po").read_bytes()
    return read_po(io.BytesIO(content), locale=code)


LANGUAGES: Final = {
    each.code: each
    for each in (
        Language("en", "ltr", "English"),
        Language("fr", "ltr", "Français"),
        Language("es", "ltr", "Español"),
        Language("ar", "rtl", "العربية"),
    )
}
"""code -> language, in the order in which they are offered."""


def choose(cookie: str, accept: str) -> Language:
    """The language that was chosen, else the best one of the browser's Accept-Language, else English."""
    if cookie in LANGUAGES:
        return LANGUAGES[cookie]
    best, most = SOURCE, 0.0
    for wish in accept.lower().split(",")[:_MAX_CHOICES]:
        found = _CHOICE.fullmatch("".join(wish.split()))
        weight = float(found[2] or 1) if found else 0.0
        if found and found[1] in LANGUAGES and weight > most:
            best, most = found[1], weight
    return LANGUAGES[best]
