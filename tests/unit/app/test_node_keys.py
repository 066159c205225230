"""A change of a node's keys dies at every step, and the same command, or the next opening of the home, goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from node.app import node_keys, rekeying
from node.app.node_keys import COMING_FILE, KEY_FILE, PETITION_FILE, keys_in_force
from node.app.rekeying import Rekeying
from node.config import Config, Home
from node.domain.ids import Origin
from node.domain.roster import KeyStatus, Roster
from node.domain.token import Token
from node.errors import NotFound, Refused, StoreError
from node.pki import keys as pki_keys
from node.pki.client import RosterClient
from node.pki.files import make_folder
from node.pki.keys import KeyRing
from node.usecases.catalogue import Catalogue
from node.usecases.ledger import Draft, Ledger
from node.wire.convert import ProtoCodec
from tests.simulator.federation import picture
from tests.simulator.memory_store import MemoryStore
from tests.unit.pki.federation import EMPTY, FEDERATION, FR, NOW, Federation, petition_of

SECRET = EMPTY


class Killed(BaseException):
    """The process ends here."""


class Place:
    """A node's home: keys, roster, a store with a statement that is acknowledged and not published."""

    def __init__(self, federation: Federation) -> None:
        self.federation = federation
        self.home = Home(folder=federation.folder / "home")
        for folder in (self.home.folder, self.home.keys):
            make_folder(folder)
        self.settings = Config(role="node", federation=FEDERATION, member=FR, hub="h:1", enrolment="h:2")
        federation.rings[FR].save(self.home.keys / KEY_FILE, SECRET)
        self.client: RosterClient = federation.client("home/roster")
        self.roster = self.client.refresh(federation.fetch, now=NOW)
        self.store = MemoryStore()
        Ledger(
            codec=ProtoCodec(),
            catalogue=Catalogue(store=self.store, index=None, codec=ProtoCodec()),
            origin=Origin(FEDERATION, FR, 1),
            roster=lambda: self.roster,
            clock=lambda: NOW,
            random=os.urandom,
        ).contribute([Draft(statement=picture(1))])

    def work(self, *, lost: bool = False) -> Rekeying:
        return Rekeying(
            home=self.home,
            settings=self.settings,
            secret=SECRET,
            former=None if lost else self.federation.rings[FR],
            client=self.client,
            store=self.store,
        )

    def ring(self, file: str = KEY_FILE) -> KeyRing:
        return KeyRing.load(self.home.keys / file, SECRET, federation=FEDERATION, owner=FR)

    def signed(self) -> Roster:
        """The authority signs what is coming, and the node verifies the roster with it."""
        coming = self.ring(COMING_FILE)
        request = self.federation.request(petition_of(coming, previous=self.federation.rings[FR]))
        bundle = self.federation.authority.sign(request, now=NOW, admit_members=[FR])
        self.federation.hub.repository.accept(bundle, now=NOW)
        return self.client.refresh(self.federation.fetch, now=NOW)

    def opened(self) -> node_keys.KeysInForce:
        return keys_in_force(self.home, self.settings, SECRET, self.client, self.store)

    def waiting(self, epoch: int) -> int:
        with self.store.read() as reader:
            return len(reader.pending(Origin(FEDERATION, FR, epoch), 9))


