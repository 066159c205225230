"""What is known to be harmless gives no hits, by SHA-256 and nothing else, and that it gave none is said."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import MD5, PDQ, SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.holdings import IngestItem, IngestRequest
from node.domain.ids import Origin, member_id
from node.domain.queries import Level, MatchRule, Outcome, Subject
from node.errors import DiskFull, Malformed, Unavailable
from node.usecases import allowing
from node.usecases.allowing import BATCH, AllowList
from node.usecases.intake import subject_of
from node.usecases.node_audit import NodeAuditLog
from tests.simulator import federation as sim
from tests.simulator.asking import Federation, federation, flip, prints
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.inquiries import about, ask, hold, run
from tests.unit.usecases.video_inquiries import hold as hold_any
from tests.unit.usecases.video_inquiries import video

ORIGIN = Origin(sim.FEDERATION, member_id("FR"), 1, "audit")
NOW = 1_700_000_000.0


class Desk:
    """An allow-list over a store in memory, with its audit."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.audit = NodeAuditLog(store=self.store, origin=ORIGIN, clock=lambda: NOW, random=os.urandom)
        self.list = AllowList(store=self.store, audit=self.audit, clock=lambda: NOW)

    def written(self) -> list[dict[str, object]]:
        with self.store.read() as tx:
            log = tx.log(ORIGIN)
            size = log.size if log else 0
            run = tx.run(ORIGIN, 0, size, 1 << 24)
        assert all(entry[1] == Kind.AUDIT_ADMINISTRATION for entry in run.entries)
        return [json.loads(body) for body in run.bodies]


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.audit.close()


def values(count: int) -> list[bytes]:
    return [number.to_bytes(32, "big") for number in range(count)]


def test_an_import_is_audited_by_its_number_and_a_digest_and_counts_what_is_new(desk: Desk) -> None:
    assert desk.list.add(values(3)) == 3
    assert desk.list.add(values(5)) == 2
    assert desk.list.count() == 5
    assert desk.list.page(values(2)[1], 2) == [(values(3)[2], int(NOW)), (values(4)[3], int(NOW))]
    first, second = desk.written()
    assert (first["what"], first["values"], second["values"]) == ("allow import", 3, 5)
    assert first["sha256_of_values"] != second["sha256_of_values"]


def test_taking_off_and_clearing_are_audited_too(desk: Desk) -> None:
    desk.list.add(values(4))
    assert desk.list.remove(values(2)) == 2
    assert desk.list.clear() == 2
    assert desk.list.count() == 0
    assert [line["what"] for line in desk.written()] == ["allow import", "allow remove", "allow clear"]


def test_a_long_import_is_audited_a_batch_at_a_time(desk: Desk) -> None:
    assert desk.list.add(values(BATCH + 1)) == BATCH + 1
    assert [line["values"] for line in desk.written()] == [BATCH, 1]


def test_what_cannot_be_audited_changes_nothing(desk: Desk) -> None:
    desk.store.fail_next_commit = DiskFull("no room")
    with pytest.raises(DiskFull):
        desk.list.add(values(2))
    assert (desk.list.count(), desk.written()) == (0, [])
    desk.audit.close()
    with pytest.raises(Unavailable):
        desk.list.add(values(2))
    assert desk.list.count() == 0


def test_a_value_of_another_length_is_refused_before_anything_is_done(desk: Desk) -> None:
    with pytest.raises(Malformed):
        desk.list.add([*values(3), bytes(20)])
    assert (desk.list.count(), desk.written()) == (0, [])


def allow(made: Federation, who: str, *numbers: int) -> None:
    with made.parties[who].store.write() as tx:
        tx.allow([prints(number).sha256 for number in numbers], 1)


def test_a_video_on_the_list_gives_no_hits_and_neither_does_a_holding_that_is_one() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            known, copy = video(1, range(8)), video(1, range(8), bits=6)
            hold_any(jp, known, Level.NATIONAL)
            hold_any(jp, video(2, range(8)), Level.NATIONAL)
            subjects = (subject_of(copy), subject_of(video(2, range(3, 8))))
            assert [hit.algorithm for hit in jp.matcher.local(subjects, 31).hits] == ["vpdq", "vpdq"]
            with jp.store.write() as tx:
                tx.allow([copy.sha256], 1)
            found = jp.matcher.local(subjects, 31)
            assert ([hit.subject for hit in found.hits], dict(found.hidden)) == ([1], {0: 1})
            with jp.store.write() as tx:
                tx.disallow([copy.sha256])
                tx.allow([known.sha256], 1)
            found = jp.matcher.local(subjects, 31)
            assert ([hit.subject for hit in found.hits], dict(found.hidden)) == ([1], {0: 1})
            shown = jp.matcher.local(subjects, 31, show_all=True).hits
            assert [(hit.subject, hit.allowed, hit.distance) for hit in shown] == [(0, True, 6), (1, False, 0)]

    run(scenario())


