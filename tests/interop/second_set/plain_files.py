"""Lists of hashes, tables, and what is no list at all."""

from __future__ import annotations

import gzip
import io
import zipfile
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
NSRL = "a list of harmless files"
_V3_TABLE = (
    "CREATE TABLE FILE (\n sha256 VARCHAR NOT NULL,\n sha1 VARCHAR NOT NULL,\n md5 VARCHAR NOT NULL,\n crc32 VARCHAR,\n"
    " file_name VARCHAR,\n file_size INTEGER,\n package_id INTEGER NOT NULL\n);\n"
)
_V3_ROW = (
    f"INSERT INTO FILE VALUES('{sha256(1).upper()}','{sha1(1).upper()}','{md5(1).upper()}','DEADBEEF','secret',1,2);\n"
)


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
    yield from _tables()
    yield from _nsrl()
    yield from _no_lists()


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


def _tables() -> Iterator[Made]:
    page = lines_of(
        "SHA256;Dateiname;md5;Größe",
        f'{sha256(1)};"secret; ""x"".jpg";{md5(1)};5',
        f"{sha256(2).upper()};secret;;6",
        f";secret;{md5(3)[:31]};7",
        f"{EMPTY_SHA256};secret;{md5(4)};8",
        f';"secret\nname";{md5(5)};9',
        f";secret;{md5(6)}",
    )
    at = page.records
    rows = [
        kept(at[0 + 1], md5=md5(1), sha256=sha256(1)),
        kept(at[2], sha256=sha256(2)),
        kept(at[5], md5=md5(5)),
        kept(at[6], md5=md5(6)),
    ]
    faults = [bad(at[3], NO_HASH), bad(at[4], EMPTY_INPUT)]
    whole = accepted(rows, rejected=faults, **SECRET)
    yield made(
        "plain/semicolons.csv",
        page.data,
        whole,
        whole | {"warnings": ["columns-differ"]},
        whole | {"warnings": ["unknown-field"]},
        whole | {"warnings": ["columns-differ", "unknown-field"]},
    )
    page = lines_of(
        '"Algorithm","Hash","Path"',
        f'"MD5","{md5(1).upper()}","C:\\secret\\a,b.jpg"',
        f'"SHA256","{sha256(2).upper()}","C:\\secret"',
        f'"SHA1","{md5(3).upper()}","C:\\secret"',
        f'"SHA512","{sha512(4)}","C:\\secret"',
        f'"MACTripleDES","{md5(5)[:16]}","C:\\secret"',
    )
    at = page.records
    rows = [kept(at[1], md5=md5(1)), kept(at[2], sha256=sha256(2))]
    options = []
    for reason in (NO_HASH, "length does not fit the name"):
        whole = accepted(rows, rejected=[bad(at[3], reason)], **SECRET)
        options += [whole | {"warnings": ["not-searched"]}, whole]
        options += [each | {"rejected": [*each["rejected"], {"line": 5}, {"line": 6}]} for each in options[-2:]]
    yield made("plain/powershell.csv", page.data, *options)
    for name, coding, bom in (("utf16le", "utf-16-le", b"\xff\xfe"), ("utf8", "utf-8", b"")):
        # Get-FileHash | Out-File: a table that is made for people.
        page = lines_of(
            "",
            "Algorithm       Hash                                                                   Path",
            "---------       ----                                                                   ----",
            f"SHA256          {sha256(1).upper()}       C:\\secret one\\a.jpg",
            f"SHA256          {sha256(2).upper()}       C:\\secret...",
            f"MD5             {md5(3).upper()}                                       C:\\secret\\c.jpg",
            "",
            page=Page(coding, bom, "\r\n"),
        )
        at = page.records
        rows = [kept(at[3], sha256=sha256(1)), kept(at[4], sha256=sha256(2)), kept(at[5], md5=md5(3))]
        yield made(f"plain/powershell-table-{name}.txt", page.data, accepted(rows, **SECRET))
    page = lines_of(
        "md5\tsha1\tcategory", f"{md5(1)}\t\t7", f"\t{sha1(2)}\t", page=Page("utf-8", b"\xef\xbb\xbf", "\r\n")
    )
    rows = [
        row(page.records[1], {"md5": md5(1)}, scheme=None, code_raw="7"),
        row(page.records[2], {"sha1": sha1(2)}, scheme=None, code_raw=None),
    ]
    yield made("plain/tabs.tsv", page.data, accepted(rows, notices=["category-without-scheme"]))
    page = lines_of("name,hash", f"secret,{md5(1)}", f"secret,{sha1(2)}", "secret,")
    rows = [kept(page.records[1], md5=md5(1)), kept(page.records[2], sha1=sha1(2))]
    yield made(
        "plain/hash-column.csv",
        page.data,
        accepted(rows, rejected=[{"line": 4}], **SECRET),
        accepted(rows, rejected=[{"line": 4}], notices=["assumed-kind"], **SECRET),
        refused(),
    )
    yield made("plain/no-hash-column.csv", b"name,size\nsecret,5\n", refused(), rejected())


