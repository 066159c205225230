"""NCMEC: what XML can do to a reader, and who an entry is."""

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
    base64_of,
    dna,
    made,
    md5,
    pdq,
    refused,
    rejected,
    row,
    sha1,
    truncated,
)

SPACE = "https://hashsharing.ncmec.org/hashsharing/v2"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NCMEC = ("ncmec", "v2")


def files() -> Iterator[Made]:
    yield from _prefixes()
    yield from _order()
    yield _entries()
    yield from _markup()
    yield from _types()
    yield from _cuts()


def entry(
    label: str, *, kind: str = "image", member: str = "7", time: str = "2024-01-02T00:00:00Z", p: str = "", **more: str
) -> str:
    prints = more.get("prints", f"<{p}md5>{md5(label)}</{p}md5>")
    code = f"<{p}classification>{more['code']}</{p}classification>" if "code" in more else ""
    who = f'<{p}member id="{member}">Secret Member</{p}member><{p}timestamp>{time}</{p}timestamp>'
    who += f"<{p}id>{more.get('id', label)}</{p}id>"
    return f"<{p}{kind}>{who}{code}<{p}fingerprints>{prints}</{p}fingerprints></{p}{kind}>"


def gone(label: str, *, kind: str = "deletedImage", time: str = "2024-01-03T00:00:00Z", p: str = "") -> str:
    who = f'<{p}member id="7">Secret Member</{p}member><{p}id>{label}</{p}id>'
    return f"<{p}{kind}>{who}<{p}timestamp>{time}</{p}timestamp></{p}{kind}>"


def ncmec(
    *entries: str, videos: tuple[str, ...] = (), head: str = HEAD, page: Page | None = None, count: object = None
) -> Page:
    page = (page or Page()).add(
        head + f'<queryResult xmlns="{SPACE}">\n<images count="{len(entries) if count is None else count}">\n'
    )
    for each in entries:
        page.record(each).add("\n")
    page.add(f'</images>\n<videos count="{len(videos)}">\n')
    for each in videos:
        page.record(each).add("\n")
    return page.add("</videos>\n</queryResult>\n")


def kept(at: Place, label: str, code: str | None = None, **more: Any) -> Row:
    hashes = more.pop("hashes", {"md5": md5(label)})
    return row(at, hashes, code=code, scheme=NCMEC, **({"media_type": "image"} | more))


def _prefixes() -> Iterator[Made]:
    for prefix in ("hs", "a.b-c", "_"):
        p = f"{prefix}:"
        text = entry("p", p=p, code="B1")
        page = Page().add(f'{HEAD}<{p}queryResult xmlns:{prefix}="{SPACE}"><{p}images count="1">').record(text)
        page.add(f"</{p}images></{p}queryResult>")
        yield made(f"ncmec/prefix-{prefix}.xml", page.data, accepted([kept(page.records[0], "p", "B1")]))
    # The default namespace changes within: the inner entry is not NCMEC's.
    decoy = f'<image xmlns="http://example.invalid/x"><id>d</id><fingerprints><md5>{md5("decoy")}</md5></fingerprints></image>'
    page = (
        Page()
        .add(f'{HEAD}<queryResult xmlns="{SPACE}"><images count="1">{decoy}')
        .record(entry("q"))
        .add("</images></queryResult>")
    )
    yield made(
        "ncmec/namespace-within.xml", page.data, accepted([kept(page.records[0], "q")], notices=["unknown-field"])
    )
    for name, space in (
        ("v1", SPACE[:-1] + "1"),
        ("v3", SPACE[:-1] + "3"),
        ("other", "http://example.invalid/"),
        ("slash", SPACE + "/"),
    ):
        yield made(
            f"ncmec/space-{name}.xml",
            ncmec(entry("s")).data.replace(SPACE.encode(), space.encode()),
            refused(),
            rejected(),
        )
    bare = ncmec(entry("s")).data.replace(f' xmlns="{SPACE}"'.encode(), b"")
    yield made("ncmec/no-space.xml", bare, refused(), rejected())


