"""VICS: what is not JSON, what is cut, what stands twice, and what is nested too deep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.interop.second_set.made import (
    NO_HASH,
    Made,
    Page,
    Row,
    accepted,
    bad,
    base64_of,
    compact,
    dna,
    made,
    md5,
    media,
    old_root,
    pdq,
    refused,
    rejected,
    root,
    row,
    sha1,
    sha256,
    sha512,
    truncated,
    vics,
)

BEHIND = "data after the document"


def files() -> Iterator[Made]:
    yield from _no_json()
    yield from _numbers()
    yield from _escapes()
    yield from _cuts()
    yield from _several_documents()
    yield from _depth()
    yield _duplicates()
    yield _across_cases()
    yield from _repeated_keys()
    yield _alternative_hashes()
    yield _unknown_fields()
    yield _no_objects()


def _no_json() -> Iterator[Made]:
    for name, field in {
        "nan": '"MediaSize":NaN',
        "infinity": '"Category":Infinity',
        "minus-infinity": '"Foo":[1,-Infinity]',
        "nan-in-a-comment": '"Comments":{"a":[{"b":NaN}]}',
        "leading-zero": '"Category":01',
        "plus": '"Category":+1',
        "no-digit-before": '"Category":.5',
        "no-digit-behind": '"Category":1.',
        "hex-number": '"Category":0x1',
        "python-true": '"VictimIdentified":True',
        "single-quotes": "'Category':1",
        "bare-key": "Category:1",
        "comment": '"Category":1 // one\n',
        "block-comment": '"Category":/* one */1',
        "raw-line-end": '"Series":"one\ntwo"',
        "raw-control": '"Series":"one\x01two"',
        "raw-nul": '"Series":"one\x00two"',
        "bad-escape": '"Series":"\\x41"',
        "short-escape": '"Series":"\\u12G4"',
        "no-colon": '"Category" 1',
        "two-colons": '"Category"::1',
        "no-comma": '"Category":1 "Series":"x"',
        "two-commas": '"Category":1,,"Series":"x"',
        "trailing-comma": '"Category":1,',
        "undefined": '"Category":undefined',
        "nul-between": '"Category":\x001',
        "no-break-space": '"Category":\u00a01',
    }.items():
        text = f'{{"MD5":"{md5("no json")}",{field}}}'
        page = vics(media(1), text, media(3))
        at = page.records[1]["offset"]
        size = len(text.encode())
        yield made(
            f"vics/not-json-{name}.json", page.data, rejected("not JSON", offset=at + size // 2, slack=size // 2 + 4)
        )
    for name, raw in {
        "invalid-utf-8": b'"Series":"\xff\xfe"',
        "latin-1": '"Series":"Łódź é"'.encode("iso-8859-2"),
        "utf-8-of-a-surrogate": b'"Series":"\xed\xa0\x80"',
        "overlong": b'"Series":"\xc0\xaf"',
    }.items():
        page = vics(media(1), f'{{"MD5":"{md5(9)}",@@}}', media(3))
        at = page.records[1]["offset"]
        data = page.data.replace(b"@@", raw)
        # What it is called is free: the place has to fit.
        yield made(f"vics/not-text-{name}.json", data, rejected(offset=at + 50, slack=60))
    text = f'{{"@odata.context":"{root()}","value":[\n{compact(media(1))},\n]}}'
    yield made("vics/not-json-comma-behind-the-last.json", text.encode(), rejected("not JSON"))
    text = f'{{"@odata.context":"{root()}","value":[\n{compact(media(1))}\n}}]'
    yield made("vics/not-json-brackets-crossed.json", text.encode(), rejected("not JSON"))
    # A mark of byte order in the middle is a character outside of a text.
    page = vics(media(1), "\ufeff" + compact(media(2)))
    yield made("vics/not-json-bom-between.json", page.data, rejected("not JSON"))


def _numbers() -> Iterator[Made]:
    """5,000 digits are JSON. Python's own limit is 4,300: the file is refused as a whole, or the field alone."""
    for name, field in (("size", "MediaSize"), ("unknown-field", "Foo"), ("category", "Category")):
        page = vics(media(1), f'{{"MD5":"{md5(2)}","{field}":{"7" * 5_000}}}', media(3))
        first, last = (row(page.records[n], {"md5": md5(n + 1)}, code="1") for n in (0, 2))
        at = page.records[1]
        code = {"size": "bad-size", "unknown-field": "unknown-field", "category": "bad-category"}[name]
        yield made(
            f"vics/5000-digits-{name}.json",
            page.data,
            accepted([first, row(at, {"md5": md5(2)}), last], notices=[code]),
            rejected(offset=at["offset"] + 2_500, slack=2_600),
        )
    page = vics(
        media(1), f'{{"MD5":"{md5(2)}","Foo":1e{"9" * 400},"Bar":-1E-999,"Baz":123456789012345678901234567890.5}}'
    )
    rows = [row(page.records[0], {"md5": md5(1)}, code="1"), row(page.records[1], {"md5": md5(2)})]
    # A number of 400 digits in an exponent is JSON, and nobody needs it.
    yield made("vics/large-exponents.json", page.data, accepted(rows, notices=["unknown-field"]))