def test_a_subject_on_the_list_gives_no_hits_and_says_how_many() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            hold(jp, 2, Level.NATIONAL, pdq=flip(prints(1).pdq, 5))
            hold(jp, 3, Level.NATIONAL, pdq=flip(prints(1).pdq, 9))
            subjects = (subject_of(prints(9)), subject_of(prints(1)))
            assert len(jp.matcher.local(subjects, 31).hits) == 2
            allow(made, "JP", 1)
            found = jp.matcher.local(subjects, 31)
            assert (found.hits, dict(found.hidden)) == ((), {1: 2})
            shown = jp.matcher.local(subjects, 31, show_all=True)
            assert [(hit.distance, hit.allowed) for hit in shown.hits] == [(5, True), (9, True)]
            assert not shown.hidden

    run(scenario())


def test_a_holding_on_the_list_is_no_hit_and_its_likeness_is() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            hold(jp, 2, Level.NATIONAL, pdq=flip(prints(1).pdq, 5))
            hold(jp, 3, Level.NATIONAL, pdq=flip(prints(1).pdq, 9))
            allow(made, "JP", 2)
            found = jp.matcher.local((subject_of(prints(1)),), 31)
            assert ([hit.distance for hit in found.hits], dict(found.hidden)) == ([9], {0: 1})

    run(scenario())


@pytest.mark.parametrize("kind", [MD5, PDQ], ids=["md5", "pdq"])
def test_nothing_is_hidden_for_a_weaker_likeness_than_sha256(kind: object) -> None:
    """The file on the list has this subject's MD5 or PDQ, and another SHA-256: an accident, or a forgery."""

    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            hold(jp, 1, Level.NATIONAL)
            allow(made, "JP", 7)
            like = replace(prints(1), sha256=b"\x01" * 32)
            bare = Subject(fingerprints=tuple(f for f in like.fingerprints() if f.code == kind.code))  # type: ignore[attr-defined]
            for subject in (subject_of(like), bare):
                found = jp.matcher.local((subject,), 31)
                assert (len(found.hits), dict(found.hidden)) == (1, {})

    run(scenario())


def test_a_bare_sha256_is_a_subject_like_any_other() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            hold(jp, 1, Level.NATIONAL)
            allow(made, "JP", 1)
            bare = Subject(fingerprints=(Fingerprint(code=SHA256.code, value=prints(1).sha256),))
            found = jp.matcher.local((bare,), 31, MatchRule.EXACT)
            assert (found.hits, dict(found.hidden)) == ((), {0: 1})

    run(scenario())


def test_a_file_that_is_taken_in_says_how_many_hits_were_hidden() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            jp = made.parties["JP"]
            hold(jp, 2, Level.NATIONAL, pdq=flip(prints(1).pdq, 5))
            allow(made, "JP", 1)
            item = IngestItem(tag=b"t" * 32, prints=prints(1))
            (taken,) = jp.intake.take(IngestRequest(case="C"), [item])
            assert (taken.hits, taken.hidden) == ((), 1)
            (again,) = jp.intake.take(IngestRequest(case="C"), [item], show_all=True)
            assert ([hit.allowed for hit in again.hits], again.hidden) == ([True], 0)

    run(scenario())


def test_a_member_that_asks_us_is_answered_as_if_there_were_no_list() -> None:
    """What one country thinks harmless must not make another's question come back empty."""

    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            allow(made, "JP", 1)
            _, told = await ask(made, about(subject_of(prints(1))))
            assert told["JP"].outcome is Outcome.HIT

    run(scenario())


def test_the_list_says_which_subjects_are_on_it(desk: Desk) -> None:
    desk.list.add([prints(2).sha256])
    bare = Subject(fingerprints=(Fingerprint(code=PDQ.code, value=prints(2).pdq, quality=-1),))
    assert desk.list.among([subject_of(prints(1)), subject_of(prints(2)), bare]) == {1}
    assert desk.list.among([]) == frozenset()


@given(sizes=st.lists(st.integers(0, 5), max_size=6), batch=st.integers(1, 4))
def test_an_import_counts_the_same_however_its_values_arrive(sizes: list[int], batch: int) -> None:
    desk, fresh = Desk(), iter(values(sum(sizes)))
    arriving = desk.list.importing()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(allowing, "BATCH", batch)
        for number, size in enumerate(sizes):
            arriving.feed(list(islice(fresh, size)))
            assert len(desk.written()) == sum(sizes[: number + 1]) // batch, "whole batches are added at once"
        total = arriving.end()
    assert (arriving.read, arriving.new, total) == (sum(sizes),) * 3
    assert sum(int(str(each["values"])) for each in desk.written()) == sum(sizes)
    desk.audit.close()
