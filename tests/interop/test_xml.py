"""Traps of XML: codings that lie, document types, depth, size, cuts, namespaces; NCMEC's entries and C4All's."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from node.domain.references import TOO_DEEP, EndsEarly, Fault, Item, ListHead, Notice, Reference, Withdrawal
from node.interop import xml_records
from node.interop.formats import FORMATS, format_of
from node.interop.hash_tables import TOO_LONG
from node.interop.ncmec import SPACE
from node.interop.reading import Broken, Choices, Unwelcome

M, N = "ab" * 16, "ac" * 16


def read(data: str | bytes, name: str = "ncmec", choices: Choices | None = None) -> list[Item]:
    raw = data if isinstance(data, bytes) else data.encode()
    return list(FORMATS[name].read([raw], choices or Choices()))


def rows(items: list[Item]) -> list[Reference]:
    return [item for item in items if isinstance(item, Reference)]


def codes(items: list[Item]) -> list[str]:
    return [item.code for item in items if isinstance(item, Notice)]


def entry(number: int = 1, inside: str = "", digest: str = M) -> str:
    return (
        f'<image><member id="7">Unit</member><id>x{number}</id>{inside}<fingerprints><md5>{digest}</md5>'
        "</fingerprints></image>"
    )


def page(entries: str, frame: str = "images", declaration: str = "") -> str:
    return f'{declaration}<queryResult xmlns="{SPACE}"><{frame}>{entries}</{frame}></queryResult>'


def report(inside: str = "", declaration: str = '<?xml version="1.0" encoding="utf-16"?>') -> str:
    return f"{declaration}<ReportIndex><Image>{inside}<category>1</category><hash>{M}</hash></Image></ReportIndex>"


# --- codings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("declared", ["", "utf-8", "utf-16", "UTF-16LE", "x-unknown"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_bytes_decide_what_the_coding_is(declared: str, coding: str) -> None:
    said = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    data = page(entry(inside="<classification>\N{LATIN SMALL LETTER L WITH STROKE}</classification>"), declaration=said)
    raw = data.encode(coding)
    assert format_of(raw).name == "ncmec"
    [row] = rows(read(raw))
    assert row.code == "\N{LATIN SMALL LETTER L WITH STROKE}"
    start = raw.index("<image>".encode({"utf-16": "utf-16-le"}.get(coding, coding).removesuffix("-sig")))
    assert row.at.offset == start


@pytest.mark.parametrize("coding", ["iso-8859-2", "windows-1250", "windows-1252"])
def test_a_declared_coding_of_single_bytes_is_believed(coding: str) -> None:
    text = "\N{LATIN SMALL LETTER S WITH CARON}" if coding != "windows-1252" else "\N{EURO SIGN}"
    raw = report(f"<notes>{text}</notes>", f'<?xml version="1.0" encoding="{coding}"?>').encode(coding)
    [row] = rows(read(raw, "c4all"))
    assert text in row.said


@pytest.mark.parametrize("coding", ["utf-8", "windows-1252"])
def test_a_report_that_says_utf16_and_has_single_bytes_is_read(coding: str) -> None:
    text = "caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{EURO SIGN}"
    [row] = rows(read(report(f"<notes>{text} &#8364;</notes>").encode(coding), "c4all"))
    assert json.loads(row.said)[2] == ["notes", {}, f"{text} \N{EURO SIGN}"]


def test_a_page_that_is_no_utf8_is_not_well_formed() -> None:
    with pytest.raises(Broken, match=r"not well-formed .*line 1, byte"):
        read(page(entry(inside="<classification>\xe9</classification>")).encode("latin-1"))


def test_a_coding_that_expat_does_not_have_is_refused() -> None:
    with pytest.raises(Broken):
        read(page(entry()).encode("utf-32"))


# --- the frame --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subset", ["", ' SYSTEM "file:///etc/hostname"', ' [<!ENTITY a "b"><!ENTITY c "&a;&a;">]', " [<!ELEMENT a ANY>]"]
)
@pytest.mark.parametrize(("name", "root"), [("ncmec", "queryResult"), ("c4all", "ReportIndex")])
def test_a_document_type_is_refused(subset: str, name: str, root: str) -> None:
    raw = f"<!-- made up -->\n<!DOCTYPE {root}{subset}>\n<{root}/>".encode()
    assert format_of(raw).name == name
    with pytest.raises(Broken, match="document type") as refused:
        read(raw, name)
    assert refused.value.at.line == 2


@pytest.mark.parametrize("entity", ["&a;", "&#0;", "&#xD800;"])
def test_an_entity_or_a_character_that_xml_does_not_have_is_refused(entity: str) -> None:
    with pytest.raises(Broken):
        read(page(entry(inside=f"<classification>{entity}</classification>")))


def test_two_documents_are_none() -> None:
    with pytest.raises(Broken, match="data after the document"):
        read(page(entry()) + page(entry()))


@pytest.mark.parametrize(
    ("name", "data"), [("ncmec", "<other/>"), ("c4all", "<other/>"), ("ncmec", ""), ("c4all", " ")]
)
def test_another_document_is_refused(name: str, data: str) -> None:
    with pytest.raises(Broken):
        read(data, name)


@pytest.mark.parametrize("space", ["https://hashsharing.ncmec.org/hashsharing/v1", "", "http://example.invalid/other"])
def test_another_version_of_ncmec_is_refused(space: str) -> None:
    with pytest.raises(Unwelcome, match="another version"):
        read(page(entry()).replace(SPACE, space))


def test_a_tag_that_does_not_end_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_records, "MAX_TOKEN", 300_000)

    def endless() -> Iterator[bytes]:
        yield f'<queryResult xmlns="{SPACE}"><images><image a="'.encode()
        while True:
            yield b"x" * 65_536

    with pytest.raises(Broken, match="does not end"):
        list(FORMATS["ncmec"].read(endless(), Choices()))


# --- records ----------------------------------------------------------------------------------------------------------


def test_a_record_that_is_too_deep_costs_itself_alone() -> None:
    given = read(page(entry(1, "<a>" * 5_000 + "</a>" * 5_000) + entry(2)))
    assert [(item.at.record, item.reason) for item in given if isinstance(item, Fault)] == [(1, TOO_DEEP)]
    assert [row.id for row in rows(given)] == ["7/x2 (image)"]


@pytest.mark.parametrize("inside", ["<a>" + "x" * 3_000 + "</a>", "<a/>" * 3_000, '<a b="' + "x" * 3_000 + '"/>'])
def test_a_record_that_is_too_long_costs_itself_alone(inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_records, "MAX_RECORD", 2_000)
    given = read(page(entry(1, inside) + entry(2)))
    assert [(item.at.record, item.reason) for item in given if isinstance(item, Fault)] == [(1, TOO_LONG)]
    assert [row.id for row in rows(given)] == ["7/x2 (image)"]


def test_no_more_of_a_page_is_read_than_its_next_rows_need() -> None:
    given = 0

    def chunks() -> Iterator[bytes]:
        nonlocal given
        for part in (f'<queryResult xmlns="{SPACE}"><images>', *map(entry, range(4_000)), "</images></queryResult>"):
            given += len(part)
            yield part.encode()

    ahead = [
        given - item.at.offset for item in FORMATS["ncmec"].read(chunks(), Choices()) if isinstance(item, Reference)
    ]
    assert len(ahead) == 4_000
    assert max(ahead) < 70_000 < given


def test_an_identity_is_member_id_and_medium() -> None:
    other = entry(1).replace('id="7"', 'id="8"')
    film = entry(1).replace("image>", "video>")
    gone = '<deletedImage><member id="7"/><id>x1</id><timestamp>2024-01-03T00:00:00Z</timestamp></deletedImage>'
    data = page(entry(1) + other + gone).replace("</queryResult>", f"<videos>{film}</videos></queryResult>")
    given = read(data)
    assert [row.id for row in rows(given)] == ["7/x1 (image)", "8/x1 (image)", "7/x1 (video)"]
    [taken] = [item for item in given if isinstance(item, Withdrawal)]
    assert (taken.id, taken.changed) == ("7/x1 (image)", "2024-01-03T00:00:00Z")


def test_a_deletion_without_an_id_is_told() -> None:
    given = read(page('<deletedImage><member id="7"/></deletedImage>' + entry(2)))
    assert [(item.at.record, item.reason) for item in given if isinstance(item, Fault)] == [(1, "no id")]


def test_members_who_dispute_an_entry_are_counted_once_each() -> None:
    def negative(kind: str, *members: str) -> str:
        inside = "".join(f'<member id="{member}"/>' for member in members)
        return f'<negativeFeedback type="{kind}"><reasons><members>{inside}</members></reasons></negativeFeedback>'

    agree = '<affirmativeFeedback><members><member id="9"/></members></affirmativeFeedback>'
    said = f"<feedback>{agree}{negative('Md5', '1', '2')}{negative('Sha1', '2', '3')}</feedback>"
    [row] = rows(read(page(entry(1, said))))
    assert row.disputes == 3


def test_links_and_unknown_fingerprints_are_named_and_not_followed() -> None:
    more = '<pdq rel="self" href="http://example.invalid/x"/><newhash>ff</newhash><o:md5 xmlns:o="urn:o">1</o:md5>'
    [row] = rows(read(page(entry().replace("<md5>", f"{more}<md5>"))))
    assert (row.not_searched, row.warnings) == (("pdq", "newhash", "md5"), ())


@pytest.mark.parametrize(("count", "told"), [("1", []), ("2", ["bad-total"]), ("many", ["bad-total"]), ("", [])])
def test_a_count_decides_nothing_and_is_checked(count: str, told: list[str]) -> None:
    assert codes(read(page(entry()).replace("<images>", f'<images count="{count}">'))) == told


def test_all_of_an_entry_is_kept() -> None:
    [row] = rows(read(page(entry(1, '<new a="&lt;1&gt;">te<!-- gap -->xt<b/></new>'))))
    assert json.loads(row.said) == [
        "image",
        {},
        ["member", {"id": "7"}, "Unit"],
        ["id", {}, "x1"],
        ["new", {"a": "<1>"}, "text", ["b", {}]],
        ["fingerprints", {}, ["md5", {}, M]],
    ]


def test_a_category_of_another_scheme_is_taken_as_the_person_says() -> None:
    given = read(
        page(entry(1, "<classification>Q</classification>")), choices=Choices(scheme="own", scheme_version="1")
    )
    [head] = [item for item in given if isinstance(item, ListHead)]
    assert (head.scheme, head.scheme_version, codes(given)) == ("own", "1", [])


def test_a_page_that_is_cut_says_so_at_its_end() -> None:
    data = page(entry(1) + entry(2)).encode()
    cut = data[: data.index(b"x2")]
    given = read(cut)
    assert [row.id for row in rows(given)] == ["7/x1 (image)"]
    assert isinstance(given[-1], EndsEarly)
    assert given[-1].at.offset == len(cut)


def test_a_report_has_images_and_films_and_other_elements_are_told() -> None:
    data = report().replace("</ReportIndex>", f"<Movie><hash>{N.upper()}</hash></Movie><Other/></ReportIndex>")
    given = read(data, "c4all")
    assert [(row.media_type, row.md5.hex(), row.code) for row in rows(given)] == [("image", M, "1"), ("video", N, None)]
    assert codes(given) == ["unknown-field"]


@pytest.mark.parametrize(("text", "size", "warned"), [("12", 12, ()), ("-1", -1, ("bad-size",)), ("", -1, ())])
def test_the_size_that_a_report_states(text: str, size: int, warned: tuple[str, ...]) -> None:
    [row] = rows(read(report(f"<fileSize>{text}</fileSize>"), "c4all"))
    assert (row.size, row.warnings) == (size, warned)


def test_a_root_is_found_behind_comments_and_instructions_without_backtracking() -> None:
    from node.interop.xml_records import begins_with

    assert begins_with(b"<?xml version='1.0'?><!-- a --> <?b?>\n<n:root a='1'>", "root") == "<n:root a='1'"
    assert begins_with(b"<!-- a -->" * 6_000 + b"<other>", "root") == ""
    assert begins_with(b"<roots>", "root") == ""
    assert begins_with(b"<!-- root", "root") == ""