def _escapes() -> Iterator[Made]:
    lone = '"\\ud800"'
    for name, field, value in (
        ("series-lone", "Series", lone),
        ("series-low-first", "Series", '"\\udc00\\ud800"'),
        ("series-nul", "Series", '"a\\u0000b"'),
        ("tags-lone", "Tags", f"[{lone}]"),
        ("type-lone", "MimeType", lone),
    ):
        page = vics(media(1), f'{{"MD5":"{md5(2)}","{field}":{value}}}', media(3))
        first, last = (row(page.records[n], {"md5": md5(n + 1)}, code="1") for n in (0, 2))
        middle = row(page.records[1], {"md5": md5(2)}) | {"optional": True}
        # The text cannot be stored as it is. The record may lose the text, or be told as bad; no other record may fall.
        one = accepted([first, middle, last])
        codes: tuple[list[str], ...] = (
            [],
            ["bad-text"],
            ["text-too-long"],
            ["bad-series"],
            ["bad-tags"],
            ["bad-media-type"],
        )
        kept = tuple(one | {"warnings": each, "records": {"one_of": [3]}} for each in codes)
        yield made(f"vics/escape-{name}.json", page.data, *kept, rejected())
    page = vics(
        f'{{"MD5":"{md5("a")}","Comments":{lone},"MediaFiles":[{{"FileName":{lone}}}],"RelativeFilePath":"\\u0000"}}',
        f'{{"\\u004dD5":"\\u0020{md5("b")}","Series":"\\ud83d\\ude00 \\/ \\" \\\\"}}',
        f'{{"MD5":"{md5("c")}","Foo{lone[1:-1]}":1}}',
    )
    rows = [
        row(page.records[0], {"md5": md5("a")}),
        row(page.records[1], {"md5": md5("b")}, series='\U0001f600 / " \\'),
        row(page.records[2], {"md5": md5("c")}),
    ]
    yield made("vics/escapes-outside-of-records.json", page.data, accepted(rows, notices=["unknown-field"]))


def _cuts() -> Iterator[Made]:
    page = vics(media(1, Series="one"), media(2, MediaSize=12345, Series="t\\wo"), media(3))
    data = page.data
    second, third = page.records[1]["offset"], page.records[2]["offset"]
    text = data[second:third].decode()
    for name, end in {
        "in-a-key": second + text.index("Serie") + 3,
        "in-a-string": second + text.index('"t') + 2,
        "in-an-escape": second + text.index("\\") + 1,
        "in-a-number": second + text.index("12345") + 2,
        "behind-a-key": second + text.index("Series") + 7,
        "behind-a-colon": second + text.index("Series") + 8,
        "behind-a-record": third - 2,
        "behind-a-comma": third - 1,
        "behind-the-line": third,
        "behind-the-brace": third + 1,
        "behind-the-last-record": data.rindex(b"\n]"),
        "behind-the-list": data.rindex(b"]") + 1,
        "before-the-first-record": data.index(b"[") + 1,
    }.items():
        yield made(f"vics/cut-{name}.json", data[:end], truncated(data[:end]))
    for name, end in {"in-the-root": 40, "behind-the-root": data.index(b',"value')}.items():
        # Nothing says yet what it is.
        yield made(f"vics/cut-{name}.json", data[:end], truncated(data[:end]), refused())
    # Two bytes are also a list of one line, which is no hash and is told.
    yield made("vics/cut-in-the-bom.json", b"\xef\xbb", rejected(), refused(), accepted(rejected=[{"line": 1}]))
    page = vics(f'{{"MD5":"{md5(1)}","Series":"@@"}}')
    cut = page.data[: page.data.index(b"@@")] + "é".encode()[:1]
    yield made("vics/cut-in-a-character.json", cut, truncated(cut))
    cut = page.data[: page.data.index(b"@@")] + b"\\ud83d\\u"
    yield made("vics/cut-in-a-surrogate-pair.json", cut, truncated(cut, 8))


