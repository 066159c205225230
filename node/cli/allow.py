"""`vigil allow`: the list of content that is known to be harmless. It gives no hits.

Rules this module upholds:

- The list accepts SHA-256 only. A shorter digest can be forged, and a perceptual hash would also hide similar pictures.
- If a file has one bad line, nothing changes.
- Emptying the list needs --yes. Without it, the command only says what would be lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, common, new_group, one
from node.cli.hashlist import read_hashes
from node.cli.output import Line
from node.cli.words import count, moment
from node.domain.fingerprint_kinds import SHA256
from node.errors import Misuse
from node.interop.hash_lists import Listed

_SHA256: Final = re.compile(r"(?i:sha256:)?([0-9A-Fa-f]{64})")
_DIGITS: Final = 64
_BATCH: Final = 1_000
"""Values an item of the local socket carries."""
_LISTED: Final = 100

group = new_group("Manage the allow-list: known-harmless files that give no hits.")
SomeFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        parser=options.path,
        help="A list of SHA-256 values: of sha256sum or hashdeep, CSV with a column sha256, or 64 hex digits per line.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="allow")


def sha256_digits(text: str) -> str:
    """Parses a SHA-256 from a person or a file to lower-case hex. Raises `Misuse`, which does not repeat the text."""
    found = _SHA256.fullmatch(text)
    if found is None:
        what = f"{len(text)} hex digits" if re.fullmatch(r"[0-9A-Fa-f]+", text) else f"{len(text)} characters"
        raise Misuse(
            f"a SHA-256 is {_DIGITS} hex digits, and this is {what}",
            remedy="only SHA-256 can be allowed: an MD5 or SHA-1 can be forged, and a PDQ stands for many pictures",
        )
    return found[1].lower()


@group.command("import", cls=Command)
def import_(ctx: typer.Context, file: SomeFile) -> None:
    """Put the SHA-256 values of known-harmless files on the list.

    A file on the list gives no hits, and a holding whose file is on the list is no hit. A query leaves the file out and
    says so. Files that only look similar still give hits. Every command says how many hits it hides; --show-all
    shows them. The audit log records the import.
    """
    given = common(ctx)
    values = read_hashes(file, SHA256, _not_allowed)
    with given.session() as session:
        line = one(session.run("allow-import", {}, _items(value for listed in values for value in _sha256_of(listed))))
    given.output.line(line, _import_words)


@group.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="How many to list.")] = _LISTED,
    after: Annotated[
        str, typer.Option("--after", metavar="SHA256", help="List the values after this one, sorted.")
    ] = "",
) -> None:
    """Show the values on the list, sorted."""
    given = common(ctx)
    seen = 0
    arguments: Line = {"limit": limit, "after": sha256_digits(after) if after else ""}
    with given.session() as session:
        for line in session.run("allow-list", arguments):
            seen += 1
            given.output.line(line, lambda line: f"{line['sha256']}  {moment(line['added_at'])}")
    if not seen:
        given.output.note("the list is empty" if not after else "no more values on the list")
    elif seen == limit:
        given.output.note(f"the first {limit:,}: --limit N for more, --after SHA256 for the next")


@group.command("count", cls=Command)
def count_(ctx: typer.Context) -> None:
    """Show how many values are on the list."""
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("allow-count", {}))
    given.output.line(line, lambda line: f"{count(line['total'], 'value')} on the list.")


@group.command("remove", cls=Command)
def remove(
    ctx: typer.Context,
    values: Annotated[list[str], typer.Argument(metavar="SHA256", help="64 hex digits each.", show_default=False)],
) -> None:
    """Remove values from the list. Their files give hits again from the next search."""
    given = common(ctx)
    digits = [sha256_digits(value) for value in values]
    with given.session() as session:
        line = one(session.run("allow-remove", {}, _items(digits)))
    given.output.line(line, _removed_words)


@group.command("clear", cls=Command)
def clear(
    ctx: typer.Context,
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove them. Without --yes the command only says how many it would remove.")
    ] = False,
) -> None:
    """Empty the list, so that it hides nothing."""
    given = common(ctx)
    with given.session() as session:
        if not yes:
            total = one(session.run("allow-count", {}))["total"]
            raise Misuse(f"this would remove {count(total, 'value')} from the list", remedy="add --yes to remove them")
        line = one(session.run("allow-clear", {}))
    given.output.line(line, _removed_words)


def _sha256_of(listed: Listed) -> list[str]:
    return [each.value.hex() for each in listed.fingerprints if each.code == SHA256.code]


def _not_allowed(listed: Listed) -> str:
    """Why a line cannot be put on the list; "" if it can."""
    return "" if _sha256_of(listed) else "it has no SHA-256. Only SHA-256 can be allowed: an MD5 or SHA-1 can be forged"


def _items(values: Iterable[str]) -> Iterator[Line]:
    rest = iter(values)
    while some := list(islice(rest, _BATCH)):
        yield {"sha256": some}


def _import_words(line: Line) -> str:
    return f"{count(line['new'], 'value')} new of {line['read']:,} read; {line['total']:,} on the list."


def _removed_words(line: Line) -> str:
    return f"{count(line['removed'], 'value')} removed; {line['total']:,} on the list."
