"""A bundle that is only checked: each byte counts, and every record is proven from the file and a roster alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.roster import Roster
from node.errors import Malformed, PeerFault
from node.usecases.bundle_checking import BundleChecking, CheckedRecord
from node.usecases.bundle_format import FrameReader
from node.wire.convert_federation import decode_package
from tests.simulator.federation import picture, roster
from tests.simulator.world import CODEC
from tests.unit.usecases.bundles import FOR_LAB, FR, JP, LAB, Sea, bundle, frames_of, joined

SEA = Sea()
RECORDS = SEA.share(SEA.fr, [1, 2])
SEA.share(SEA.fr, [3], FOR_LAB)
OTHERS = SEA.share(SEA.jp, [4])
DATA = bundle(SEA.jp)


def check(data: bytes, by: Roster = SEA.world.roster) -> tuple[list[CheckedRecord], int]:
    checking, frames = BundleChecking(by, CODEC, decode_package), FrameReader()
    found = [record for kind, content in frames.feed(data) for record in checking.take(kind, content)]
    frames.end()
    return found, checking.entries


def test_records_are_proven_and_entries_without_bodies_are_counted() -> None:
    found, entries = check(DATA)
    assert [each.record for each in found] == [*RECORDS, *OTHERS]
    assert [each.body for each in found] == [picture(1), picture(2), picture(4)]
    assert entries == 4
    assert {each.cosigned_at for each in found} == {int(SEA.world.clock())}


def test_a_bundle_of_what_a_reader_lacks_is_proven_by_itself() -> None:
    found, entries = check(bundle(SEA.jp, sizes={FR.origin: 1}))
    assert ([each.record for each in found], entries) == ([RECORDS[1], *OTHERS], 3)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_each_byte_is_checked(at: int, change: int) -> None:
    data = bytearray(DATA)
    data[at] ^= change
    with pytest.raises(PeerFault):
        check(bytes(data))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(DATA) - 1))
def test_a_cut_bundle_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        check(DATA[:size])


@pytest.mark.parametrize("by", [roster(JP, LAB), roster(FR, LAB)])
def test_a_roster_without_the_owner_of_a_log_refuses_it(by: Roster) -> None:
    with pytest.raises(PeerFault):
        check(DATA, by)


def test_a_log_twice_is_refused() -> None:
    *frames, end = frames_of(DATA)
    with pytest.raises(Malformed, match="twice"):
        check(joined([*frames, *frames, end]))
