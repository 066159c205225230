"""Lists of hashes without a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tests.interop.second_set.made import (
    EMPTY_INPUT,
    EMPTY_MD5,
    EMPTY_SHA1,
    EMPTY_SHA256,
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
    pdq,
    refused,
    rejected,
    row,
    sha1,
    sha256,
    sha512,
)

SECRET: Final[dict[str, Any]] = {"must_not_appear": ["secret", "Secret"]}


def lines_of(*lines: str, page: Page | None = None, last: str = "\n") -> Page:
    page = page or Page()
    for n, each in enumerate(lines):
        page.record(each).add("\n" if n < len(lines) - 1 else last)
    for at in page.records:
        del at["record"]
    return page


def kept(at: Place, **hashes: str) -> Row:
    return row(at, hashes, scheme=None)


def files() -> Iterator[Made]:
    yield from _sums()
    yield from _tags()
    yield from _hashdeep()
    yield from _bare()


def _sums() -> Iterator[Made]:
    for name, of, size in (("md5sum", md5, 32), ("sha1sum", sha1, 40), ("sha256sum", sha256, 64)):
        kind = name[:-3]
        empty = {32: EMPTY_MD5, 40: EMPTY_SHA1, 64: EMPTY_SHA256}[size]
        lines = (
            f"{of(1)}  secret 1.jpg",
            f"{of(2)} *secret 2.jpg",
            f"\\{of(3)}  secret\\n3\\\\.jpg",
            f"\\{of(4)} *secret\\r.jpg",
            f"{of(5).upper()}  secret.jpg",
            f"{empty}  secret-empty",
            f"{'0' * size}  secret-zero",
            f"{of(8)[:-1]}  secret-short",
            f"{of(9)}0  secret-long",
            "",
            "# secret comment",
            f"{of(1)}  secret 1 copy.jpg",
            f"{of(13)}  é 日本 secret.jpg",
            f"{of(14)}  -",
        )
        for coding, bom, newline in (
            ("utf-8", b"", "\n"),
            ("utf-8", b"\xef\xbb\xbf", "\r\n"),
            ("utf-16-le", b"\xff\xfe", "\r\n"),
            ("utf-16-be", b"\xfe\xff", "\n"),
        ):
            page = lines_of(*lines, page=Page(coding, bom, newline), last="" if bom else "\n")
            at = page.records
            rows = [kept(at[n - 1], **{kind: of(n)}) for n in (1, 2, 3, 4, 5, 13, 14)]
            faults = [bad(at[5], EMPTY_INPUT), bad(at[6], PLACEHOLDER), bad(at[7], NO_HASH), bad(at[8], NO_HASH)]
            whole = accepted(rows, rejected=faults, notices=["duplicate"], **SECRET)
            tail = "-bom" * bool(bom)
            yield made(f"plain/{name}-{coding}{tail}.txt", page.data, whole)
    # A name in Latin-1 is nobody's business.
    data = f"{md5(1)}  secret caf@.jpg\n{md5(2)}  secret.jpg\n".encode().replace(b"@", b"\xe9")
    page = lines_of(f"{md5(1)}  secret caf@.jpg", f"{md5(2)}  secret.jpg")
    yield made(
        "plain/md5sum-latin-1.txt",
        data,
        accepted([kept(page.records[0], md5=md5(1)), kept(page.records[1], md5=md5(2))], **SECRET),
    )
    # SHA-1 lines among MD5 lines: the length says it, or the line is told.
    page = lines_of(
        f"{md5(1)}  secret.jpg", f"{sha1(2)}  secret.jpg", f"{sha256(3)}  secret.jpg", f"{sha512(4)}  secret.jpg"
    )
    at = page.records
    first = kept(at[0], md5=md5(1))
    others = [kept(at[1], sha1=sha1(2)), kept(at[2], sha256=sha256(3))]
    faults = [{"line": n} for n in (2, 3, 4)]
    yield made(
        "plain/sums-of-mixed-lengths.txt",
        page.data,
        accepted([first], rejected=faults, **SECRET),
        accepted([first, *others], rejected=faults[2:], **SECRET),
        accepted([first, *others], notices=["not-searched"], **SECRET),
    )
    page = lines_of(f"{md5(1)}  secret.jpg", f"{md5(2)}  cut-in-the-name", last="")
    yield made(
        "plain/md5sum-no-last-line-end.txt",
        page.data,
        accepted([kept(at, md5=md5(n + 1)) for n, at in enumerate(page.records)], **SECRET),
    )


def _tags() -> Iterator[Made]:
    page = lines_of(
        f"MD5 (secret (2) = x.jpg) = {md5(1)}",
        f"SHA1 (secret.jpg) = {sha1(2).upper()}",
        f"SHA256 (secret.jpg) = {sha256(3)}",
        f"SHA512 (secret.jpg) = {sha512(4)}",
        f"SHA1 (secret.jpg) = {md5(5)}",
        f"MD5 (secret.jpg) = {EMPTY_MD5}",
        f"\\MD5 (secret\\n.jpg) = {md5(7)}",
        f"SHA2-256 (secret.jpg) = {sha256(8)}",
        f"MADEUP (secret.jpg) = {md5(9)}",
        f"MD5 (secret.jpg) = {'0' * 32}",
        f"SHA256(secret.jpg)= {sha256(11)}",
    )
    at = page.records
    rows = [kept(at[0], md5=md5(1)), kept(at[1], sha1=sha1(2)), kept(at[2], sha256=sha256(3)), kept(at[6], md5=md5(7))]
    rows += [
        row(at[7], {"sha256": sha256(8)}, scheme=None, optional=True),
        row(at[10], {"sha256": sha256(11)}, scheme=None, optional=True),
    ]
    faults = [bad(at[4], "length does not fit the name"), bad(at[5], EMPTY_INPUT), bad(at[9], PLACEHOLDER)]
    whole = accepted(rows, rejected=faults, notices=["not-searched"], **SECRET)
    # OpenSSL's form, SHA2-256 and a made-up name: a row, not searched, or told.
    some: tuple[list[Place], ...] = ([], [{"line": 11}], [{"line": 9}], [{"line": 9}, {"line": 11}])
    yield made("plain/bsd-tags.txt", page.data, *(whole | {"rejected": [*faults, *more]} for more in some))


def _hashdeep() -> Iterator[Made]:
    def head(columns: str) -> tuple[str, ...]:
        return ("%%%% HASHDEEP-1.0", f"%%%% {columns}", "## Invoked from: /secret", "## $ hashdeep secret", "## ")

    page = lines_of(
        *head("size,sha1,filename"),
        f"10,{sha1(1)},/secret/a,b,c.jpg",
        f"11,{sha1(2).upper()},secret",
        f"x,{sha1(3)},secret",
        f"12,{sha1(4)[:39]},secret",
        f"0,{EMPTY_SHA1},secret",
        "13",
    )
    at = page.records[5:]
    rows = [
        row(at[0], {"sha1": sha1(1)}, scheme=None, media_size=10),
        row(at[1], {"sha1": sha1(2)}, scheme=None, media_size=11),
        row(at[2], {"sha1": sha1(3)}, scheme=None, media_size=None),
    ]
    faults = [bad(at[3], NO_HASH), bad(at[4], EMPTY_INPUT), {"line": 11}]
    yield made("plain/hashdeep-sha1.txt", page.data, accepted(rows, rejected=faults, notices=["bad-size"], **SECRET))
    page = lines_of(
        *head("size,md5,sha1,sha256,tiger,whirlpool,filename"),
        f"5,{md5(1)},{sha1(1)},{sha256(1)},{'a' * 48},{'b' * 128},secret",
        page=Page(newline="\r\n"),
    )
    rows = [row(page.records[5], {"md5": md5(1), "sha1": sha1(1), "sha256": sha256(1)}, scheme=None, media_size=5)]
    yield made("plain/hashdeep-all.txt", page.data, accepted(rows, notices=["not-searched"], **SECRET))
    page = lines_of(*head("sha256,md5,size,filename"), f"{sha256(1)},{md5(1)},7,secret,{md5('name')}")
    rows = [row(page.records[5], {"md5": md5(1), "sha256": sha256(1)}, scheme=None, media_size=7)]
    yield made("plain/hashdeep-other-order.txt", page.data, accepted(rows, **SECRET))
    page = lines_of("%%%% HASHDEEP-1.0", "%%%% size,tiger,filename", f"5,{'a' * 48},secret")
    yield made(
        "plain/hashdeep-nothing-known.txt",
        page.data,
        refused(),
        rejected(),
        accepted(rejected=[{"line": 3}], notices=["not-searched"]),
        accepted(rejected=[{"line": 3}]),
    )


def _bare() -> Iterator[Made]:
    page = lines_of(
        "; made up",
        md5(1),
        f"  {sha1(2).upper()}\t",
        pdq(3),
        "",
        md5(1).upper(),
        f"md5:{md5(5)}",
        md5(6)[:31],
        f"{md5(7)[:16]} {md5(7)[16:]}",
        EMPTY_SHA256,
        "0" * 40,
        "".join(chr(ord(each) + 0xFEE0) for each in md5(10)),
        "g" * 32,
        f"{md5(12)},{md5(13)}",
        "# end",
    )
    at = page.records
    rows = [kept(at[1], md5=md5(1)), kept(at[2], sha1=sha1(2)), kept(at[3], sha256=pdq(3))]
    faults: list[Place] = [{"line": at[n]["line"]} for n in (7, 8, 11, 12, 13)] + [
        bad(at[9], EMPTY_INPUT),
        bad(at[10], PLACEHOLDER),
    ]
    told = ["assumed-kind", "duplicate"]
    prefixed = row(at[6], {"md5": md5(5)}, scheme=None)
    yield made(
        "plain/one-a-line.txt",
        page.data,
        accepted(rows, rejected=[*faults, bad(at[6], "not a hash")], notices=told),
        accepted([*rows, prefixed], rejected=faults, notices=told),
    )
    for name, coding, bom in (
        ("utf16le", "utf-16-le", b"\xff\xfe"),
        ("utf16be", "utf-16-be", b"\xfe\xff"),
        ("bom", "utf-8", b"\xef\xbb\xbf"),
    ):
        page = lines_of(md5(1), sha1(2), page=Page(coding, bom, "\r\n"), last="")
        yield made(
            f"plain/one-a-line-{name}.txt",
            page.data,
            accepted([kept(page.records[0], md5=md5(1)), kept(page.records[1], sha1=sha1(2))]),
        )
    page = lines_of(md5(1), "x" * 200_000, md5(3))
    rows = [kept(page.records[0], md5=md5(1)), kept(page.records[2], md5=md5(3))]
    yield made("plain/one-a-line-long.txt", page.data, accepted(rows, rejected=[{"line": 2}]), rejected())
    data = (md5(1) + "\r" + md5(2) + "\r").encode()
    yield made(
        "plain/one-a-line-cr.txt",
        data,
        accepted([row({}, {"md5": md5(1)}, scheme=None), row({}, {"md5": md5(2)}, scheme=None)]),
        refused(),
        rejected(),
        accepted(rejected=[{"line": 1}]),
    )
