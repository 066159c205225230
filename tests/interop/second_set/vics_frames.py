"""VICS: roots, codings, line ends, shapes, and where the records are."""

from __future__ import annotations

from collections.abc import Iterator

from tests.interop.second_set.made import (
    Made,
    Page,
    accepted,
    compact,
    made,
    md5,
    media,
    old_root,
    refused,
    rejected,
    root,
    row,
    sha1,
    truncated,
    vics,
)

UK = ("uk-caid", "2.0")
NOT_KNOWN, NOT_STATED = "data model not known", "no data model stated"


def files() -> Iterator[Made]:
    yield from _codings()
    yield from _roots()
    yield from _unknown_roots()
    yield from _shapes()
    yield from _values()
    yield from _pages()


def _codings() -> Iterator[Made]:
    texts = ("Reeks één", "Σειρά δύο", "系列三 \U0001f600")
    for name, coding, bom, newline in (
        ("utf16be-crlf", "utf-16-be", b"\xfe\xff", "\r\n"),
        ("utf16le-lf", "utf-16-le", b"\xff\xfe", "\n"),
        ("utf8-bom-crlf", "utf-8", b"\xef\xbb\xbf", "\r\n"),
    ):
        page = vics(*(media(text, Series=text) for text in texts), page=Page(coding, bom, newline))
        rows = [
            row(at, {"md5": md5(text)}, code="1", series=text) for at, text in zip(page.records, texts, strict=True)
        ]
        yield made(f"vics/{name}.json", page.data, accepted(rows, version="2.0", region="US", kind="media"))
    for coding in ("utf-16-be", "utf-16-le"):
        # RFC 4627 tells it from the zero bytes; RFC 8259 forbids it.
        page = vics(media("bare"), page=Page(coding))
        whole = accepted([row(page.records[0], {"md5": md5("bare")}, code="1")])
        yield made(f"vics/{coding}-without-bom.json", page.data, whole, refused(), rejected())
    for coding, bom in (("utf-16-be", b"\xfe\xff"), ("utf-16-le", b"\xff\xfe")):
        page = vics(media(1), media(2), page=Page(coding, bom))
        cut = page.data[: page.records[1]["offset"] + 21]
        yield made(f"vics/{coding}-cut-in-a-unit.json", cut, truncated(cut, 4))
    # A whole document, and one byte of a unit more.
    page = vics(media(1), page=Page("utf-16-le", b"\xff\xfe"))
    yield made("vics/utf16-odd-byte-behind.json", page.data + b"\n", rejected(), truncated(page.data + b"\n"))


def _roots() -> Iterator[Made]:
    for version in ("1.1", "1.2", "1.3"):
        page = vics(media(version, MD5=md5(version).upper(), SHA1=sha1(version)), context=old_root(version), old=True)
        at = page.records[0]
        [one] = [row(at, {"md5": md5(version), "sha1": sha1(version)}, code="1", scheme=("vics", version))]
        whole = accepted([one], version=version, region=None, kind="media")
        yield made(f"vics/{version}-media.json", page.data, whole)
        page = _cases(
            old_root(version, "Cases"), "odata.metadata", [[media("a"), media("b")], [media("c", Category=2)]]
        )
        rows = [
            row(at, {"md5": md5(label)}, code=code, scheme=("vics", version))
            for at, label, code in zip(page.records, "abc", "112", strict=True)
        ]
        yield made(
            f"vics/{version}-cases.json",
            page.data,
            accepted(rows, version=version, region=None, kind="cases", must_not_appear=["secret", "Secret"]),
        )
    for region, scheme in (("FR", "vics-fr"), ("CA", "vics-ca"), ("AU", "vics-au")):
        page = vics(media(region, Category=3), context=root(region))
        one = row(page.records[0], {"md5": md5(region)}, code="3", scheme=(scheme, "2.0"))
        whole = accepted([one], notices=["unknown-region"], version="2.0", region=region, kind="media")
        yield made(f"vics/region-{region}.json", page.data, whole)
    for region, scheme in (("Default", "vics-default"), ("CUSTOM", "vics-custom"), ("UK", "uk-caid")):
        page = _cases(root(region, "Cases"), "@odata.context", [[media(1, Category=7)], [media(2, Category=0)]])
        rows = [
            row(at, {"md5": md5(label)}, code=code, scheme=(scheme, "2.0"))
            for at, label, code in zip(page.records, (1, 2), "70", strict=True)
        ]
        yield made(f"vics/cases-{region}.json", page.data, accepted(rows, region=region, kind="cases"))


