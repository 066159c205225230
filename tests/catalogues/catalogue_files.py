"""The catalogues as files: what is to be translated, and the translations of each language.

Rules this module upholds:

- A file holds exactly the texts that the source has now, sorted, and each translation that it had before. A text that
  changed loses its translation: nothing is guessed (no "fuzzy" entries).
- The files do not depend on the day, the machine or line numbers, so two branches can be merged.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from node import errors
from node.desk.languages import LANGUAGES, MESSAGES, PAGES, SOURCE
from node.errors import VigilError
from tests.catalogues.source_reader import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parents[2]
LOCALES: Final = ROOT / "node" / "desk" / "locales"
DAEMON: Final = ROOT / "node" / "control" / "messages.txt"
"""The templates that a daemon knows, one on a line."""
TRANSLATED: Final = tuple(code for code in LANGUAGES if code != SOURCE)
NOT_SHOWN: Final = ("node.cli", "node.demo", "node.config", "node.wire.pb", "node.store.migrations")
"""Rooms whose errors end in a terminal: no desk shows them."""
_METHODS: Final = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
_OPTIONS: Final = {"**.html": {"newstyle_gettext": "true", "trimmed": "true", "silent": "false"}}
_KEYWORDS: Final = {
    "_": None,
    "N_": None,
    "NP_": ((1, "c"), 2),
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
_UNUSED_HEADERS: Final = tuple(
    f'"{name}:'
    for name in (
        "Project-Id-Version",
        "Report-Msgid-Bugs-To",
        "POT-Creation-Date",
        "PO-Revision-Date",
        "Last-Translator",
        "Language-Team",
        "Generated-By",
    )
)
"""Headers that would change with the day or name nobody."""


@cache
def page_texts() -> Catalog:
    """The texts of the desk's own pages and modules."""
    found = _empty("en")
    texts = extract_from_dir(ROOT / "node" / "desk", _METHODS, _OPTIONS, _KEYWORDS)
    for file, _, message, _, context in texts:
        found.add(message, locations=[(f"node/desk/{file}", 1)], context=context)
    return found


@cache
def templates() -> Mapping[str, frozenset[str]]:
    """Each template of a message that a desk may show, and the modules that say it."""
    files = {}
    for path in sorted((ROOT / "node").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if not name.startswith(NOT_SHOWN):
            files[name] = path
    return Source(files, {each.__name__ for each in _tree(VigilError)}).templates()


def _tree(error: type[VigilError]) -> set[type[VigilError]]:
    below = {error}.union(*map(_tree, error.__subclasses__()))
    return {each for each in below if each.__module__ == errors.__name__}


def message_texts() -> Catalog:
    """The templates of the daemon's messages."""
    found = _empty("en")
    for template, modules in templates().items():
        found.add(template, locations=[(name.replace(".", "/") + ".py", 1) for name in modules])
    return found


def wanted(name: str) -> Catalog:
    """What the catalogue of this name has to translate."""
    return page_texts() if name == PAGES else message_texts()


def read(code: str, name: str) -> Catalog:
    """The translations of a language; none if there is no file yet."""
    path = LOCALES / code / f"{name}.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=code) if path.exists() else _empty(code)


def merged(code: str, name: str) -> Catalog:
    """What the file of a language should hold: the texts of now, with the translations that there are."""
    known, made = read(code, name), _empty(code)
    for each in wanted(name):
        if each.id:
            before = known.get(each.id, each.context)
            string = before.string if before and _same_form(before.id, each.id) else None
            made.add(each.id, string, locations=each.locations, context=each.context)
    return made


def content(catalog: Catalog) -> bytes:
    """The bytes of a catalogue's file."""
    with io.BytesIO() as made:
        write_po(made, catalog, width=0, sort_output=True, include_lineno=False)
        lines = made.getvalue().decode().splitlines(keepends=True)
    return "".join(each for each in lines if not each.startswith(_UNUSED_HEADERS)).encode()


def daemon_content() -> bytes:
    """The bytes of the daemon's own list."""
    return "".join(f"{each}\n" for each in templates()).encode()


def files() -> Iterator[tuple[Path, bytes]]:
    """Each file, and what it should hold."""
    yield DAEMON, daemon_content()
    for code in TRANSLATED:
        for name in (PAGES, MESSAGES):
            yield LOCALES / code / f"{name}.po", content(merged(code, name))


def untranslated(catalog: Catalog) -> Iterable[str]:
    """The texts of a catalogue that have no translation, or only some of their plural forms."""
    for each in catalog:
        if each.id and not (all(each.string) if isinstance(each.string, tuple) else each.string):
            yield str(each.id[0] if isinstance(each.id, tuple) else each.id)


def _same_form(one: object, other: object) -> bool:
    return isinstance(one, tuple) == isinstance(other, tuple)


def _empty(code: str) -> Catalog:
    return Catalog(
        locale=code,
        project="Vigil",
        header_comment="# `make catalogues` keeps this file current; only the msgstr lines are written by hand.",
        fuzzy=False,
    )