def _order() -> Iterator[Made]:
    """The later time of one identity holds, wherever it stands."""
    page = ncmec(gone("x", time="2024-01-01T00:00:00Z"), entry("x", time="2024-01-02T00:00:00Z"))
    # A tombstone is no record: whether it is counted as one is free.
    at = {name: value for name, value in page.records[1].items() if name != "record"}
    yield made(
        "ncmec/tombstone-before.xml",
        page.data,
        accepted([kept(at, "x")], retractions=["7/x (image)"]),
        accepted([kept(at, "x")]),
        accepted([kept(at, "x")], notices=["bad-total"]),
    )
    page = ncmec(gone("x", time="2024-01-05T00:00:00Z"), entry("x", time="2024-01-02T00:00:00Z"))
    gone_all = accepted(retractions=["7/x (image)"])
    yield made("ncmec/tombstone-before-is-later.xml", page.data, gone_all, gone_all | {"warnings": ["bad-total"]})
    page = ncmec(
        entry("x"), gone("x", kind="deletedVideo"), videos=(entry("x", kind="video"), gone("x", kind="deletedVideo"))
    )
    at = {name: value for name, value in page.records[0].items() if name != "record"}
    told = accepted([kept(at, "x")], retractions=["7/x (video)"])
    yield made(
        "ncmec/tombstone-of-the-video.xml",
        page.data,
        told,
        told | {"warnings": ["bad-total"]},
        told | {"warnings": ["bad-total", "unknown-field"]},
    )
    page = ncmec(entry("x", code="A1", time="2024-01-05T00:00:00Z"), entry("x", code="B2", time="2024-01-02T00:00:00Z"))
    yield made("ncmec/twice-earlier-last.xml", page.data, *_one_of(kept(page.records[0], "x", "A1"), []))
    page = ncmec(entry("x", code="A1", time="2024-01-02T00:00:00Z"), entry("x", code="B2", time="2024-01-05T00:00:00Z"))
    yield made("ncmec/twice-later-last.xml", page.data, *_one_of(kept(page.records[1], "x", "B2"), []))


def _one_of(one: Row, notices: list[str]) -> tuple[dict[str, object], ...]:
    return tuple(
        accepted([one], notices=[*notices, *more])
        for more in ([], ["conflicting-record"], ["duplicate"], ["bad-total"])
    )


def _entries() -> Made:
    def prints(*pairs: tuple[str, str]) -> str:
        return "".join(f"<{name}>{value}</{name}>" for name, value in pairs)

    page = ncmec(
        entry(
            "a",
            code="B1",
            prints=prints(("md5", f"\n {md5('a').upper()}\t"), ("sha1", sha1("a")), ("pdq", pdq("a").upper())),
        ),
        entry("b", code="a1", prints=prints(("md5", md5("b")), ("pdna", dna("b").hex()))),
        entry("c", code="", prints=prints(("pdna", base64_of(dna("c"))))),
        entry("d", prints=prints(("md5", EMPTY_MD5), ("sha1", sha1("d")))),
        entry("e", prints=prints(("pdq", "0" * 64))),
        entry("f", prints=prints(("md5", md5("f")), ("pdna", base64_of(bytes(144))))),
        entry("g", prints=prints(("pdq", pdq("g")[:62]), ("sha1", sha1("g") + "0"))),
        entry("h", prints=prints(("md5", md5("h")), ("netclean", sha1("h")), ("brandnew", "secret"))),
        entry("i", member="", prints=prints(("md5", md5("i")))),
        entry("j", prints='<md5 href="http://example.invalid/secret"/>'),
        count=3,
    )
    at = page.records
    rows = [
        kept(at[0], "a", "B1", hashes={"md5": md5("a"), "sha1": sha1("a"), "pdq": pdq("a")}),
        kept(at[1], "b", "a1", hashes={"md5": md5("b"), "photodna": dna("b").hex()}, warnings=["unknown-code"]),
        kept(at[2], "c", hashes={"photodna": dna("c").hex()}),
        kept(at[5], "f", warnings=["bad-photodna"]),
        kept(at[7], "h", not_searched=["netclean", "brandnew"]),
        kept(at[8], "i", optional=True),
    ]
    faults = [bad(at[3], EMPTY_INPUT), bad(at[4], PLACEHOLDER), bad(at[6], NO_HASH), bad(at[9], NO_HASH)]
    # A member without a number is nobody: the entry may be kept without an identity, or be told.
    whole = accepted(rows, rejected=faults, notices=["bad-total"], must_not_appear=["Secret", "secret"])
    return made("ncmec/entries.xml", page.data, whole, whole | {"rejected": [*faults, {"record": 9}]})


