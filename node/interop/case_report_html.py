"""Writes a case report as one HTML file that can be read and printed without anything else.

Rules this module upholds:

- No script, no picture, no form and no address: a policy in the file forbids all of them, also to what slips through.
- Every text is escaped, and isolated in its direction (`bdi`). A word of any length breaks.
- The page is written row by row, so it is not in memory as a whole.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Final

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
    from collections.abc import Iterator, Sequence

    from node.usecases.report_values import CaseReport, Section

_STYLE: Final = """
@page { size: A4 landscape; margin: 12mm }
body { font: 10pt/1.35 sans-serif; margin: 1.5em auto; max-width: 80em; padding: 0 1em; color: #111; background: #fff }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 1.6em; break-after: avoid }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
th, td { border: 1px solid #999; padding: .2em .4em; text-align: start; vertical-align: top; overflow-wrap: anywhere }
th { background: #eee } thead { display: table-header-group } tr { break-inside: auto }
dl { display: grid; grid-template-columns: minmax(10em, max-content) 1fr; gap: .1em 1em }
dt { color: #444 } dd { margin: 0; overflow-wrap: anywhere }
.number { text-align: end } .digest { font: .85em/1.3 monospace; width: 20% }
.moment { white-space: nowrap; width: 10em } .note { font-style: italic }
"""
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
_CLASSES: Final = {
    Form.NUMBER: ' class="number"',
    Form.SIZE: ' class="number"',
    Form.DIGEST: ' class="digest"',
    Form.MOMENT: ' class="moment"',
    Form.TEXT: "",
}


def write_html(report: CaseReport) -> Iterator[bytes]:
    """The file in pieces."""
    for piece in _pieces(report):
        yield piece.encode()


def _pieces(report: CaseReport) -> Iterator[str]:
    title = escape(title_words(report))
    yield (
        f'<!DOCTYPE html>\n<html lang="en" dir="ltr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="referrer" content="no-referrer">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1><bdi>{title}</bdi></h1>\n"
    )
    yield f"<p>{escape(intro_words())}</p>\n"
    yield _facts([(name, value) for name, value, _ in head_words(report)])
    for section in report.content.sections:
        yield from _section(section)
    yield "</body>\n</html>\n"


def _section(section: Section) -> Iterator[str]:
    yield f'<section id="{escape(section.name)}">\n<h2>{escape(section.title)}</h2>\n'
    if section.facts:
        yield _facts(fact_words(section))
    if words := left_out_words(section):
        yield f'<p class="note">{escape(words)}</p>\n'
    if section.listed:
        yield "<table>\n<thead><tr>"
        yield "".join(f"<th{_CLASSES[each.form]}>{escape(each.title)}</th>" for each in section.columns)
        yield "</tr></thead>\n<tbody>\n"
        for row in section.rows():
            cells = zip(row, section.columns, strict=True)
            yield f"<tr>{''.join(_cell(cell_words(value, column.form), column.form) for value, column in cells)}</tr>\n"
        yield "</tbody>\n</table>\n"
    elif not section.facts:
        yield "<p>None.</p>\n"
    yield "</section>\n"


def _cell(words: str, form: Form) -> str:
    return f"<td{_CLASSES[form]}>{_isolated(words)}</td>"


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{_isolated(value)}</dd>\n" for name, value in facts)
    return f"<dl>\n{rows}</dl>\n"


def _isolated(words: str) -> str:
    """Escaped text, each line isolated in its direction."""
    return "<br>".join(f"<bdi>{escape(line)}</bdi>" for line in words.split("\n"))
