"""Every format that is read, in the order in which it is looked for, and by its name.

Rules this module upholds:

- A format is told by the content of a file, never by its name. One that is told by a signature or by names of its own
  comes before one that nearly every text fits.
- A file that nobody recognises is not guessed: a person names its format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from node.domain.references import At
from node.interop import (
    c4all,
    hma,
    icse,
    misp,
    ncmec,
    nsrl,
    plain_lists,
    stix,
    stopncii,
    tables,
    tech_against_terrorism,
    threatexchange,
    threatexchange_tables,
    vics,
)
from node.interop.reading import HEAD_BYTES, Format, Unwelcome

IN_ORDER: Final[tuple[Format, ...]] = (
    vics.FORMAT,
    stix.FORMAT,
    misp.FORMAT,
    stopncii.FORMAT,
    threatexchange.FORMAT,
    tech_against_terrorism.FORMAT,
    hma.FORMAT,
    ncmec.FORMAT,
    c4all.FORMAT,
    nsrl.DATABASE_FORMAT,
    nsrl.FORMAT,
    tables.HASHDEEP_FORMAT,
    icse.FORMAT,
    threatexchange_tables.DATASET_FORMAT,
    threatexchange_tables.HMA_FORMAT,
    tables.FORMAT,
    threatexchange_tables.EXCHANGE_FORMAT,
    *plain_lists.FORMATS,
)
FORMATS: Final[Mapping[str, Format]] = {each.name: each for each in IN_ORDER} | {"stix": stix.FORMAT}
"""By name, as in `--as`. `stix` is another name of `stix21`."""


def format_of(head: bytes) -> Format:
    """The format of a file by its first `HEAD_BYTES` bytes. Raises `Unwelcome` if nobody recognises it."""
    for each in IN_ORDER:
        if each.recognise(head[:HEAD_BYTES]):
            return each
    raise Unwelcome(
        "the format of the file is not recognised",
        At(),
        remedy=f"name it with --as FORMAT, one of {', '.join(sorted(FORMATS))}",
    )