def _several_documents() -> Iterator[Made]:
    one = vics(media(1), end="\n]}").data
    other = vics(media(2)).data
    for name, data, at in (
        ("together", one + other, len(one)),
        ("in-lines", one + b"\n\n" + other, len(one) + 2),
        ("in-crlf-lines", one.replace(b"\n", b"\r\n") + b"\r\n" + other, len(one) + 4),
        ("and-a-word", one + b"garbage", len(one)),
        ("and-a-brace", one + b"\n}", len(one) + 1),
        ("and-a-comma", one + b",", len(one)),
        ("and-a-number", one + b"\n 7", len(one) + 2),
        ("and-nul", one + b"\x00", len(one)),
        ("and-a-bom", one + b"\xef\xbb\xbf", len(one)),
        ("and-a-nul-page", one + b"\n" + bytes(4_096), len(one) + 1),
        ("and-half-a-document", one + b"\n" + other[:40], len(one) + 1),
    ):
        yield made(
            f"vics/document-{name}.json",
            data,
            rejected(BEHIND, offset=at, slack=2),
            rejected("not JSON", offset=at, slack=2),
        )
    rows = [row({"record": 1, "line": 2}, {"md5": md5(1)}, code="1")]
    yield made("vics/document-and-spaces.json", one + b" \t\r\n" * 400, accepted(rows))


def _depth() -> Iterator[Made]:
    for name, opening, closing in (("lists", "[", "]"), ("objects", '{"a":', "1" + "}")):
        for field in ("Foo", "Comments", "Tags", "MediaFiles", "AlternativeHashes", "Category", "MD5"):
            inner = (
                opening * 5_000
                + (closing if name == "lists" else "1")
                + ("]" * 4_999 if name == "lists" else "}" * 5_000)
            )
            page = vics(media(1), f'{{"MD5":"{md5(2)}","{field}":{inner}}}', media(3))
            rows = [row(page.records[n], {"md5": md5(n + 1)}, code="1") for n in (0, 2)]
            deep = page.records[1]
            yield made(
                f"vics/deep-{name}-in-{field}.json",
                page.data,
                accepted(rows, rejected=[bad(deep, "nested too deep")]),
                rejected("nested too deep", offset=deep["offset"] + 6_000, slack=40_000),
            )
    nested = "[" * 5_000 + "]" * 5_000
    whole = rejected("nested too deep")
    page = vics(media(1), more=f'"Foo":{nested},')
    yield made(
        "vics/deep-in-the-root.json",
        page.data,
        accepted([row(page.records[0], {"md5": md5(1)}, code="1")], notices=["unknown-field"]),
        whole,
        refused(),
    )
    page = vics(media(1), end=f'],"Foo":{nested}}}')
    yield made(
        "vics/deep-behind-the-value.json",
        page.data,
        accepted([row(page.records[0], {"md5": md5(1)}, code="1")], notices=["unknown-field"]),
        whole,
    )
    yield made("vics/deep-alone.json", nested.encode(), whole, refused())
    yield made(
        "vics/deep-and-cut.json",
        vics(media(1)).data[:-4] + b',{"Foo":' + b"[" * 100_000,
        whole,
        truncated(b"x" * 100_000, 100_000),
        rejected(),
    )


