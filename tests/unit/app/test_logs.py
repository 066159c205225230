"""Where log lines go: never between the lines that a command prints."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from node.app import logs


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def test_what_a_command_logs_is_beside_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    logs.beside_the_output()
    structlog.get_logger("node.test").error("log stopped", kind="fork")
    out, err = capsys.readouterr()
    assert out == ""
    line = json.loads(err)
    assert (line["event"], line["level"], line["kind"]) == ("log stopped", "error", "fork")


def test_a_daemons_logging_stays_as_it_was_set_up() -> None:
    structlog.configure(processors=[structlog.processors.JSONRenderer()])
    before = structlog.get_config()["processors"]
    logs.beside_the_output()
    assert structlog.get_config()["processors"] == before
