"""Case reports as files: hostile text stays text, long text stays on the page, and nothing is left out silently."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.domain.ids import Origin
from node.domain.texts import shown
from node.errors import Misuse
from node.interop import case_report_pdf
from node.interop.case_report_html import write_html
from node.interop.case_report_json import write_json
from node.interop.case_report_pdf import write_pdf
from node.usecases.report_values import AsOf, CaseReport, Choices, Column, Content, Fact, Form, Row, Section, digest_of
from tests.fonts import need_fonts

HOSTILE = "</td></table><script>alert(1)</script><img src=x onerror=alert(1)>&lt;\u202e\x1b[2J\x00\ud800"
COLUMNS = (
    Column(name="number", title="Number", form=Form.NUMBER),
    Column(name="digest", title="Digest", form=Form.DIGEST),
    Column(name="at", title="When", form=Form.MOMENT),
    Column(name="text", title="Text"),
)
WRITERS: dict[str, Callable[[CaseReport], Iterator[bytes]]] = {
    "pdf": write_pdf,
    "html": write_html,
    "json": write_json,
}


def report(*texts: str, case: str = "2031-117", left_out: int = 0) -> CaseReport:
    """A report with a row for each text, which is also in a fact."""
    rows: list[Row] = [(number, "ab" * 32, 1_700_000_000, text) for number, text in enumerate(texts)]
    filled = Section(
        name="filled",
        title="Filled",
        facts=[Fact(name="said", title="Said", value=each) for each in texts],
        columns=COLUMNS,
        rows=lambda: iter(rows),
        total=len(rows) + left_out,
        listed=len(rows),
        latest=1_700_000_000,
    )
    empty = Section(name="empty", title="Empty", columns=COLUMNS)
    content = Content(federation="vigil.example", member="FR", case=case, choices=Choices(), sections=[filled, empty])
    as_of = AsOf(origin=Origin.parse("vigil.example/FR/audit/1"), size=12, root=b"\x01" * 32)
    return CaseReport(content=content, digest=digest_of(content), as_of=as_of)


def written(form: str, *texts: str, **how: object) -> bytes:
    if form == "pdf":
        need_fonts()
    return b"".join(WRITERS[form](report(*texts, **how)))  # type: ignore[arg-type]


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(page.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


PLAIN = Page(written("html", "plain"))
texts = st.text(max_size=60)


@given(text=texts, case=st.text(min_size=1, max_size=40))
@example(text=HOSTILE, case=HOSTILE)
@settings(deadline=None)
def test_hostile_text_adds_no_tag_and_no_attribute_to_a_page(text: str, case: str) -> None:
    made = written("html", text, case=case)
    page = Page(made)
    assert page.tags <= PLAIN.tags | {"br"}
    assert page.attributes == PLAIN.attributes
    assert not page.tags & {"script", "img", "iframe", "object", "a", "form", "link", "svg"}
    assert b"://" not in made
    said = made.decode("utf-8")
    assert all(each.isprintable() or each == "\n" for each in said)
    if "\n" not in text and shown(text).strip():
        assert f"<bdi>{shown(text)}</bdi>" in unescape(said)


def test_a_page_forbids_everything_but_its_own_style() -> None:
    policy = re.search(rb'Content-Security-Policy" content="([^"]*)"', written("html", "plain"))
    assert policy is not None
    assert policy[1].startswith(b"default-src 'none'; style-src 'sha256-")
    assert b"unsafe" not in policy[1]


@given(text=texts, case=st.text(min_size=1, max_size=40))
@example(text=HOSTILE, case=HOSTILE)
def test_json_gives_the_text_back_in_ascii(text: str, case: str) -> None:
    made = written("json", text, case=case)
    assert made.isascii()
    content = json.loads(made)["content"]
    assert content["case"] == case
    assert content["sections"][0]["rows"][0][3] == text


def drawn(page: pikepdf.Page) -> Iterator[tuple[str, list[Any]]]:
    """The operators of a page with their operands."""
    for each in pikepdf.parse_content_stream(page):
        assert isinstance(each, pikepdf.ContentStreamInstruction)
        yield str(each.operator), list(each.operands)


def words_of(pdf: bytes) -> str:
    """The text of a PDF: the glyphs of each page through the fonts' own tables of characters."""
    said = []
    with pikepdf.open(BytesIO(pdf)) as opened:
        for page in opened.pages:
            tables = {str(name): _table(font.ToUnicode.read_bytes()) for name, font in page.Resources.Font.items()}
            font: dict[int, str] = {}
            for operator, operands in drawn(page):
                if operator == "Tf":
                    font = tables[str(operands[0])]
                pieces = operands[0] if operator == "TJ" else operands if operator == "Tj" else []
                for piece in pieces:
                    if isinstance(piece, pikepdf.String):
                        data = bytes(piece)
                        codes = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
                        said.append("".join(font.get(code, "?") for code in codes))
    return "".join(said)