def _duplicates() -> Made:
    page = vics(
        media("a", Series="S"),
        media("a", Series="S", MediaID=9, Comments="secret other comment"),
        media("a", Series="S", MD5=f" {md5('a').upper()} "),
        media("b", SHA1=sha1("b")),
        media("b", SHA1=sha1("b2")),
        media("c", MD5=md5("c"), SHA1=sha1("b")),
        media("d", VictimIdentified=True),
        media("d", VictimIdentified=False),
        media("e", Category=1),
        media("e", Category=None),
    )
    at = page.records
    rows = [
        row(at[0], {"md5": md5("a")}, code="1", series="S"),
        row(at[3], {"md5": md5("b"), "sha1": sha1("b")}, code="1"),
        row(at[4], {"md5": md5("b"), "sha1": sha1("b2")}, code="1", optional=True),
        row(at[5], {"md5": md5("c"), "sha1": sha1("b")}, code="1"),
        row(at[6], {"md5": md5("d")}, code="1", flags={"victim_identified": "yes"}),
        row(at[7], {"md5": md5("d")}, code="1", flags={"victim_identified": "no"}, optional=True),
        row(at[8], {"md5": md5("e")}, code="1"),
        row(at[9], {"md5": md5("e")}, optional=True),
    ]
    notices = ["duplicate", "conflicting-record", "conflicting-hash"]
    return made("vics/duplicates.json", page.data, accepted(rows, notices=notices, must_not_appear=["secret"]))


def _across_cases() -> Made:
    """The same file in two cases is the same statement about it, or one a case; another code is a conflict."""
    page = Page().add(f'{{"@odata.context":"{root("US", "Cases")}","value":[\n')
    one = (media("a"), media("b"), media("c", Series="one"))
    two = (media("a"), media("b", Category=2), media("c", Series="two"))
    for number, records in enumerate((one, two)):
        page.add(f'{"," if number else ""}{{"CaseID":"{number}","Media":[\n')
        for n, each in enumerate(records):
            page.add(",\n" if n else "").record(compact(each))
        page.add("\n]}\n")
    page.add("]}")
    at = page.records
    rows = [
        row(at[0], {"md5": md5("a")}, code="1"),
        row(at[1], {"md5": md5("b")}, code="1"),
        row(at[2], {"md5": md5("c")}, code="1", series="one"),
        row(at[3], {"md5": md5("a")}, code="1", optional=True),
        row(at[4], {"md5": md5("b")}, code="2", optional=True),
        row(at[5], {"md5": md5("c")}, code="1", series="two", optional=True),
    ]
    return made(
        "vics/duplicates-across-cases.json", page.data, accepted(rows, notices=["duplicate", "conflicting-record"])
    )


def _repeated_keys() -> Iterator[Made]:
    """RFC 8259 leaves open which of two members with one name holds. Two of one value are no question."""
    first = compact(media(1))
    for name, text, hashes in (
        ("same-md5", f'{{"MD5":"{md5(2)}","Category":1,"MD5":"{md5(2)}"}}', {"md5": md5(2)}),
        ("same-category", f'{{"MD5":"{md5(2)}","Category":1,"Category":1}}', {"md5": md5(2)}),
    ):
        page = vics(first, text)
        one = row(page.records[0], {"md5": md5(1)}, code="1")
        yield made(
            f"vics/repeated-{name}.json",
            page.data,
            accepted([one, row(page.records[1], hashes, code="1")]),
            accepted([one, row(page.records[1], hashes, code="1")], notices=["repeated-field"]),
            accepted([one], rejected=[page.records[1]]),
        )
    for name, text in (
        ("other-md5", f'{{"MD5":"{md5(2)}","Category":1,"MD5":"{md5(3)}"}}'),
        ("other-category", f'{{"MD5":"{md5(2)}","Category":1,"Category":4}}'),
        ("other-flag", f'{{"MD5":"{md5(2)}","VictimIdentified":true,"VictimIdentified":false}}'),
        ("space-before-a-colon", f'{{"MD5":"{md5(2)}","Category":1,"MD5" :"{md5(3)}"}}'),
        ("line-end-before-a-colon", f'{{"MD5":"{md5(2)}","Category":1,"MD5"\n:"{md5(3)}"}}'),
        ("escaped-name", f'{{"MD5":"{md5(2)}","Category":1,"\\u004dD5":"{md5(3)}"}}'),
        ("beside-a-text", f'{{"MD5":"{md5(2)}","MediaFiles":["x"],"MD5":"{md5(3)}"}}'),
        ("beside-an-object", f'{{"MD5":"{md5(2)}","MediaFiles":{{"ab":1}},"MD5":"{md5(3)}"}}'),
        ("beside-lists", f'{{"MD5":"{md5(2)}","MediaFiles":[[0]],"MD5":"{md5(3)}"}}'),
    ):
        page = vics(first, text)
        one = row(page.records[0], {"md5": md5(1)}, code="1")
        # Never one of the two in silence.
        yield made(f"vics/repeated-{name}.json", page.data, accepted([one], rejected=[page.records[1]]), rejected())


