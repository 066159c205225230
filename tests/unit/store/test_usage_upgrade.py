"""A database of before is charged with what it holds; and what is charged is never less than what a disk gives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId, RecordId
from node.domain.usage import Period, Resource
from node.store.store import open_node_store
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.quotas import charges, cost_of_run
from node.usecases.replica import Rules, Verified, position, verify_package
from node.wire.convert import ProtoCodec
from tests.simulator.federation import Log, Speaker, entry_of, picture, roster
from tests.unit.store.former_schemas import as_of

FR = Speaker.named("FR")
CODEC = ProtoCodec()
RULES = Rules(roster=roster(FR), copy=Copy(reader=MemberId("JP")), cosigned=True)
COUNT = 1_500
BEFORE = "0008"


def store_all(path: Path, log: Log) -> Verified:
    """Takes a whole log in, as a node does."""
    with closing(open_node_store(path, create=True)) as store:
        catalogue = Catalogue(store=store, index=None, codec=CODEC)
        with catalogue.change() as change:
            at = position(change.writer, change.writer.open_log(FR.origin))
            verified = verify_package(at, log.package(hub=True), RULES, Handlings(CODEC.decode_handling))
            change.apply(verified)
            change.writer.charge(charges(FR.id, cost_of_run(verified.batch)), 0)
        store.scrub()
    return verified


def tiny(log: Log, _: int) -> None:
    log.add(b"\x02\x01")


def withheld(log: Log, number: int) -> None:
    log.add(entry_of(FR.origin, picture(number % 7))[0])


def malformed(log: Log, number: int) -> None:
    log.add(b"\x01\x01" + number.to_bytes(4, "big"))


def honest(log: Log, number: int) -> None:
    log.say(picture(number % 50), nonce=number.to_bytes(32, "big"))


def dated(log: Log, number: int) -> None:
    log.say(picture(number % 50), nonce=number.to_bytes(32, "big"), handling=Handling(retain_until_day=30_000 + number))


def remarks(log: Log, number: int) -> None:
    about = RecordId(Speaker.named("JP").origin, sha256(number.to_bytes(4, "big")).digest())
    log.say(b"", kind=Kind.COMMENT, target=about, nonce=number.to_bytes(32, "big"))


@pytest.mark.parametrize("say", [tiny, withheld, malformed, honest, dated, remarks])
def test_what_entries_are_charged_is_no_less_than_what_they_take_on_a_disk(
    tmp_path: Path, say: Callable[[Log, int], None]
) -> None:
    """Two bytes of an entry cost a disk fifty: charged by its own bytes, a member fills every disk for nothing."""
    path, empty, log = tmp_path / "node.db", tmp_path / "empty.db", Log(FR)
    for number in range(COUNT):
        say(log, number)
    batch = store_all(path, log).batch
    open_node_store(empty, create=True).close()
    grew = path.stat().st_size - empty.stat().st_size
    charged = cost_of_run(batch)[Resource.BYTES]
    assert grew <= charged < 3 * grew


def test_a_database_of_before_is_charged_with_the_logs_that_it_holds(tmp_path: Path) -> None:
    path, log = tmp_path / "node.db", Log(FR)
    for number in range(40):
        (malformed if number % 4 == 0 else honest)(log, number)
    batch = store_all(path, log).batch
    with closing(open_node_store(as_of(BEFORE, path), create=False)) as store, store.read() as tx:
        usage = tx.usage(FR.id)
    assert {key[1] for key in usage} == {Period.ALL}
    counts = {key[0]: count.used for key, count in usage.items()}
    assert (counts[Resource.ENTRIES], counts[Resource.SET_ASIDE]) == (40, 10)
    assert counts[Resource.BYTES] == pytest.approx(cost_of_run(batch)[Resource.BYTES], rel=0.2)
    assert batch.states.count(BodyState.QUARANTINED) == 10
