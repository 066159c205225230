"""The logs that the hostile members of the benchmark write are well signed, and what they claim to be."""

from __future__ import annotations

from itertools import islice
from types import SimpleNamespace
from typing import cast

from bench.attacks import chain, poisoned, tiny
from bench.attacks.writing import Scribe
from node.domain.envelope import check_disclosure, decode
from node.domain.limits import RECORD_CORRECTIONS
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.replica import Rules, position, verify_package
from tests.simulator.federation import Log, Speaker, roster
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC

FR = Speaker.named("FR")
AS_FR = cast("Scribe", SimpleNamespace(origin=FR.origin))


def test_a_package_of_tiny_entries_is_as_large_as_a_hub_takes_it() -> None:
    log = Log(FR)
    (entries,) = islice(tiny.story(AS_FR), 1)
    log.add_all([entry for entry, _ in entries])
    store = MemoryStore()
    with store.write() as writer:
        at = position(writer, writer.open_log(FR.origin))
    rules = Rules(roster=roster(FR), copy=Copy(reader=None, strict=True), cosigned=False)
    assert verify_package(at, log.package(), rules, Handlings(CODEC.decode_handling)).batch.size == tiny.AT_ONCE


def test_a_package_of_chains_is_taken_and_most_of_it_set_aside() -> None:
    log = Log(FR)
    (entries,) = islice(chain.story(AS_FR), 1)
    for entry, shown in entries:
        envelope = decode(entry)
        assert envelope is not None
        check_disclosure(str(FR.origin), envelope, shown)
        log.add(entry, shown)
    store = MemoryStore()
    with store.write() as writer:
        at = position(writer, writer.open_log(FR.origin))
    rules = Rules(roster=roster(FR), copy=Copy(reader=None, strict=True), cosigned=False)
    verified = verify_package(at, log.package(), rules, Handlings(CODEC.decode_handling))
    with Catalogue(store=store, index=None, codec=CODEC).change() as change:
        change.apply(verified)
    with store.read() as reader:
        aside = len(reader.quarantined(FR.origin))
        assert list(reader.run(FR.origin, 0, 1, 0).bodies) == [b""], "it was retracted"
    assert aside == 2 * chain.LENGTH + 1
    assert chain.LENGTH == RECORD_CORRECTIONS


def test_a_package_of_poison_is_taken_whole() -> None:
    log = Log(FR)
    (entries,) = islice(poisoned.story([poisoned.POISON, bytes([0x0F]) * 32], AS_FR), 1)
    for entry, shown in entries:
        log.add(entry, shown)
    store = MemoryStore()
    with store.write() as writer:
        at = position(writer, writer.open_log(FR.origin))
    rules = Rules(roster=roster(FR), copy=Copy(reader=None, strict=True), cosigned=False)
    verified = verify_package(at, log.package(), rules, Handlings(CODEC.decode_handling))
    assert (verified.batch.size, len(verified.batch.quarantine)) == (poisoned.AT_ONCE, 0)