def _cases(context: str, name: str, cases: list[list[dict[str, object]]]) -> Page:
    page = Page().add(f'{{"{name}":{compact(context)},"value":[\n')
    for number, records in enumerate(cases):
        page.add(
            f'{"," if number else ""}{{"CaseID":"{number}","CaseNumber":"MADE-UP-{number}",'
            '"ContactName":"secret","Media":[\n'
        )
        for place, record in enumerate(records):
            page.add(",\n" if place else "").record(compact(record))
        page.add("\n]}\n")
    return page.add("]}")


def _unknown_roots() -> Iterator[Made]:
    for name, context in (
        ("2.1", root(version="2.1")),
        ("1.0", root(version="1.0")),
        ("20", root(version="20")),
        ("other-host", root().replace("github.com", "example.invalid")),
        ("other-owner", root().replace("VICSDATAMODEL", "SOMEBODY")),
        ("other-shape", root(shape="Entities")),
        ("no-shape", root().partition("#")[0]),
        ("path-in-region", root("../US")),
        ("empty-region", root("")),
        ("more-behind", root() + "/extra"),
        ("newline-behind", root() + "\n"),
        ("text-before", "x" + root()),
    ):
        page = vics(media(name), context=context)
        yield made(f"vics/root-{name}.json", page.data, refused(NOT_KNOWN))
    for version in ("1.0", "1.4", "2.0"):
        page = vics(media(version), context=old_root(version), old=True)
        yield made(f"vics/old-root-{version}.json", page.data, refused(NOT_KNOWN))
    for name, value in (("null", "null"), ("number", "2.0"), ("empty", '""'), ("object", "{}"), ("list", "[]")):
        text = f'{{"@odata.context":{value},"value":[\n{compact(media(name))}\n]}}'
        yield made(f"vics/root-{name}.json", text.encode(), refused(NOT_STATED), refused(NOT_KNOWN))
    # Two roots that say two things: no code may be read by either.
    text = f'{{"@odata.context":"{root()}","@odata.context":"{root("UK")}","value":[\n{compact(media(1))}\n]}}'
    yield made("vics/two-roots.json", text.encode(), refused(), rejected())
    text = f'{{"@odata.context":"{root()}","odata.metadata":"{old_root("1.3")}","value":[\n{compact(media(1))}\n]}}'
    yield made("vics/old-and-new-root.json", text.encode(), refused(), rejected())


def _shapes() -> Iterator[Made]:
    one = {"md5": md5("a")}
    page = _cases(root("US", "Media"), "@odata.context", [[media("a")]])
    whole = accepted([row(page.records[0], one, code="1")], notices=["shape-differs-from-root"], kind="cases")
    yield made("vics/media-root-over-cases.json", page.data, whole)
    page = vics(media("a"), context=root("US", "Cases"))
    whole = accepted([row(page.records[0], one, code="1")], notices=["shape-differs-from-root"], kind="media")
    yield made("vics/cases-root-over-media.json", page.data, whole)
    page = vics(media("a"), context=old_root("1.2", "Cases"), old=True)
    at = row(page.records[0], one, code="1", scheme=("vics", "1.2"))
    yield made(
        "vics/1.2-cases-root-over-media.json",
        page.data,
        accepted([at], notices=["shape-differs-from-root"], kind="media"),
    )
    # The root comes last; the cases come before it, and the case's own fields after its media.
    page = Page().add('{"value":[{"Media":[\n').record(compact(media("a", Category=4))).add(",\n")
    page.record(compact(media("b", Category=...))).add('\n],"CaseNumber":"MADE-UP"}],\n')
    page.add(f'"@odata.context":"{root("UK", "Cases")}"}}')
    rows = [
        row(page.records[0], one, code="4", scheme=UK),
        row(page.records[1], {"md5": md5("b")}),
    ]
    yield made(
        "vics/value-first-uk-cases.json",
        page.data,
        accepted(rows, kind="cases", region="UK", must_not_appear=["Secret"]),
    )
    # The root comes last, and is not known: nothing may stay.
    text = f'{{"value":[\n{compact(media(1))}\n],"@odata.context":"{root(version="3.1")}"}}'
    yield made("vics/value-first-unknown-root.json", text.encode(), refused(NOT_KNOWN))
    yield made(
        "vics/value-first-no-root.json", f'{{"value":[{compact(media(1))}],"x":1}}'.encode(), refused(NOT_STATED)
    )


