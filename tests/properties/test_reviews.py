"""Whatever happens between a decision and a listing, in whatever order: a rejected pair is never shown as new, and each
pair has the state that was decided about it last.

A pair is told by what the test itself knows: the holding, the chain of the record (or the list and the row), and the
file that the other side states.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.domain.envelope import Kind
from node.domain.hit_names import RowHit
from node.domain.ids import RecordId
from node.domain.material import PictureFingerprints
from node.domain.reviews import ReviewState
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.statements import Retraction
from node.domain.stored_hits import StoredHit
from tests.simulator.arriving import said_of, still
from tests.simulator.federation import Log
from tests.unit.usecases.readings import DE, JP
from tests.unit.usecases.reviews import NEW, REJECTED, Office

NUMBERS = count()
DECIDED = (REJECTED, REJECTED, ReviewState.CONFIRMED, ReviewState.UNSURE)
"""Mostly what must not come back."""

files = st.builds(
    lambda bits: still(f"one {bits}", like="one", bits=bits),
    st.sampled_from([3, 30]),
)
"""Few, so that different records and rows are often about the same file. All are near every holding."""


@dataclass
class Chain:
    """A record that a test knows: its versions, and the files that they state."""

    log: Log
    versions: list[RecordId]
    files: list[PictureFingerprints]
    is_retracted: bool = False


class Reviewed(RuleBasedStateMachine):
    """France holds and decides; Japan and Germany share; lists come and go."""

    @initialize()
    def start(self) -> None:
        self.office = Office()
        self.logs = {"JP": Log(JP), "DE": Log(DE)}
        self.chains: list[Chain] = []
        self.lists: dict[str, dict[str, PictureFingerprints]] = {}
        self.of_chains: dict[tuple[int, int], tuple[ReviewState, bytes]] = {}
        """(holding, chain) -> the newest decision, and the SHA-256 that it was about."""
        self.of_rows: dict[tuple[int, str, str], tuple[ReviewState, bytes]] = {}
        """(holding, list, id of the row) -> the same."""
        self.ever_rejected: set[tuple[int, bytes]] = set()
        """(holding, SHA-256 of the other file)."""
        self.office.take(still("held", like="one"))

    @rule(bits=st.sampled_from([0, 1]))
    def take(self, bits: int) -> None:
        self.office.take(still(f"held {bits}", like="one", bits=bits))

    @rule(name=st.sampled_from(["JP", "DE"]), file=files, matched=st.booleans())
    def share(self, name: str, file: PictureFingerprints, *, matched: bool) -> None:
        log = self.logs[name]
        said = log.say(said_of(file), nonce=next(NUMBERS).to_bytes(32, "big"))
        self.chains.append(Chain(log, [said], [file]))
        self.receive(log, matched=matched)

    @rule(which=st.integers(0, 99), file=st.none() | files, matched=st.booleans())
    def correct(self, which: int, file: PictureFingerprints | None, *, matched: bool) -> None:
        """To the same file or to another."""
        if self.chains:
            number = which % len(self.chains)
            chain = self.chains[number]
            if chain.is_retracted:
                return
            stated = file or chain.files[-1]
            nonce, target = next(NUMBERS).to_bytes(32, "big"), chain.versions[-1]
            chain.versions.append(chain.log.say(said_of(stated), kind=Kind.CORRECTION, target=target, nonce=nonce))
            chain.files.append(stated)
            if chain.files[-2].sha256 != stated.sha256:
                self.forget_chain(number)
            self.receive(chain.log, matched=matched)

    @rule(which=st.integers(0, 99))
    def retract(self, which: int) -> None:
        if self.chains:
            number = which % len(self.chains)
            chain = self.chains[number]
            if not chain.is_retracted:
                nonce = next(NUMBERS).to_bytes(32, "big")
                chain.log.say(Retraction(), kind=Kind.RETRACTION, target=chain.versions[-1], nonce=nonce)
                chain.is_retracted = True
                self.forget_chain(number)
                self.receive(chain.log, matched=False)

    def forget_chain(self, number: int) -> None:
        """What was decided about it was about another file, or a record that is gone."""
        self.of_chains = {pair: made for pair, made in self.of_chains.items() if pair[1] != number}

    def receive(self, log: Log, *, matched: bool) -> None:
        self.office.receive(log)
        if matched:
            self.office.match()

    @rule(name=st.sampled_from("AB"), row=st.sampled_from("12"), file=files, replaces=st.booleans())
    def import_list(self, name: str, row: str, file: PictureFingerprints, *, replaces: bool) -> None:
        rows = self.lists.setdefault(name, {})
        if replaces:
            rows.clear()
        rows[row] = file
        told = Office.row_of(file, id=row, md5=b"", pdq=file.pdq, pdq_quality=90)
        self.office.take_list(name, told, replaces=replaces)

    @rule(name=st.sampled_from("AB"))
    def remove_list(self, name: str) -> None:
        if self.lists.pop(name, None) is not None:
            self.office.lists.remove(name)

    @rule()
    def match(self) -> None:
        self.office.match()

    @rule(rebuilt=st.booleans())
    def match_all_again(self, *, rebuilt: bool) -> None:
        if rebuilt:
            self.office.node.catalogue.rebuild()
        with self.office.store.write() as tx:
            tx.forget_matched()
            last = tx.last_holding()
            tx.wait_for_match(HOLDINGS_SOURCE, list(range(1, last + 1)))
        self.office.match()

    @rule(which=st.integers(0, 99), state=st.sampled_from(DECIDED))
    def decide(self, which: int, state: ReviewState) -> None:
        present = sorted(self.present(), key=lambda each: each.id)
        if present:
            hit = present[which % len(present)]
            self.office.decide(hit, state)
            number = self.chain_of(hit.record)
            self.of_chains[hit.holding, number] = (state, self.chains[number].files[-1].sha256)
            self.ever_rejected |= self.rejected()

    @rule(which=st.integers(0, 99), state=st.sampled_from(DECIDED))
    def decide_about_a_row(self, which: int, state: ReviewState) -> None:
        rows = self.rows()
        if rows:
            name, (holding, of_list, row, sha256), _ = rows[which % len(rows)]
            self.office.decide(name, state)
            self.of_rows[holding, of_list, row] = (state, sha256)
            self.ever_rejected |= self.rejected()

    @rule(which=st.integers(0, 99))
    def delete_holding(self, which: int) -> None:
        with self.office.store.read() as tx:
            held = [each.id for each in tx.holdings()]
        if held:
            gone = held[which % len(held)]
            with self.office.node.catalogue.change() as change:
                change.delete_holding(gone)
            self.of_chains = {pair: made for pair, made in self.of_chains.items() if pair[0] != gone}
            self.of_rows = {pair: made for pair, made in self.of_rows.items() if pair[0] != gone}

    def present(self) -> list[StoredHit]:
        return [hit for hit in self.office.hits_by_number().values() if not hit.ended]

    def chain_of(self, record: RecordId) -> int:
        return next(number for number, chain in enumerate(self.chains) if record in chain.versions)

    def rows(self) -> list[tuple[RowHit, tuple[int, str, str, bytes], ReviewState]]:
        """Each hit on a row: its name, (holding, list, id of the row, SHA-256), and its state."""
        found = self.office.list_hits.newest(limit=1_000, show_all=True, states=tuple(ReviewState)).holdings
        told = []
        for each in found:
            for hit, state in zip(each.hits, each.states, strict=True):
                assert hit.row is not None
                with self.office.store.read() as tx:
                    row = tx.list_rows([hit.row.id])[hit.row.id].reference
                name = RowHit(holding=each.holding, row=hit.row.id)
                told.append((name, (each.holding, hit.row.name, row.id, row.sha256), state))
        return told

    def rejected(self) -> set[tuple[int, bytes]]:
        """(holding, SHA-256 of the other file) of each pair that was rejected last."""
        of_chains = {(pair[0], file) for pair, (state, file) in self.of_chains.items() if state is REJECTED}
        return of_chains | {(pair[0], file) for pair, (state, file) in self.of_rows.items() if state is REJECTED}

    @invariant()
    def a_rejected_pair_is_never_new(self) -> None:
        if not hasattr(self, "office"):
            return
        rejected = self.rejected()
        for hit in self.present():
            number = self.chain_of(hit.record)
            file = self.chains[number].files[self.chains[number].versions.index(hit.record)].sha256
            decided = self.of_chains.get((hit.holding, number))
            if decided is not None:
                assert hit.state is decided[0]
            elif (hit.holding, file) in rejected:
                assert hit.state is REJECTED
            else:
                assert hit.state is NEW or (hit.state is REJECTED and (hit.holding, file) in self.ever_rejected)
        for _, (holding, of_list, row, file), state in self.rows():
            decided = self.of_rows.get((holding, of_list, row))
            if decided is not None and decided[1] == file:
                assert state is decided[0]
            elif (holding, file) in rejected:
                assert state is REJECTED
            else:
                assert state is NEW or (state is REJECTED and (holding, file) in self.ever_rejected)

    def teardown(self) -> None:
        self.office.close()


TestReviewed = Reviewed.TestCase
TestReviewed.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
