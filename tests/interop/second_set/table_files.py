"""Tables of hashes, lists of harmless files, and what is no list at all."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator

from tests.interop.second_set.made import (
    EMPTY_INPUT,
    EMPTY_SHA256,
    NO_HASH,
    Made,
    Page,
    accepted,
    bad,
    made,
    md5,
    refused,
    rejected,
    row,
    sha1,
    sha256,
    sha512,
)
from tests.interop.second_set.plain_files import SECRET, kept, lines_of

NSRL = "a list of harmless files"
_V3_TABLE = (
    "CREATE TABLE FILE (\n sha256 VARCHAR NOT NULL,\n sha1 VARCHAR NOT NULL,\n md5 VARCHAR NOT NULL,\n crc32 VARCHAR,\n"
    " file_name VARCHAR,\n file_size INTEGER,\n package_id INTEGER NOT NULL\n);\n"
)
_V3_ROW = (
    f"INSERT INTO FILE VALUES('{sha256(1).upper()}','{sha1(1).upper()}','{md5(1).upper()}','DEADBEEF','secret',1,2);\n"
)


def files() -> Iterator[Made]:
    yield from _tables()
    yield from _nsrl()
    yield from _no_lists()


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
        archive.writestr(zipfile.ZipInfo("secret.json"), f'{{"value":[{{"MD5":"{md5(1)}"}}]}}')
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
