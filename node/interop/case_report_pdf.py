r"""Writes a case report as PDF: A4, tables that break over pages, the used shapes of its fonts inside the file.

Rules this module upholds:

- The same report gives the same bytes on machines with the same font: the dates are those of the last event, and the
  file's id comes from the content.
- The font is DejaVu Sans of the operating system. Without it there is no PDF: no other font is taken silently.
- DejaVu Sans shows Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian and Georgian, each in its direction. A character
  that it does not have is written as its escape, such as `\u4e2d`: nothing is left out silently.
- A text of any length breaks over lines and pages. The library holds all pages until the end, so a PDF lists at most
  `MAX_ROWS` rows.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from fpdf import FPDF
from fpdf.enums import MethodReturnValue

from node.domain.calendar import LAST_SECOND
from node.errors import Misuse
from node.interop.case_report_words import (
    cell_words,
    fact_words,
    head_words,
    intro_words,
    left_out_words,
    title_words,
)
from node.usecases.report_values import Form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fpdf.fonts import TTFFont

    from node.usecases.report_values import CaseReport, Section

MAX_ROWS: Final = 20_000
"""Rows of all sections together: about 40 MiB of memory, and a minute."""
_FOLDERS: Final = (
    "/usr/share/fonts/truetype/dejavu",
    "/usr/share/fonts/dejavu-sans-fonts",
    "/usr/share/fonts/dejavu",
    "/usr/share/fonts/TTF",
    "/usr/local/share/fonts/dejavu",
)
"""Where Debian and Ubuntu, Fedora, SUSE and Arch put the font, and where an administrator may."""
_FILES: Final = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
_FONT: Final = "DejaVu"
_REGULAR, _BOLD = "", "B"
_MARGIN: Final = 12.0
_LINE: Final = 3.6
"""Height of a line in a table, in millimetres, as the margin."""
_SIZE: Final = 7.5
"""Size of the text in a table, in points."""
_GAP: Final = 3.0
_FACT_WIDTHS: Final = (0.22, 0.78)
"""Shares of the width for the name and the value of a fact."""
_WEIGHTS: Final = {Form.NUMBER: 1.3, Form.SIZE: 1.3, Form.MOMENT: 1.9, Form.DIGEST: 3.4, Form.TEXT: 2.0}
"""How wide a column is beside others."""
_PIECE: Final = 262_144


def write_pdf(report: CaseReport) -> Iterator[bytes]:
    """The file in pieces. Raises `Misuse` for a report with more rows than a PDF lists."""
    rows = sum(each.listed for each in report.content.sections)
    if rows > MAX_ROWS:
        raise Misuse(
            f"a PDF lists at most {MAX_ROWS:,} rows, and this report has {rows:,}",
            remedy="write it as .html or .json, or list fewer rows: --rows N",
        )
    pages = _Pages(report, fonts())
    pages.head(report)
    for section in report.content.sections:
        pages.section(section)
    written = bytes(pages.output())
    for at in range(0, len(written), _PIECE):
        yield written[at : at + _PIECE]


def fonts() -> tuple[Path, Path]:
    """The regular and the bold font. Raises `Misuse` if this machine does not have them."""
    for folder in map(Path, _FOLDERS):
        regular, bold = (folder / name for name in _FILES)
        if regular.is_file() and bold.is_file():
            return regular, bold
    raise Misuse(
        "a PDF needs the font DejaVu Sans, and this machine does not have it",
        remedy="install it (Debian: apt install fonts-dejavu-core; Fedora: dnf install dejavu-sans-fonts), or write "
        "the report as .html, which every browser prints",
    )


class _Pages(FPDF):
    """The pages of a report, filled from top to bottom."""

    def __init__(self, report: CaseReport, fonts: tuple[Path, Path]) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._id = report.digest.hex()[:32].upper()
        self._widths: dict[tuple[str, float], dict[str, float]] = {}
        self._footer = f"{title_words(report)}, content SHA-256 {report.digest.hex()[:16]}"
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(auto=False)
        self.add_font(_FONT, _REGULAR, fonts[0])
        self.add_font(_FONT, _BOLD, fonts[1])
        self._shapes = frozenset(cast("TTFFont", self.fonts[_FONT.lower()]).cmap)
        self.set_lang("en")
        self.set_producer("Vigil")
        self.set_title(self._known(title_words(report)))
        self.set_creation_date(_moment(report.content.latest))
        self.set_font(_FONT, size=_SIZE)
        self.set_line_width(0.1)
        self.add_page()

    def file_id(self) -> str:
        """Of the content, twice: that of the first version, and of this one."""
        return f"<{self._id}><{self._id}>"

    def footer(self) -> None:
        """The case and the number of the page, on each page."""
        self.set_y(-_MARGIN + 2)
        self.set_font(_FONT, _REGULAR, _SIZE - 1)
        words = self._fitting(self._footer, self.epw * 0.8)
        self._write(self.epw * 0.8, words)
        self._write(self.epw * 0.2, f"page {self.page_no()}", align="R")

    def head(self, report: CaseReport) -> None:
        """The title, and what stands above the sections."""
        self._heading(title_words(report), 14)
        self._paragraph(intro_words())
        self._facts([(name, value) for name, value, _ in head_words(report)])

    def section(self, section: Section) -> None:
        """A section: its facts, then its rows."""
        self.ln(_GAP)
        self._heading(section.title, 11)
        if section.facts:
            self._facts(fact_words(section))
        if words := left_out_words(section):
            self._paragraph(words)
        if section.listed:
            weights = [_WEIGHTS[each.form] for each in section.columns]
            widths = [self.epw * each / sum(weights) for each in weights]
            titles = [each.title for each in section.columns]
            self.ln(1)
            self._make_room(4 * _LINE)
            self._row(titles, widths, style=_BOLD)
            for row in section.rows():
                cells = zip(row, section.columns, strict=True)
                self._row([cell_words(value, each.form) for value, each in cells], widths, again=titles)
        elif not section.facts:
            self._paragraph("None.")

    def _heading(self, words: str, size: float) -> None:
        self.set_font(_FONT, _BOLD, size)
        height = size * 0.55
        lines = self._lines(words, self.epw)
        self._make_room(height * min(len(lines), 2) + 3 * _LINE)
        for line in lines:
            self._make_room(height)
            self._write(self.epw, line, height=height)
            self.ln(height)
        self.set_font(_FONT, _REGULAR, _SIZE)

    def _paragraph(self, words: str) -> None:
        self.set_font(_FONT, _REGULAR, _SIZE)
        for line in self._lines(words, self.epw):
            self._make_room(_LINE)
            self._write(self.epw, line)
            self.ln(_LINE)

    def _facts(self, facts: Sequence[tuple[str, str]]) -> None:
        widths = [self.epw * each for each in _FACT_WIDTHS]
        for name, value in facts:
            self._row([name, value], widths)

    def _row(
        self, cells: Sequence[str], widths: Sequence[float], *, style: str = _REGULAR, again: Sequence[str] = ()
    ) -> None:
        """A row of a table, as many lines high as its longest cell. It goes on over pages; `again`: the titles that
        each new page repeats.
        """
        self.set_font(_FONT, style, _SIZE)
        columns = [self._lines(words, width) for words, width in zip(cells, widths, strict=True)]
        if self._full(_LINE):
            self._next_page(again, widths, style)
        top = self.get_y()
        for number in range(max(map(len, columns))):
            if self._full(_LINE):
                self._boxes(widths, top)
                self._next_page(again, widths, style)
                top = self.get_y()
            for lines, width in zip(columns, widths, strict=True):
                if number < len(lines) and lines[number]:
                    self._write(width, lines[number])
                else:
                    self.set_x(self.get_x() + width)
            self.ln(_LINE)
        self._boxes(widths, top)

    def _next_page(self, titles: Sequence[str], widths: Sequence[float], style: str) -> None:
        self.add_page()
        if titles:
            self._row(titles, widths, style=_BOLD)
        self.set_font(_FONT, style, _SIZE)

    def _boxes(self, widths: Sequence[float], top: float) -> None:
        """The frames of a row, from `top` down to here."""
        left, height = self.l_margin, self.get_y() - top
        for width in widths:
            self.rect(left, top, width, height)
            left += width

    def _full(self, height: float) -> bool:
        """Whether no more than `height` does not fit on this page."""
        return self.get_y() + height > self.h - _MARGIN

    def _make_room(self, height: float) -> None:
        if self._full(height):
            self.add_page()

    def _lines(self, words: str, width: float) -> list[str]:
        """The lines that a text takes in a cell of this width, at least one."""
        lines: list[str] = []
        for line in self._known(words).split("\n"):
            if line.isascii():
                lines += _broken(line, width - 2 * self.c_margin, self._width)
                continue
            self.set_text_shaping(use_shaping_engine=True)
            broken = self.multi_cell(width, _LINE, line, align="L", dry_run=True, output=MethodReturnValue.LINES)
            lines += cast("list[str]", broken)
        return lines

    def _write(self, width: float, line: str, *, align: str = "L", height: float = _LINE) -> None:
        # Only other scripts than English need shaping, which takes most of the time.
        self.set_text_shaping(not line.isascii())
        self.cell(width, height, line, align=align)

    def _width(self, words: str) -> float:
        """The width of ASCII text, which has no kerning without shaping."""
        key = (self.font_style, self.font_size_pt)
        widths = self._widths.get(key)
        if widths is None:
            self.set_text_shaping(use_shaping_engine=False)
            widths = self._widths[key] = {each: self.get_string_width(each) for each in map(chr, range(128))}
        return sum(map(widths.__getitem__, words))

    def _known(self, words: str) -> str:
        """A text in the characters of the font; others as their escapes."""
        if words.isascii():
            return words
        return "".join(
            each if each == "\n" or ord(each) in self._shapes else each.encode("unicode_escape").decode("ascii")
            for each in words
        )

    def _fitting(self, words: str, width: float) -> str:
        """The first line of a text."""
        return self._lines(words, width)[0]


def _broken(line: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """ASCII text in lines of at most this width: broken after a space if there is one, else after any character."""
    lines, begin = [], 0
    used, space = 0.0, 0
    for at, each in enumerate(line):
        used += measure(each)
        if used > width and each != " " and at > begin:
            end = space if space > begin else at
            lines.append(line[begin:end].rstrip(" "))
            begin, used = end, measure(line[end : at + 1])
        if each == " ":
            space = at + 1
    return [*lines, line[begin:].rstrip(" ")]


def _moment(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(min(max(seconds, 0), LAST_SECOND), dt.UTC)
