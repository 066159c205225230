"""A baseline that too few members confirm is shown as unconfirmed, and leaves in no export."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.control.lines import verification_line
from node.control.link_lines import linked_record_line
from node.control.record_lines import record_line
from node.domain.ids import RecordId
from node.domain.limits import Limits
from node.domain.queries import Hit, Level
from node.domain.references import Reference
from node.domain.roster import Policy
from node.domain.statements import Category, Contribution, Tri, Verdict
from node.domain.verification import Verification
from node.usecases.export_sources import Selection
from node.usecases.exported_rows import UNCONFIRMED
from node.usecases.list_export import Exporting
from node.usecases.verification import verified
from tests.simulator.federation import picture
from tests.unit.usecases.linked import Bench

BASELINE = Category(scheme="icse", version="1", code="1", baseline=Tri.YES)


def a_record(needed: int, *confirming: str) -> tuple[Bench, RecordId]:
    """A record of JP within the baseline, under a policy that asks for so many confirmations."""
    bench = Bench()
    bench.world.roster = replace(bench.world.roster, policy=Policy(limits=Limits(baseline_confirmations=needed)))
    said = Contribution(fingerprints=picture(1).fingerprints, category=BASELINE, series="S", tags=("boat",))
    record = bench.logs["JP"].say(said)
    bench.logs["JP"].pictures([2])
    for who in confirming:
        bench.opine(who, record, Verdict.CONFIRM)
    bench.send()
    return bench, record


def exported(bench: Bench) -> Reference:
    exporting = Exporting(
        store=bench.node.store, catalogue=bench.node.catalogue, clock=bench.world.clock, verifier=bench.verifier
    )
    (row,) = exporting.begin(Selection(series="S")).rows()
    return row


@pytest.mark.parametrize(
    ("needed", "confirming", "shown"),
    [(0, [], "yes"), (1, [], "unconfirmed"), (2, ["BR"], "unconfirmed"), (2, ["BR", "DE"], "yes")],
)
def test_the_baseline_of_a_record_is_unconfirmed_below_the_policys_number(
    needed: int, confirming: list[str], shown: str
) -> None:
    bench, record = a_record(needed, *confirming)
    found = bench.records.one(record)
    assert found is not None
    line = record_line(found, whole=False)
    assert line["category"]["baseline"] == shown
    assert (line["confirmed"], line["disputed"]) == (len(confirming), 0)
    (linked,) = bench.around(record).records
    assert linked_record_line(linked)["category"]["baseline"] == shown


@pytest.mark.parametrize(("needed", "leaves"), [(0, True), (1, True), (2, False)])
def test_an_export_leaves_an_unconfirmed_baseline_out_and_says_so(needed: int, *, leaves: bool) -> None:
    bench, _ = a_record(needed, "BR")
    row = exported(bench)
    assert row.baseline is (Tri.YES if leaves else Tri.UNKNOWN)
    assert row.tags == ("boat" if leaves else f"boat, {UNCONFIRMED}")


def test_hits_name_records_by_place_or_by_name_and_those_that_are_not_here_are_left_out() -> None:
    bench, record = a_record(1, "BR")
    nowhere = RecordId(record.origin, bytes(32))
    plain = Hit(subject=0, origin=str(record.origin), algorithm="pdq", level=Level.SHARED)
    hits = [replace(plain, record=record), replace(plain, record=nowhere), plain]
    found = verified(bench.node.store, bench.verifier, hits)
    assert found.keys() == {record}
    assert list(found[record].confirmed) == ["BR"]
    assert verified(bench.node.store, bench.verifier, [replace(plain, record=record, place=0)]) == found
    assert verified(bench.node.store, None, hits) == {}
    assert verified(bench.node.store, bench.verifier, [plain]) == {}


def test_a_count_that_was_not_made_is_null_and_not_zero() -> None:
    assert set(verification_line(None).values()) == {None}
    line = verification_line(Verification(verified_as=((BASELINE, 2),)))
    assert (line["confirmed"], line["opinions_set_aside"]) == (0, 0)
    assert line["verified_as"] == [{"scheme": "icse", "version": "1", "code": "1", "baseline": "yes", "members": 2}]
