"""C4All: XML whose coding is not what it declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.interop.second_set.made import (
    EMPTY_INPUT,
    EMPTY_MD5,
    NO_HASH,
    PLACEHOLDER,
    Made,
    Page,
    Place,
    Row,
    accepted,
    bad,
    made,
    md5,
    rejected,
    row,
    truncated,
)


def files() -> Iterator[Made]:
    yield from _c4all()


def _c4all() -> Iterator[Made]:
    def page_of(page: Page, *records: str, declared: str = "utf-16") -> Page:
        page.add(
            f'<?xml version="1.0"  encoding="{declared}"?>\n<ReportIndex version="2.0" source="X-Ways" dll="made up">\n'
        )
        for each in records:
            page.add("  ").record(each).add("\n")
        return page.add("</ReportIndex>\n")

    def one(label: object, *, kind: str = "Image", code: str = "1", size: str = "10", value: str | None = None) -> str:
        value = md5(label).upper() if value is None else value
        return (
            f"<{kind}>\n    <picture>{md5(label)}.jpg</picture>\n    <category>{code}</category>\n    <id>1</id>\n"
            f"    <fullpath><![CDATA[secret\\é {label}.jpg]]></fullpath>\n    <hash>{value}</hash>\n"
            f"    <notes>secret note</notes>\n    <fileSize>{size}</fileSize>\n  </{kind}>"
        )

    def row_of(at: Place, label: object, code: str | None = "1", **more: Any) -> Row:
        fields: dict[str, Any] = {"media_type": "image", "media_size": 10} | more
        return row(at, {"md5": md5(label)}, code=code, scheme=("c4all", "unstated"), **fields)

    records = (
        one(1),
        one(2, kind="Movie", code="0", value=md5(2)),
        one(3, code="", size="-1"),
        one(4, value=""),
        one(5, code="01", size=" 12 "),
    )
    for name, coding, bom, declared, newline in (
        ("utf16le-bom", "utf-16-le", b"\xff\xfe", "utf-16", "\r\n"),
        ("utf16be-bom", "utf-16-be", b"\xfe\xff", "utf-16", "\n"),
        ("utf16le-bare", "utf-16-le", b"", "utf-16", "\n"),
        ("utf16be-bare", "utf-16-be", b"", "utf-16", "\n"),
        ("says-utf16-is-utf8", "utf-8", b"", "utf-16", "\n"),
        ("says-utf16-is-utf8-with-bom", "utf-8", b"\xef\xbb\xbf", "utf-16", "\r\n"),
        ("says-utf8-is-utf8", "utf-8", b"", "utf-8", "\n"),
        ("says-utf8-is-utf16", "utf-16-le", b"\xff\xfe", "utf-8", "\n"),
    ):
        page = page_of(Page(coding, bom, newline), *records, declared=declared)
        at = page.records
        rows = [
            row_of(at[0], 1),
            row_of(at[1], 2, "0", media_type="video"),
            row_of(at[2], 3, None, media_size=None),
            row_of(at[4], 5, "01", media_size=12),
        ]
        whole = accepted(rows, notices=["bad-size"], rejected=[bad(at[3], NO_HASH)], must_not_appear=["secret"])
        other = whole | {"items": [*rows[:3], row_of(at[4], 5, "01", media_size=None)]}
        yield made(f"c4all/{name}.xml", page.data, whole, other)
    # A single byte of Latin-1 in a name, in a file that says UTF-16: the names are nobody's, the hashes count.
    page = page_of(Page("iso-8859-1"), one(1), one(2))
    rows = [row_of(at, n + 1) for n, at in enumerate(page.records)]
    yield made("c4all/says-utf16-is-latin-1.xml", page.data, accepted(rows, must_not_appear=["secret"]), rejected())
    page = page_of(
        Page(), one(1, value=md5(1)[:31]), one(2, value=EMPTY_MD5), one(3, value="0" * 32), one(4, kind="Audio"), one(5)
    )
    faults = [bad(page.records[0], NO_HASH), bad(page.records[1], EMPTY_INPUT), bad(page.records[2], PLACEHOLDER)]
    last = page.records[4]
    whole = accepted([row_of(last, 5)], rejected=faults, notices=["unknown-field"])
    moved = accepted([row_of(last | {"record": 4}, 5)], rejected=faults, notices=["unknown-field"])
    audio = accepted([row_of(page.records[3], 4, media_type=None), row_of(last, 5)], rejected=faults)
    yield made("c4all/hashes.xml", page.data, whole, moved, audio)
    cut = page.data[: page.records[3]["offset"] + 30]
    yield made("c4all/cut.xml", cut, truncated(cut, 40))