def _markup() -> Iterator[Made]:
    for name, doctype in {
        "internal": '<!DOCTYPE queryResult [<!ENTITY a "b">]>',
        "external": '<!DOCTYPE queryResult SYSTEM "http://example.invalid/secret.dtd">',
        "public": '<!DOCTYPE queryResult PUBLIC "-//x//y" "file:///secret">',
        "empty": "<!DOCTYPE queryResult>",
        "parameter-entity": '<!DOCTYPE queryResult [<!ENTITY % a SYSTEM "file:///secret"> %a;]>',
    }.items():
        data = ncmec(entry("x"), head=HEAD + doctype + "\n").data
        at = len(HEAD)
        yield made(
            f"ncmec/doctype-{name}.xml",
            data,
            rejected("document type", offset=at + 20, slack=120) | {"must_not_appear": ["secret"]},
        )
    one = ncmec(entry("x", code="A1")).data
    inside = {
        "entity-unknown": (b">A1<", b">&made;<"),
        "entity-unclosed": (b">A1<", b">A&1<"),
        "nul-reference": (b">A1<", b">A&#0;1<"),
        "control-reference": (b">A1<", b">A&#x1F;1<"),
        "raw-control": (b">A1<", b">A\x01<"),
        "raw-nul": (b">A1<", b">A\x00<"),
        "crossed": (b"</fingerprints></image>", b"</image></fingerprints>"),
        "attribute-twice": (b'<member id="7">', b'<member id="7" id="8">'),
        "attribute-bare": (b'<member id="7">', b"<member id=7>"),
        "invalid-utf-8": (b"Secret Member", b"Secret \xff Member"),
        "prefix-unbound": (b"<images ", b"<images q:x='1' "),
        "two-roots": (b"</queryResult>\n", b"</queryResult><queryResult/>"),
        "text-behind": (b"</queryResult>\n", b"</queryResult>garbage"),
        "declaration-late": (b"<images ", b"<?xml version='1.0'?><images "),
        "double-hyphen": (b"<images ", b"<!-- a -- b --><images "),
    }
    for name, (old, new) in inside.items():
        yield made(f"ncmec/not-xml-{name}.xml", one.replace(old, new, 1), rejected() | {"must_not_appear": ["Secret"]})
    first = ncmec(entry("x", code="A1")).records[0]
    for name, old, new in (
        ("comments", b"</queryResult>", b"<!-- a --></queryResult><!-- b --><?made up?>"),
        ("references", b">A1<", b">&#65;&#x31;<"),
        ("split-code", b">A1<", b">A<!-- made up -->1<"),
        ("cdata", b">A1<", b"><![CDATA[A]]><![CDATA[1]]><"),
        ("instruction", b">A1<", b">A<?made up?>1<"),
        ("spaces", b">A1<", b">\n A1\t<"),
        ("attribute-references", b'id="7"', b'id="&#55;"'),
    ):
        yield made(f"ncmec/markup-{name}.xml", one.replace(old, new, 1), accepted([kept(first, "x", "A1", id="7/x")]))
    deep = b"<a>" * 5_000 + b"</a>" * 5_000
    data = one.replace(b"</fingerprints>", b"</fingerprints>" + deep, 1)
    yield made("ncmec/deep.xml", data, rejected("nested too deep"), accepted(rejected=[{"record": 1}]))
    # The declaration says another coding than the bytes are in; Latin-1 that says so is sound.
    latin = ncmec(entry("x", id="é"), head=HEAD.replace("UTF-8", "ISO-8859-1")).data.decode().encode("iso-8859-1")
    first = ncmec(entry("x", id="e"), head=HEAD.replace("UTF-8", "ISO-8859-1")).records[0]
    yield made("ncmec/latin-1.xml", latin, accepted([kept(first, "x", id="7/é")]), refused(), rejected())
    page = ncmec(entry("x", id="é"), head=HEAD.replace("UTF-8", "UTF-16"), page=Page("utf-16-le", b"\xff\xfe"))
    yield made("ncmec/utf-16.xml", page.data, accepted([kept(page.records[0], "x", id="7/é")]))


def _types() -> Iterator[Made]:
    page = ncmec(entry("x"))
    data = page.data.replace(b"<videos", b'<audios count="1"><audio><id>s</id></audio></audios><videos', 1)
    yield made("ncmec/unknown-type.xml", data, accepted([kept(page.records[0], "x")], notices=["unknown-field"]))
    for count in ("many", "-1", "", "1e0", "99999999999999999999"):
        page = ncmec(entry("x"), count=count)
        one = accepted([kept(page.records[0], "x")], notices=["bad-total"])
        yield made(f"ncmec/count-{count}.xml", page.data, one, one | {"warnings": []} if count == "" else one)
    page = ncmec(entry("x"), videos=(entry("y", kind="video"),))
    data = page.data.replace(b"</queryResult>", b"<paging><next/></paging></queryResult>")
    rows = [kept(page.records[0], "x"), kept(page.records[1], "y", media_type="video")]
    # An empty `next` says that nothing follows.
    yield made("ncmec/next-empty.xml", data, accepted(rows))
    yield made(
        "ncmec/other-root.xml",
        f'{HEAD}<status xmlns="{SPACE}"><ipAddress>secret</ipAddress></status>'.encode(),
        refused(),
        rejected(),
    )


def _cuts() -> Iterator[Made]:
    page = ncmec(entry("x"), entry("y"))
    data = page.data
    for name, end in {
        "in-a-tag": page.records[1]["offset"] + 4,
        "in-an-attribute": data.rindex(b'id="7"') + 4,
        "in-a-text": data.rindex(b"Secret") + 3,
        "between": page.records[1]["offset"],
        "before-the-end": data.rindex(b"</queryResult>"),
        "in-the-last-tag": len(data) - 3,
    }.items():
        yield made(f"ncmec/cut-{name}.xml", data[:end], truncated(data[:end], 40))
