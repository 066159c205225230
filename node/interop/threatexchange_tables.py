"""Lists of ThreatExchange's tools: the CSV of `threatexchange dataset`, the files of its local exchange, HMA's CSV.

Rules this module upholds:

- A signal type decides what the signal is. Types without a hash of a file (a URL, a text) are of no use here.
- NEGATIVE_CLASS says that a thing does not belong on the list: it is no row of it. INVESTIGATION_SEED is a lead, and
  neither is a category of child abuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA, SHA1, SHA256, FingerprintKind
from node.domain.references import At, Fault, Ignored, Item, ListHead
from node.interop.hash_tables import TOO_LONG, header_cells
from node.interop.notices import NOT_SEARCHED, Notices
from node.interop.reading import Broken, Choices, Format
from node.interop.row_hashes import MAX_TEXT, RowHashes, told_name
from node.interop.said_texts import compact
from node.interop.table_references import DIFFER, said_of
from node.interop.table_rows import Lines, Row, table_rows
from node.interop.text_coding import coding_of, legible
from node.interop.text_lines import Line, placed_lines

DATASET: Final = "threatexchange-csv"
EXCHANGE: Final = "threatexchange-file"
HMA: Final = "hma-csv"
NO_TYPE: Final = "no signal type"
_NEGATIVE: Final = "NEGATIVE_CLASS"
_HEADER: Final = ("signal_type", "signal_str")
_TYPES: Final[dict[str, tuple[FingerprintKind, str]]] = {
    "pdq": (PDQ, ""),
    "md5": (MD5, ""),
    "photo_md5": (MD5, "image"),
    "image_md5": (MD5, "image"),
    "video_md5": (MD5, "video"),
    "sha1": (SHA1, ""),
    "sha256": (SHA256, ""),
    "photodna": (PHOTODNA, "image"),
}
_TEXTS: Final = frozenset({"url", "url_md5", "raw_text", "trend_query", "text_tlsh", "domain"})
"""Types that no file has."""
_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{32,}")
_STAMPED: Final = re.compile(r"[0-9A-Fa-f]{32,64},[0-9]+(?:,[0-9]+)?,[0-9]{4}-[0-9]{2}-[0-9]{2}T[^,]*(?:,.*)?")
_STAMP: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T\S+")
_HMA_KINDS: Final = {2 * MD5.size: MD5, 2 * SHA1.size: SHA1, 2 * PDQ.size: PDQ}
_HMA_NAMES: Final = ("hash", "id", "time", "tags")


def _first(head: bytes) -> str:
    lines = re.split(r"\r\n|\r|\n", coding_of(head).decode(head))
    return next((line.strip() for line in lines if line.strip()), "")


def _parts(line: str) -> tuple[str, str]:
    """(signal type, signal) of a line of the local exchange; the signal is "" if there is none."""
    kind, signal, *_ = *line.split(maxsplit=1), "", ""
    return kind, signal


def recognise_dataset(head: bytes) -> bool:
    """Whether the first line names a signal and its type."""
    names = {name.strip().lower() for name in header_cells(_first(head), ",")}
    return names >= set(_HEADER)


def recognise_exchange(head: bytes) -> bool:
    """Whether the first line is a known signal type, a space and a signal."""
    kind, signal = _parts(_first(head))
    return signal != "" and (kind in _TYPES or kind in _TEXTS)


def recognise_hma(head: bytes) -> bool:
    """Whether the first line is a hash, a number and a time."""
    return _STAMPED.fullmatch(_first(head)) is not None


def read_dataset(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    """The rows of `threatexchange dataset --csv`. Raises `Broken`."""
    notices = Notices()
    rows = table_rows(Lines(chunks), ",")
    header = next(rows, None)
    names = [] if header is None or isinstance(header, Fault) else [name.strip().lower() for name in header.cells]
    if not set(names) >= set(_HEADER):
        raise Broken("its first line does not name signal_type and signal_str", At(line=1, offset=0))
    yield ListHead(format=DATASET, scheme=choices.scheme, scheme_version=choices.scheme_version)
    for row in rows:
        at = row.at._replace(record=row.at.record - 1)
        if isinstance(row, Fault):
            yield Fault(at, row.reason)
            continue
        said = dict(zip(names, row.cells, strict=False))
        if said.get("category", "").strip().upper() == _NEGATIVE:
            yield Ignored(_NEGATIVE)
            continue
        yield from _signal(
            at,
            said.get("signal_type", ""),
            said.get("signal_str", ""),
            notices,
            said=said_of(tuple(names), row.cells),
            tags=said.get("tags", "").strip(),
            short=len(row.cells) < len(names),
        )


def read_exchange(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    """The lines of a file of the local exchange: a signal type, a space, a signal."""
    notices = Notices()
    yield ListHead(format=EXCHANGE, scheme=choices.scheme, scheme_version=choices.scheme_version)
    for line in placed_lines(chunks, lambda _: False):
        at = At(line=line.number, offset=line.offset)
        if line.text is None:
            yield Fault(at, TOO_LONG)
        elif line.text.strip():
            yield from _line(line, at, notices)


def _line(line: Line, at: At, notices: Notices) -> Iterator[Item]:
    text = legible(line.text or "").strip()
    kind, signal = _parts(text)
    if not signal or not _TYPE.fullmatch(kind) or _HEX.fullmatch(kind):
        yield Fault(at, NO_TYPE)
        return
    yield from _signal(at, kind, signal, notices, said=compact({"line": text}))


def read_hma(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    """The rows of a CSV that Hasher-Matcher-Actioner takes: hash, number, time, tags; 64 digits are a PDQ."""
    notices = Notices()
    yield ListHead(format=HMA, scheme=choices.scheme, scheme_version=choices.scheme_version)
    for row in table_rows(Lines(chunks), ","):
        if isinstance(row, Fault):
            yield row
        else:
            yield from _hma_row(row, choices, notices)


def _hma_row(row: Row, choices: Choices, notices: Notices) -> Iterator[Item]:
    hashes = RowHashes()
    text = row.cells[0].strip()
    kind = choices.algorithm or _HMA_KINDS.get(len(text), PDQ)
    hashes.add(kind, text)
    tags = row.cells[-1].strip() if len(row.cells) >= len(_HMA_NAMES) else ""
    yield from _made(row.at, hashes, notices, tags="" if _STAMP.fullmatch(tags) else tags, said=_hma_said(row.cells))


def _hma_said(cells: list[str]) -> str:
    names = _HMA_NAMES if len(cells) <= len(_HMA_NAMES) else ("hash", "id", "second id", "time", "tags")
    return said_of(names, cells)


def _signal(
    at: At, name: str, signal: str, notices: Notices, *, said: str, tags: str = "", short: bool = False
) -> Iterator[Item]:
    """A signal by its type: a reference, a fault, or nothing of use."""
    name = name.strip()
    known = _TYPES.get(name.lower())
    if known is None:
        yield Ignored(told_name(name, "other"))
        if name.lower() not in _TEXTS:
            yield from notices.tell(NOT_SEARCHED, at)
        return
    hashes = RowHashes()
    if short:
        hashes.warn(DIFFER)
    hashes.add(known[0], signal)
    yield from _made(at, hashes, notices, media_type=known[1], tags=tags, said=said)


def _made(
    at: At, hashes: RowHashes, notices: Notices, *, said: str, tags: str = "", media_type: str = ""
) -> Iterator[Item]:
    if len(tags) > MAX_TEXT:
        hashes.warn("text-too-long")
        tags = ""
    if hashes.fault:
        yield Fault(at, hashes.fault)
        return
    row = hashes.reference(at, media_type=media_type, tags=tags, said=said)
    yield row
    yield from notices.of_row(row)


DATASET_FORMAT: Final = Format(
    name=DATASET, title="ThreatExchange dataset CSV", recognise=recognise_dataset, read=read_dataset
)
EXCHANGE_FORMAT: Final = Format(
    name=EXCHANGE, title="ThreatExchange local file exchange", recognise=recognise_exchange, read=read_exchange
)
HMA_FORMAT: Final = Format(name=HMA, title="HMA CSV", recognise=recognise_hma, read=read_hma)
