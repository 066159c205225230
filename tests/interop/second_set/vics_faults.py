"""VICS: what is not JSON, what is cut, and what is nested too deep."""

from __future__ import annotations

from collections.abc import Iterator

from tests.interop.second_set.made import (
    Made,
    accepted,
    bad,
    compact,
    made,
    md5,
    media,
    refused,
    rejected,
    root,
    row,
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