def _table(cmap: bytes) -> dict[int, str]:
    pairs = re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>\n", cmap)
    return {int(code, 16): bytes.fromhex(value.decode()).decode("utf-16-be") for code, value in pairs}


def test_a_pdf_has_the_text_of_the_latin_greek_and_cyrillic_scripts() -> None:
    words = words_of(written("pdf", "Zoë was here", "Ελλάδα", "Україна ё"))
    for each in ("Zoë was here", "Ελλάδα", "Україна ё", "2023-11-14 22:13:20", "ab" * 20):
        assert each in words


def test_a_pdf_draws_arabic_from_right_to_left_with_joined_letters() -> None:
    """Seen, lam, alef, meem: drawn from the left, meem comes first, and lam and alef are one glyph."""
    assert "\u0645" + "\u0644\u0627" + "\u0633" in words_of(written("pdf", "\u0633\u0644\u0627\u0645"))


def test_a_character_without_a_glyph_is_spelt_out() -> None:
    assert "\\u4e2d\\u6587 and \\U0001f642" in words_of(written("pdf", "中文 and \U0001f642"))


@given(text=st.text(max_size=400), case=st.text(min_size=1, max_size=300))
@example(text=HOSTILE, case=HOSTILE)
@example(text="x" * 20_000, case="y" * 500)
@example(text="one\n\n" * 300, case="z")
@example(text="\u0301" * 200 + "مرحبا " * 200, case="\u0301")
@settings(max_examples=25, deadline=None)
def test_any_text_fits_on_the_pages_of_a_pdf(text: str, case: str) -> None:
    with pikepdf.open(BytesIO(written("pdf", text, case=case))) as opened:
        for page in opened.pages:
            left, bottom, right, top = (float(each) for each in page.MediaBox)
            for operator, operands in drawn(page):
                if operator == "re":
                    x, y, width, height = map(float, operands)
                    assert left <= x <= x + width <= right
                    assert bottom <= min(y, y + height) <= max(y, y + height) <= top
                if operator == "Td":
                    x, y = map(float, operands)
                    assert left <= x <= right
                    assert bottom <= y <= top


def test_a_long_word_is_whole_on_the_pages() -> None:
    assert "x" * 60 not in words_of(written("pdf", "short"))
    assert words_of(written("pdf", "x" * 3_000)).count("x") >= 6_000  # as a fact and in its row


def test_a_pdf_has_no_script_no_link_and_no_file() -> None:
    made = written("pdf", HOSTILE)
    for name in (b"/JavaScript", b"/JS", b"/URI", b"/EmbeddedFile", b"/Launch", b"/OpenAction /"):
        assert name not in made


def test_a_pdf_lists_no_more_rows_than_it_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_report_pdf, "MAX_ROWS", 2)
    assert written("pdf", "one", "two").startswith(b"%PDF")
    with pytest.raises(Misuse, match="at most 2 rows"):
        written("pdf", "one", "two", "three")


@pytest.mark.parametrize("form", sorted(WRITERS))
def test_a_report_says_how_many_rows_it_leaves_out(form: str) -> None:
    made = written(form, "one", left_out=6_000)
    if form == "json":
        section = json.loads(made)["content"]["sections"][0]
        assert (section["listed"], section["total"]) == (1, 6_001)
    else:
        said = words_of(made) if form == "pdf" else made.decode()
        assert "Listed are the first 1 of 6,001 rows. 6,000 are only counted." in said


@pytest.mark.parametrize("form", sorted(WRITERS))
def test_the_same_report_gives_the_same_bytes(form: str) -> None:
    assert written(form, "Ελλάδα", "سلام") == written(form, "Ελλάδα", "سلام")
    assert written(form, "Ελλάδα") != written(form, "Ελλάδα ")


def test_a_machine_without_the_font_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(case_report_pdf, "_FOLDERS", (str(tmp_path),))
    with pytest.raises(Misuse, match="needs the font DejaVu Sans") as refused:
        b"".join(write_pdf(report("short")))
    assert "fonts-dejavu-core" in refused.value.remedy
