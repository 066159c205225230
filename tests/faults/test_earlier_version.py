"""The last version before the kinds of cooperation reads what this version writes: it keeps all of it, and shows what
it does not know as not understood.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, Final

import pytest

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.statements import KIND_OF, Comment, Retraction, Statement
from tests.conftest import absent, tool
from tests.simulator.federation import Log, Speaker
from tests.unit.wire import golden_values as values

pytestmark = pytest.mark.faults

EARLIER: Final = "81be941a"
"""The last commit before them."""
ROOT: Final = Path(__file__).resolve().parents[2]
RETRACTED: Final = 1
"""The place of the watch, which is retracted: the earlier version deletes it without understanding it."""
STATED: Final[dict[str, Statement]] = {
    "watch": values.WATCH,
    "consultation": values.OPENING,
    "notice": values.NOTICE,
    "address listing": values.LISTING,
    "group": values.FOUNDED,
    "link": values.LINK,
    "reply to a watch": values.WATCH_REPLY,
    "decision on a notice": values.PUBLISHED,
}


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the earlier version, in a folder of its own."""
    found = subprocess.run([tool("git"), "-C", ROOT, "archive", EARLIER], capture_output=True, check=False)
    if found.returncode:
        absent(f"the history of this project (commit {EARLIER}) is not here")
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def told() -> Log:
    """A log with an entry of every new kind, revisions of two of them, and what follows them."""
    log = Log(Speaker.named("JP"))
    (record,) = log.pictures([1])
    said = {name: log.say(each, kind=KIND_OF[type(each)]) for name, each in STATED.items()}  # type: ignore[index]
    log.say(values.LINK, kind=Kind.REVISION, target=said["link"])
    log.say(values.FOUNDED, kind=Kind.REVISION, target=said["group"])
    log.say(Retraction(), kind=Kind.RETRACTION, target=said["watch"])
    log.say(Comment(text="seen"), kind=Kind.COMMENT, target=record)
    log.pictures([2])
    return log


def read_by(code: Path, log: Log) -> Any:
    """What the code in this folder makes of a log."""
    package = log.package(hub=True)
    columns = ("entries", "nonces", "bodies", "handling_nonces", "handlings", "proof")
    said = {name: [each.hex() for each in getattr(package, name)] for name in columns}
    said |= {"origin": str(package.origin), "checkpoint": package.checkpoint.hex()}  # type: ignore[dict-item]
    driver = (Path(__file__).parent / "drivers" / "earlier_reader.py").read_text("utf-8")
    done = subprocess.run(
        [sys.executable, "-c", driver],
        input=json.dumps(said),
        capture_output=True,
        text=True,
        cwd=code,
        env={"PYTHONPATH": str(code)},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_earlier_version_keeps_every_new_kind_and_shows_it_as_not_understood(earlier: Path) -> None:
    log = told()
    read = read_by(earlier, log)
    assert (read["size"], read["root"]) == (log.size, log.root(log.size).hex())
    assert read["faults"] == []
    for entry, shown, (_, state, says), kept in zip(
        log.entries, log.disclosures, read["shown"], read["kept"], strict=True
    ):
        if entry == log.entries[RETRACTED]:
            assert state == BodyState.PURGED.name.lower()
        elif entry[1] >= Kind.WATCH:
            assert state == BodyState.HELD.name.lower()
            assert "not understood" in says
            assert kept == hashlib.sha256(shown.body).hexdigest()
    assert [each[0] for each in read["shown"]].count("contribution") == 2


def test_this_version_understands_all_of_it() -> None:
    read = read_by(ROOT, told())
    assert read["faults"] == []
    assert not [line for line in read["shown"] if "not understood" in str(line)]
