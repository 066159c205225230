"""Reports of cases through the commands that a person's words become."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest

from node.control.report_commands import ReportCommands
from node.errors import Misuse, NotFound
from node.usecases import case_reports
from tests.unit.control.desk import items, lines_of
from tests.unit.usecases.reported_cases import CASE, Reported


@pytest.fixture
def node() -> Iterator[Reported]:
    made = Reported()
    made.fill()
    yield made
    made.audit.close()


def test_a_report_comes_in_pieces_and_is_known_afterwards(node: Reported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_reports, "PIECE", 100)
    commands = ReportCommands(reports=node.reports)
    *pieces, last = lines_of(commands.case_report({"case": CASE, "format": "json"}, items()))
    assert len(pieces) > 10
    data = b"".join(base64.b64decode(each["data"]) for each in pieces)
    assert (last["size"], last["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    (line,) = lines_of(commands.case_report_check({"sha256": last["sha256"]}, items()))
    assert (line["case"], line["audit_entry"], line["changed"]) == (CASE, last["audit_entry"], False)


@pytest.mark.parametrize("digest", ["", "zz" * 32, "ab" * 31])
def test_what_is_no_digest_is_a_misuse(node: Reported, digest: str) -> None:
    with pytest.raises(Misuse):
        lines_of(ReportCommands(reports=node.reports).case_report_check({"sha256": digest}, items()))


def test_a_digest_that_is_not_known_is_told(node: Reported) -> None:
    with pytest.raises(NotFound):
        lines_of(ReportCommands(reports=node.reports).case_report_check({"sha256": "ab" * 32}, items()))
