"""The quality floor that is applied is the policy's, as every signed answer says."""

from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.fingerprint_kinds import PDQ, PDQ_QUALITY_FLOOR, SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.index_ports import IndexMark
from node.domain.matchable import contributable, may_match
from node.domain.queries import Level, Subject
from node.match.folder import IndexFolder
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.usecases.casework import holding_subject
from node.usecases.intake import columns_of
from node.usecases.matching import Matcher
from node.usecases.search_terms import expected_kinds
from tests.simulator.asking import Party, federation, prints
from tests.simulator.world import CODEC
from tests.unit.match.keeping import keep
from tests.unit.usecases.inquiries import run


def of_quality(number: int, quality: int) -> Subject:
    return Subject(fingerprints=(Fingerprint(code=PDQ.code, value=prints(number).pdq, quality=quality),))


def with_floor(party: Party, floor: int, quality: int) -> Matcher:
    """A matcher of a node that holds picture 1 at this quality, under a policy of this floor."""
    made = replace(prints(1), pdq_quality=quality)
    with party.store.write() as writer:
        number, _ = writer.put_holding(made, level=Level.NATIONAL, case="", tag=b"", now=1)
    index = LocalIndex(floor=floor)
    index.add(0, columns_of([number], [made]))
    return Matcher(store=party.store, index=index, codec=CODEC, rank=rank, own=lambda: party.id, floor=lambda: floor)


@pytest.mark.parametrize(
    ("floor", "held", "asked", "found"),
    [
        (50, 50, 50, True),
        (50, 49, 90, False),
        (50, 90, 49, False),
        (30, 40, 40, True),
        (30, 29, 40, False),
        (80, 79, 90, False),
        (80, 90, 79, False),
        (80, 80, 80, True),
        (0, 0, 0, True),
    ],
)
def test_what_matches_is_at_or_above_the_floor_of_the_policy(floor: int, held: int, asked: int, found: bool) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            told = with_floor(made.parties["JP"], floor, held).local([of_quality(1, asked)], 31)
            assert [hit.algorithm for hit in told.hits] == (["pdq"] if found else [])
            assert told.disagreed == 0

    run(scenario())


def test_what_an_index_has_from_a_time_of_a_lower_floor_is_no_hit_and_no_fault() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            before = with_floor(jp, 30, 40)
            now = Matcher(
                store=jp.store, index=before._index, codec=CODEC, rank=rank, own=lambda: jp.id, floor=lambda: 60
            )
            told = now.local([of_quality(1, 90)], 31)
            assert (told.hits, told.disagreed) == ((), 0)

    run(scenario())


def test_a_holding_is_looked_for_by_the_floor_too() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            matcher = with_floor(made.parties["JP"], 30, 40)
            with made.parties["JP"].store.read() as reader:
                (holding,) = reader.holdings()
            subject = replace(holding_subject(holding), fingerprints=holding.fingerprints[3:4])
            assert [hit.algorithm for hit in matcher.local([subject], 31).hits] == ["pdq"]

    run(scenario())


@pytest.mark.parametrize("floor", [0, 30, 50, 80])
def test_what_may_leave_and_what_is_expected_of_others_goes_by_the_floor(floor: int) -> None:
    digest = Fingerprint(code=SHA256.code, value=bytes(32))
    for quality in (0, 29, 30, 49, 50, 79, 80, 100):
        subject = of_quality(1, quality)
        both = (digest, *subject.fingerprints)
        assert contributable(both, floor) == (both if quality >= floor else (digest,))
        assert may_match(both, floor) == (True, quality >= floor)
        assert expected_kinds([subject], floor) == (frozenset({"pdq"}) if quality >= floor else frozenset())
    unstated = Fingerprint(code=PDQ.code, value=prints(1).pdq, quality=-1)
    assert contributable((unstated,), floor) == ()


def test_an_index_in_files_is_made_again_for_another_floor(tmp_path: Path) -> None:
    index = LocalIndex()
    index.add(0, columns_of([1], [prints(1)]))
    keep(index, tmp_path, IndexMark(store=b"s" * 16, changes=3, sources={0: 2}), erased=0)
    assert IndexFolder(tmp_path, LocalIndex(floor=PDQ_QUALITY_FLOOR), read_only=True).open() is not None
    assert IndexFolder(tmp_path, LocalIndex(floor=30), read_only=True).open() is None
