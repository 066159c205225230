"""Who calls: by the account that the kernel names, and by the officers that are registered."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.app.accounts import HUB, NODE
from node.domain.caller import Caller, Claim, Role
from node.domain.ids import Origin, member_id
from node.errors import Malformed, Misuse, NotFound, Refused
from node.usecases.acting import acting_for
from node.usecases.audit import AuditLog
from node.usecases.desk_sessions import DeskSessions, Place
from node.usecases.officers import HomeKind, Officers
from tests.simulator import federation as sim
from tests.simulator.memory_store import MemoryStore

ORIGIN = Origin(sim.FEDERATION, member_id("FR"), 1, "audit")
NOW = 1_700_000_000.0
OWNER, DUPONT, SATO, STRANGER = 990, 1_001, 1_002, 1_003
NAMES = {"vigil": OWNER, "dupont": DUPONT, "sato": SATO, "root": 0}


class Machine:
    """The accounts of a machine, made up."""

    def uid_of(self, name: str) -> int:
        if name not in NAMES:
            raise NotFound("this machine has no Unix account of this name", remedy="check --user")
        return NAMES[name]

    def name_of(self, uid: int) -> str:
        return next((name for name, known in NAMES.items() if known == uid), f"Unix user {uid}")


DESK = 4_000
PLACE = Place(role="node", federation="vigil.test", member="FR", name="France", is_exercise=False)


class Desk:
    """The officers of a home, over a store in memory."""

    def __init__(self, kind: HomeKind = NODE) -> None:
        self.store = MemoryStore()
        self.now = NOW
        self.audit = AuditLog(store=self.store, origin=ORIGIN, clock=lambda: self.now, random=os.urandom)
        self.known = Officers(
            store=self.store,
            audit=self.audit,
            clock=lambda: self.now,
            accounts=Machine(),
            owner=OWNER,
            kind=kind,
            sessions=DeskSessions(
                store=self.store, audit=self.audit, clock=lambda: self.now, random=os.urandom, place=PLACE
            ),
            desk_account=DESK,
        )

    def caller(self, uid: int, officer: str = "") -> Caller:
        return self.known.caller(Claim(uid=uid, officer=officer))

    def written(self) -> list[dict[str, object]]:
        with self.store.read() as tx:
            log = tx.log(ORIGIN)
            run = tx.run(ORIGIN, 0, log.size if log else 0, 1 << 24)
        return [json.loads(body) for body in run.bodies]


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.audit.close()


# --- nobody is registered ---------------------------------------------------------------------------------------------


def test_without_officers_the_owner_is_the_administrator_and_others_are_investigators(desk: Desk) -> None:
    assert desk.caller(OWNER) == Caller(name="vigil", role=Role.ADMINISTRATOR, owner=True)
    assert desk.caller(0) == Caller(name="root", role=Role.ADMINISTRATOR, owner=True)
    assert desk.caller(DUPONT) == Caller(name="dupont", role=Role.INVESTIGATOR)
    assert desk.caller(STRANGER) == Caller(name="Unix user 1003", role=Role.INVESTIGATOR)


def test_a_name_that_is_not_registered_is_refused_to_everybody(desk: Desk) -> None:
    for uid in (OWNER, DUPONT):
        assert desk.caller(uid, desk.caller(uid).name) == desk.caller(uid), "one's own name changes nothing"
        with pytest.raises(Refused) as caught:
            desk.caller(uid, "Lt. Dupont")
        assert "VIGIL_OFFICER" in caught.value.remedy


def test_at_a_hub_only_its_owner_is_let_in() -> None:
    hub = Desk(HUB)
    assert hub.caller(OWNER) == Caller(name="vigil", role=Role.OPERATOR, owner=True)
    with pytest.raises(Refused):
        hub.caller(DUPONT)
    with pytest.raises(Misuse, match="no such role") as caught:
        hub.known.add("Dupont", "investigator", "")
    assert "operator, auditor" in caught.value.remedy
    hub.known.add("Op. Martin", "operator", "")
    assert hub.caller(OWNER, "Op. Martin") == Caller(name="Op. Martin", role=Role.OPERATOR, account="vigil")
    hub.audit.close()


# --- some are ---------------------------------------------------------------------------------------------------------


def test_an_officer_is_known_by_the_account_and_no_other_account_gets_in(desk: Desk) -> None:
    desk.known.add("Lt. Dupont", "releaser", "dupont")
    assert desk.caller(DUPONT) == desk.caller(DUPONT, "Lt. Dupont") == Caller(name="Lt. Dupont", role=Role.RELEASER)
    for uid in (SATO, STRANGER):
        for name in ("", "Lt. Dupont"):
            with pytest.raises(Refused, match="not that of a registered officer") as caught:
                desk.caller(uid, name)
            assert "officers add" in caught.value.remedy
    assert desk.caller(OWNER).owner


def test_only_the_owner_works_for_another_officer_with_that_officers_role(desk: Desk) -> None:
    desk.known.add("Lt. Dupont", "investigator", "dupont")
    desk.known.add("Chief", "administrator", "sato")
    desk.known.add("Sgt. Sato", "auditor", "")
    wanted = Caller(name="Sgt. Sato", role=Role.AUDITOR, account="vigil")
    assert desk.caller(OWNER, "Sgt. Sato") == wanted
    for uid in (DUPONT, SATO):
        with pytest.raises(Refused, match="may not work for another officer"):
            desk.caller(uid, "Sgt. Sato")


def test_a_disabled_officer_is_refused_at_once_and_works_again_when_enabled(desk: Desk) -> None:
    desk.known.add("Lt. Dupont", "investigator", "dupont")
    assert desk.known.set_disabled("Lt. Dupont", disabled=True)
    assert not desk.known.set_disabled("Lt. Dupont", disabled=True)
    for uid, name in ((DUPONT, ""), (OWNER, "Lt. Dupont")):
        with pytest.raises(Refused, match="disabled"):
            desk.caller(uid, name)
    with pytest.raises(Refused, match="not that of"):
        desk.caller(SATO)  # a register whose only officer is disabled is not an empty one
    assert desk.known.set_disabled("Lt. Dupont", disabled=False)
    assert desk.caller(DUPONT).name == "Lt. Dupont"


def test_the_owner_cannot_be_locked_out(desk: Desk) -> None:
    for role in ("investigator", "auditor"):
        with pytest.raises(Misuse, match="owns the home"):
            desk.known.add("Adm. Ito", role, "vigil")
    desk.known.add("Adm. Ito", "administrator", "vigil")
    assert desk.caller(OWNER) == Caller(name="Adm. Ito", role=Role.ADMINISTRATOR, owner=True)
    desk.known.set_disabled("Adm. Ito", disabled=True)
    assert desk.caller(OWNER) == Caller(name="vigil", role=Role.ADMINISTRATOR, owner=True)


@given(st.lists(st.tuples(st.sampled_from(["dupont", "sato", ""]), st.sampled_from(NODE.roles), st.booleans())))
def test_whoever_is_registered_no_account_has_more_than_its_own_officers_rights(
    rows: list[tuple[str, Role, bool]],
) -> None:
    desk = Desk()
    registered: dict[int, tuple[str, Role, bool]] = {}
    for number, (user, role, disabled) in enumerate(rows):
        name = f"Officer {number}"
        if user and NAMES[user] in registered:
            with pytest.raises(Misuse, match="already"):
                desk.known.add(name, role, user)
            continue
        desk.known.add(name, role, user)
        desk.known.set_disabled(name, disabled=disabled)
        if user:
            registered[NAMES[user]] = (name, role, disabled)
    for uid in (DUPONT, SATO, STRANGER):
        if not rows:
            assert desk.caller(uid).role is Role.INVESTIGATOR
        elif uid in registered and not registered[uid][2]:
            name, role, _ = registered[uid]
            assert desk.caller(uid) == Caller(name=name, role=role)
        else:
            with pytest.raises(Refused):
                desk.caller(uid)
    assert desk.caller(OWNER).owner
    desk.audit.close()


# --- the register -----------------------------------------------------------------------------------------------------


def test_what_cannot_be_registered_changes_nothing(desk: Desk) -> None:
    desk.known.add("Lt. Dupont", "investigator", "dupont")
    before = desk.known.listed()
    refused: list[tuple[type[Exception], str, tuple[str, str, str]]] = [
        (Misuse, "already", ("Lt. Dupont", "auditor", "")),
        (Misuse, "already", ("Sgt. Sato", "auditor", "dupont")),
        (Misuse, "taken for that of another", ("lt dupont", "auditor", "")),
        (Misuse, "no such role", ("Sgt. Sato", "operator", "")),
        (Misuse, "no such role", ("Sgt. Sato", "", "")),
        (NotFound, "no Unix account", ("Sgt. Sato", "auditor", "nobody-here")),
        (Misuse, "owns the home", ("vigil", "auditor", "")),
        (Malformed, "characters", ("", "auditor", "")),
        (Malformed, "cannot be shown", ("a\nb", "auditor", "")),
    ]
    for kind, words, given_words in refused:
        with pytest.raises(kind, match=words):
            desk.known.add(*given_words)
    with pytest.raises(NotFound):
        desk.known.set_disabled("Sgt. Sato", disabled=True)
    assert desk.known.listed() == before


def test_officers_are_listed_with_their_accounts(desk: Desk) -> None:
    desk.known.add("Sgt. Sato", "auditor", "")
    desk.known.add("Lt. Dupont", "investigator", "dupont")
    assert [(each.name, each.role, user) for each, user in desk.known.listed()] == [
        ("Lt. Dupont", Role.INVESTIGATOR, "dupont"),
        ("Sgt. Sato", Role.AUDITOR, ""),
    ]


def test_the_audit_log_says_who_changed_the_register_and_for_whom(desk: Desk) -> None:
    with acting_for(desk.caller(OWNER)):
        desk.known.add("Sgt. Sato", "administrator", "")
    with acting_for(desk.caller(OWNER, "Sgt. Sato")):
        desk.known.set_disabled("Sgt. Sato", disabled=True)
    added, done, disabled, _ = desk.written()
    assert (added["what"], added["named"], added["named_role"]) == ("officer-add", "Sgt. Sato", "administrator")
    assert (added["officer"], added["role"], "by" in added, done["outcome"]) == (
        "vigil",
        "administrator",
        False,
        "done",
    )
    assert (disabled["what"], disabled["officer"], disabled["by"]) == ("officer-disable", "Sgt. Sato", "vigil")
