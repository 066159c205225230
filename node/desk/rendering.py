"""Pages from templates: one environment for each language, with the filters that every template has.

Rules this module upholds:

- Everything is escaped. What another member or an officer wrote is isolated, so that its direction and its marks change
  nothing around it (Unicode TR 9).
- A template that names a value that is not there fails: no page shows an empty place by mistake.
- Files of the desk are named with the digest of their content, so a browser keeps them for ever.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from node.desk import navigation, words
from node.desk.languages import LANGUAGES
from node.domain.calendar import LAST_SECOND, SECONDS_A_DAY
from node.domain.rights import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from node.desk.asked import Asked, Page
    from node.desk.languages import Language

_DIGITS: Final = 16
"""Characters of a file's digest in its address."""


class StaticFiles:
    """The desk's own scripts, styles and pictures, in memory: some dozen small files."""

    @cached_property
    def _files(self) -> dict[str, bytes]:
        root = resources.files("node.desk") / "static"
        found: dict[str, bytes] = {}
        folders = [("", root)]
        while folders:
            before, folder = folders.pop()
            for each in folder.iterdir():
                if each.is_dir():
                    folders.append((f"{before}{each.name}/", each))
                elif not each.name.endswith(".py"):
                    found[before + each.name] = each.read_bytes()
        return found

    @cached_property
    def version(self) -> str:
        """Of all files together. Scripts import each other by relative names, so they share one version."""
        digest = hashlib.sha256()
        for name in sorted(self._files):
            digest.update(name.encode() + b"\0" + hashlib.sha256(self._files[name]).digest())
        return digest.hexdigest()[:_DIGITS]

    def address(self, name: str) -> str:
        """The address of a file. Raises `KeyError` for a file that is not there."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    def content(self, version: str, name: str) -> bytes | None:
        """The file under this address; None if there is none."""
        return self._files.get(name) if version == self.version else None


class Renderer:
    """Makes pages. `address_of(name, **parts)`: the path of a route."""

    def __init__(self, files: StaticFiles, address_of: Callable[..., str]) -> None:
        self.files = files
        self._address_of = address_of
        folder = str(resources.files("node.desk") / "templates")
        self._of = {each.code: self._environment(folder, each) for each in LANGUAGES.values()}

    def html(self, asked: Asked, page: Page) -> str:
        """The page for this request."""
        template = self._of[asked.language.code].get_template(page.template)
        # A value of the page must not hide one of the layout: Python refuses a name that is given twice.
        return template.render(**self._context(asked), **page.values)

    def _context(self, asked: Asked) -> Mapping[str, Any]:
        who = asked.person
        return {
            "asked": asked,
            "who": who,
            "nonce": asked.nonce,
            "language": asked.language,
            "languages": LANGUAGES,
            "entries": navigation.entries_for(who) if who else (),
            "here": asked.request.url.path,
        }

    def _environment(self, folder: str, language: Language) -> Environment:
        made = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
            auto_reload=False,
        )
        made.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
            language.gettext, language.ngettext, newstyle=True, pgettext=language.pgettext
        )
        made.globals.update(
            address=self._address_of,
            static=self.files.address,
            Work=Work,
            word=lambda value, kind="": words.word(language, value, kind),
        )
        made.filters.update(
            number=language.number,
            date=lambda at: _time(at, language.date) if at else "",
            day=lambda days: _time(days * SECONDS_A_DAY, language.date) if days else "",
            moment=lambda at: _time(at, language.moment) if at else "",
            duration=language.duration,
            isolated=isolated,
            digest=digest,
        )
        return made


def isolated(text: object) -> Markup:
    """Text that somebody wrote, in a direction of its own."""
    return Markup("<bdi>{}</bdi>").format(text)


def digest(text: object, characters: int = 0) -> Markup:
    """A digest, a record or another text that is always read from left to right; shortened to so many characters."""
    whole = str(text)
    shown = f"{whole[:characters]}…" if characters and len(whole) > characters else whole
    return Markup('<bdi dir="ltr" class="digest" title="{}">{}</bdi>').format(whole, shown)


def _time(at: float, shown: Callable[[float], str]) -> Markup:
    """A time as a browser reads it, and as a person does. `at`: Unix seconds. Another member may have written one that
    no calendar has: it is shown as its number.
    """
    if not 0 <= at <= LAST_SECOND:
        return digest(int(at))
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{}</time>').format(stamp, escape(shown(at)))