@pytest.fixture(scope="module")
def _admitted(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    made = Federation(tmp_path_factory.mktemp("admitted"))
    made.admit(FR)
    return made


@pytest.fixture
def place(_admitted: Federation, tmp_path: Path) -> Place:
    return Place(Federation.copy_of(_admitted, tmp_path))


def killed(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize("step", [0, 1])
def test_keys_that_were_made_are_found_again_and_no_petition_is_without_keys(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Killed before the keys are durable, or between the keys and what their petition is made of."""
    with monkeypatch.context() as patch:
        patch.setattr(*((pki_keys, "write_atomic") if step == 0 else (rekeying, "write_atomic")), killed)
        with pytest.raises(Killed):
            place.work().begin(None)
    assert not (place.home.folder / PETITION_FILE).exists()
    made = place.ring(COMING_FILE).member_vkeys() if step else None
    first = place.work().begin(None)
    assert made in (None, place.ring(COMING_FILE).member_vkeys())
    assert place.work().begin(None) == first
    assert place.opened().ring.log_epoch == 1, "nothing changes before the authority has signed"


def in_store(place: Place, patch: pytest.MonkeyPatch) -> type[BaseException]:
    place.store.fail_next_commit = StoreError("killed")
    return StoreError


def before_the_keys(_: Place, patch: pytest.MonkeyPatch) -> type[BaseException]:
    patch.setattr(Path, "replace", killed)
    return Killed


def after_the_keys(_: Place, patch: pytest.MonkeyPatch) -> type[BaseException]:
    patch.setattr(node_keys, "forget_petition", killed)
    return Killed


@pytest.mark.parametrize("death", [in_store, before_the_keys, after_the_keys])
def test_the_switch_that_dies_is_done_by_the_next_opening_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, death: Callable[[Place, pytest.MonkeyPatch], type[BaseException]]
) -> None:
    place.work().begin(None)
    expected = place.ring(COMING_FILE).member_vkeys()
    roster = place.signed()
    with monkeypatch.context() as patch, pytest.raises(death(place, patch)):
        place.opened()
    found = place.opened()
    assert (found.coming, found.ring.member_vkeys()) == (None, expected)
    assert (place.waiting(1), place.waiting(2)) == (0, 1)
    assert sorted(each.name for each in place.home.keys.iterdir()) == [KEY_FILE]
    assert not (place.home.folder / PETITION_FILE).exists()
    assert place.opened().ring.member_vkeys() == expected
    assert roster.members[FR].active_vkeys() == expected


def test_keys_for_an_epoch_that_has_passed_are_made_again(place: Place) -> None:
    """Another change of the same member was signed meanwhile, from another copy of this home."""
    place.work().begin(None)
    stale = place.ring(COMING_FILE).member_vkeys()
    other = place.federation.rings[FR].successor()
    request = place.federation.request(petition_of(other, previous=place.federation.rings[FR]))
    place.federation.hub.repository.accept(
        place.federation.authority.sign(request, now=NOW, admit_members=[FR]), now=NOW
    )
    place.client.refresh(place.federation.fetch, now=NOW)
    line = place.work(lost=True).begin(token())
    assert line["epoch"] == 3
    assert place.ring(COMING_FILE).member_vkeys() != stale


def test_lost_keys_need_a_token_and_signed_ones_are_not_made_again(place: Place) -> None:
    with pytest.raises(Refused, match="lost"):
        place.work(lost=True).begin(None)
    line = place.work(lost=True).begin(token())
    assert (line["endorsed"], line["epoch"]) == (False, 2)
    place.signed()
    assert place.work(lost=True).begin(None)["fingerprint"] == line["fingerprint"]


def test_what_the_roster_has_is_not_given_up(place: Place) -> None:
    with pytest.raises(NotFound):
        place.work().cancel()
    place.work().begin(None)
    place.signed()
    with pytest.raises(Refused, match="signed"):
        place.work().cancel()


def test_after_a_change_the_roster_says_whether_the_former_key_counts_on(place: Place) -> None:
    place.work().begin(None)
    roster = place.signed()
    former = place.federation.rings[FR]
    assert node_keys.given_up_in_order(roster, former)
    assert {key.status for key in roster.members[FR].keys} == {KeyStatus.ACTIVE, KeyStatus.RETIRED}


def token() -> Token:
    return Token(
        federation=FEDERATION, member=FR, hub="h:1", enrolment="h:2", ca_sha256=bytes(32), root_version=1,
        root_sha256=bytes(32), secret=os.urandom(32), expires=int(NOW) + 1,
    )  # fmt: skip