def _alternative_hashes() -> Made:
    def also(label: object, *hashes: object, **fields: object) -> dict[str, object]:
        return media(label, AlternativeHashes=list(hashes), **fields)

    def one(name: object, value: object, **more: object) -> dict[str, object]:
        return {"HashName": name, "HashValue": value} | more

    page = vics(
        also(1, one("sha256", sha256(1)), one("PHOTODNA", base64_of(dna(1))), one("PDQ", pdq(1))),
        also(2, one("MD5", md5(2).upper()), one("sha-1", sha1(2).upper(), MD5=md5(2).upper())),
        also(3, one("ZZ40", "A" * 32), one("SHA512", sha512(3)), one("eD2k", md5("x")), one("Videntifier", "abc")),
        also(4, one("SHA256", sha256(4)[:63]), one("SHA1", 5), one("SHA1", None), one(None, sha1(4)), one(7, sha1(4))),
        also(5, "text", None, [], {}, {"HashName": "SHA1"}, {"HashValue": sha1(5)}),
        also(6, one("SHA1", sha1(6), MD5=md5("of another"))),
        also(7, one("MD5", md5("other")), one("SHA1", sha1(7))),
        also(8, one("PhotoDNA", dna(8)[:143].hex())),
        media(9, AlternativeHashes=None),
        media(10, AlternativeHashes=[]),
        also(11, one("SHA1", ""), one("PhotoDNA", "")),
        also(12, one("SHA256", sha256(12)), one("SHA256", sha256(12))),
        context=old_root("1.3"),
        old=True,
    )
    at = page.records
    hashes = [{"md5": md5(n)} for n in range(13)]
    scheme = ("vics", "1.3")

    def kept(n: int, more: dict[str, str] | None = None, **fields: Any) -> Row:
        return row(at[n - 1], hashes[n] | (more or {}), code="1", scheme=scheme, **fields)

    bad_one = ["bad-alternative-hash"]
    rows = [
        kept(1, {"sha256": sha256(1), "photodna": dna(1).hex(), "pdq": pdq(1)}, warnings=[]),
        kept(2, {"sha1": sha1(2)}, warnings=[]),
        kept(3, not_searched=["ZZ40", "SHA512", "eD2k", "Videntifier"]),
        kept(4),
        kept(5, warnings=bad_one),
        kept(6, warnings=bad_one),
        kept(7),
        kept(8, warnings=["bad-photodna"]),
        kept(9, warnings=[]),
        kept(10, warnings=[]),
        kept(11),
        kept(12, {"sha256": sha256(12)}),
    ]
    # Record 7 says two MD5s of itself: told; its SHA-1 may be either's.
    rows[6]["optional_hashes"] = ["sha1"]
    notices = ["conflicting-hash", "bad-sha256", "bad-sha1"]
    whole = accepted(rows, notices=notices)
    return made(
        "vics/alternative-hashes.json",
        page.data,
        whole,
        whole | {"warnings": sorted(set(whole["warnings"]) - {"bad-sha1", "bad-sha256"})},
        whole | {"warnings": sorted(set(whole["warnings"]) - {"bad-sha1"})},
    )


def _unknown_fields() -> Made:
    inner = {"MD5": md5("inner"), "Category": 3, "value": [{"MD5": md5("inner 2")}]}
    page = vics(
        media(1, Foo=inner, Bar=[inner, inner]),
        media(2, Foo=None, value=[inner]),
        more=f'"value2":[{compact(inner)}],"Media":[{compact(inner)}],',
        end=f'\n],"values":{compact(inner)},"@odata.count":"many"}}',
    )
    rows = [row(at, {"md5": md5(n + 1)}, code="1") for n, at in enumerate(page.records)]
    secret = [md5("inner"), md5("inner 2")]
    return made(
        "vics/unknown-fields.json", page.data, accepted(rows, notices=["unknown-field"], must_not_appear=secret)
    )


def _no_objects() -> Made:
    page = vics("7", "true", f'"{md5(9)}"', "[]", compact([media(1)]), "{}", compact(media(7)), "null", "-1.5")
    faults = [bad(page.records[n], "not an object") for n in (0, 1, 2, 3, 4, 7, 8)] + [bad(page.records[5], NO_HASH)]
    return made(
        "vics/no-objects.json", page.data, accepted([row(page.records[6], {"md5": md5(7)}, code="1")], rejected=faults)
    )