def _values() -> Iterator[Made]:
    head = f'{{"@odata.context":"{root()}"'
    yield made("vics/value-empty.json", f'{head},"value":[]}}'.encode(), accepted(version="2.0", region="US"))
    nothing = (accepted(), refused(), rejected())
    for name, value in (("null", "null"), ("text", '"x"'), ("object", "{}"), ("true", "true")):
        yield made(f"vics/value-{name}.json", f'{head},"value":{value}}}'.encode(), *nothing)
    # An object in the place of the list is one record at most; a file of another shape is better refused.
    yield made("vics/value-record.json", f'{head},"value":{compact(media(1))}}}'.encode(), *nothing)
    yield made("vics/value-absent.json", f'{head},"x":[]}}'.encode(), *nothing)
    text = f'{head},"value":[{compact(media(1))}],"value":[{compact(media(2))}]}}'
    # Which of two members of one name holds is open (RFC 8259); to read both loses nothing.
    rows = [row({"record": n}, {"md5": md5(n)}, code="1") for n in (1, 2)]
    yield made("vics/value-twice.json", text.encode(), rejected(), refused(), accepted(rows))
    yield made("vics/list-at-the-root.json", compact([media(1)]).encode(), refused(), rejected())
    yield made("vics/record-at-the-root.json", compact(media(1)).encode(), refused(), rejected())
    # A case whose media are none, null, or no list stops nothing else.
    page = Page().add(f'{{"@odata.context":"{root("US", "Cases")}","value":[\n{{"CaseID":"1","Media":[]}},\n')
    page.add('{"CaseID":"2","Media":null},\n{"CaseID":"3"},\n{"CaseID":"4","Media":[\n')
    page.record(compact(media("d"))).add("\n]}]}")
    yield made(
        "vics/cases-without-media.json",
        page.data,
        accepted([row(page.records[0], {"md5": md5("d")}, code="1")], kind="cases"),
    )


def _pages() -> Iterator[Made]:
    page = vics(media(1), context=old_root("1.3"), old=True, more='"odata.nextLink":"http://example.invalid/secret",')
    one = row(page.records[0], {"md5": md5(1)}, code="1", scheme=("vics", "1.3"))
    whole = accepted([one], notices=["more-pages"], must_not_appear=["secret"])
    yield made("vics/1.3-next-link-first.json", page.data, whole)
    page = vics(media(1), end='\n],"@odata.nextLink":null}')
    rows = [row(page.records[0], {"md5": md5(1)}, code="1")]
    yield made("vics/next-link-null.json", page.data, accepted(rows))
    # Indented: a record begins at its brace.
    page = Page().add('{\n  "@odata.context" : ' + compact(root()) + ' ,\n  "value" : [\n    ')
    page.record('{\n      "MD5" : "' + md5("x") + '" ,\n      "Category" : 2\n    }').add("\n    ,\n\n    ")
    page.record('{ "MD5":"' + md5("y") + '" }').add("\n  ]\n}\n\n \t\n")
    rows = [row(page.records[0], {"md5": md5("x")}, code="2"), row(page.records[1], {"md5": md5("y")})]
    yield made("vics/indented.json", page.data, accepted(rows))
