"""The font of the operating system that reports as PDF need."""

from __future__ import annotations

from node.errors import Misuse
from node.interop.case_report_pdf import fonts
from tests.conftest import absent


def need_fonts() -> None:
    """Skips the test without the font; fails in CI."""
    try:
        fonts()
    except Misuse:
        absent("the font DejaVu Sans (fonts-dejavu-core)")