def _nsrl() -> Iterator[Made]:
    v2 = '"SHA-1","MD5","CRC32","FileName","FileSize","ProductCode","OpSystemCode","SpecialCode"'
    line = f'"{sha1(1).upper()}","{md5(1).upper()}","DEADBEEF","secret.exe",10,1,"WIN",""'
    for name, text in {
        "v2-crlf": f"{v2}\r\n{line}\r\n",
        "v2-header-alone": v2 + "\n",
        "v2-bom": f"\ufeff{v2}\n{line}\n",
        "v2-lower": f"{v2.lower()}\n{line}\n",
        "v2-sha256": f'"SHA-256",{v2}\n"{sha256(1)}",{line}\n',
        "v2-behind-a-comment": f"# secret\n\n# more\n{v2}\n{line}\n",
        "v2-behind-sep": f"sep=,\r\n{v2}\r\n{line}\r\n",
        "v2-old-columns": '"SHA-1","FileName","FileSize","ProductCode","OpSystemCode","MD4","MD5","CRC32",'
        '"SpecialCode"\n'
        f'"{sha1(1)}","secret",1,1,"WIN","","{md5(1)}","00",""\n',
        "v2-semicolons": f"{v2}\n{line}\n".replace(",", ";"),
        "v3-csv": f'"sha256","sha1","md5","crc32","file_name","file_size","package_id"\n"{sha256(1)}","{sha1(1)}",'
        f'"{md5(1)}","00","secret",1,1\n',
        "v2-unquoted": f"{v2.replace(chr(34), '')}\n{line.replace(chr(34), '')}\n",
        "v3-sql": _V3_TABLE + _V3_ROW,
        "v3-delta-sql": f"BEGIN TRANSACTION;\n{_V3_ROW}COMMIT;\n",
    }.items():
        yield made(f"plain/nsrl-{name}.txt", text.encode(), refused(NSRL) | SECRET)
        yield made(f"plain/nsrl-{name}-utf16.txt", text.encode("utf-16"), refused(NSRL) | SECRET)


def _no_lists() -> Iterator[Made]:
    empty = (accepted(notices=["empty-file"]), refused(), rejected())
    for name, data in {
        "bom-utf8": b"\xef\xbb\xbf",
        "bom-utf16le": b"\xff\xfe",
        "bom-utf16be": b"\xfe\xff",
        "spaces": b"   \n\n\t\r\n ",
        "comments": b"# secret\n; made up\n\n",
        "one-line-end": b"\n",
    }.items():
        yield made(f"plain/nothing-{name}.txt", data, *empty)
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("secret.json", f'{{"value":[{{"MD5":"{md5(1)}"}}]}}')
    for name, data in {
        "picture.png": png,
        "picture.jpg": bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9"),
        "archive.zip": packed.getvalue(),
        "packed.json.gz": gzip.compress(b"x" * 1_000, mtime=0),
        "page.pdf": b"%PDF-1.4\nsecret\n%%EOF",
        "page.html": b"<!doctype html><html><body>secret</body></html>",
        "sqlite.db": b"SQLite format 3\x00" + bytes(84) + b"CREATE TABLE secret (a)",
        "nul": bytes(1_000),
        "words.txt": b"These are secret words, and no hashes.\nSo is this line.\n",
        "utf16-odd": b"\xff\xfea",
        "json-text": b'"secret"',
        "json-null": b"null",
        "json-object": b'{"secret":1}',
        "xml": b"<secret/>",
    }.items():
        told = (refused(), rejected())
        # Words that are no hashes may also be read as a list in which each line is told.
        lines = [accepted(rejected=[{"line": n + 1} for n in range(count)]) for count in (1, 2)]
        both = (*told, *lines) if name in ("words.txt", "json-null", "json-text", "utf16-odd") else told
        yield made(f"plain/no-list-{name}", data, *(each | SECRET for each in both))
