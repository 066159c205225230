"""Addresses as a person gives them to a command: typed, or in a file.

Rules this module upholds:

- The text is sent to the node as it is; the node reads it. A file gives the number of each line.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.hashlist import read_lines
from node.cli.output import Line
from node.errors import Misuse

_BATCH: Final = 500
"""Addresses an item of the local socket carries."""


class Granularity(StrEnum):
    """How much an address covers."""

    DOMAIN = "domain"
    HOST = "host"
    URL = "url"


AddressesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="ADDRESS", help="A URL, a host or a domain; hxxp:// and [.] are read too."),
]
FromOption = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", parser=options.path, help="A text file with one address per line."),
]
GranularityOption = Annotated[
    Granularity | None,
    typer.Option(
        "--granularity",
        help="domain: the name and all names below it; host: this name alone; url: this page. Default: as it is typed; "
        "a bare name is a host.",
    ),
]


def typed_addresses(addresses: list[str] | None, file: Path | None) -> list[Line]:
    """The addresses that were typed, or those of a file. Raises `Misuse` if there is none."""
    if bool(addresses) == (file is not None):
        raise Misuse("name addresses, or a file of them", remedy="give ADDRESS..., or --from FILE")
    if file is None:
        return [{"text": text} for text in addresses or ()]
    found: list[Line] = [{"text": text, "line": number} for number, text in read_lines(file, str, "address")]
    if not found:
        raise Misuse("the file holds no address", remedy="write one address per line")
    return found


def address_items(typed: list[Line]) -> Iterator[Line]:
    """The addresses as items of the local socket."""
    rows = iter(typed)
    while some := list(islice(rows, _BATCH)):
        yield {"addresses": some}
