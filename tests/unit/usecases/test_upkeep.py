"""A check of a whole node ends with a verdict, and a backup contains the entry about itself."""

from __future__ import annotations

import pytest

from node.errors import DiskFull, Unavailable
from node.usecases.fsck import Report
from node.usecases.upkeep import NodeUpkeep, Verdict, check_all
from tests.simulator.federation import Speaker, roster
from tests.unit.usecases.audited import Audited
from tests.unit.usecases.disposal_desk import Desk


def test_a_sound_store_and_a_faulty_index_make_one_verdict() -> None:
    store = Desk().store
    *reports, verdict = check_all(store, roster(Speaker.named("FR")))
    assert verdict == Verdict(faults=0, signatures_checked=True)
    assert [each.log for each in reports if isinstance(each, Report)][-1] == "database"
    index = Report(log="index", entries=0, bodies=0, faults=("a row too many", "a row too few"))
    *_, of_index, verdict = check_all(store, None, lambda: index)
    assert (of_index, verdict) == (index, Verdict(faults=2, signatures_checked=False))


def test_a_backup_is_recorded_before_it_is_made() -> None:
    audited = Audited(Desk().store)
    seen: list[tuple[str, str]] = []

    def copy(path: str) -> None:
        seen.append((path, audited.last()["what"]))
        if path == "full":
            raise DiskFull("no space")

    audited.store.backup_to = copy  # type: ignore[method-assign]
    upkeep = NodeUpkeep(store=audited.store, audit=audited.audit, latest=lambda: None, check_index=lambda: None)
    upkeep.backup("copy")
    with pytest.raises(DiskFull):
        upkeep.backup("full")
    assert seen == [("copy", "backup"), ("full", "backup")]
    outcomes = [each["outcome"] for each in audited.written() if each["what"] == "outcome"]
    assert outcomes == ["done", "failed"]
    assert "copy" not in str(audited.written())
    audited.close()
    with pytest.raises(Unavailable):
        upkeep.backup("copy")
    assert len(seen) == 2
