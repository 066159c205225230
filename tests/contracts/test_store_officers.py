"""What every store owes the officers of a home."""

from __future__ import annotations

import pytest

from node.domain.caller import Role
from node.domain.officers import Officer
from node.domain.stores import NodeStore
from node.errors import Misuse

NOW = 1_900_000_000


def add(store: NodeStore, name: str, uid: int | None = None, role: Role = Role.INVESTIGATOR) -> Officer:
    with store.write() as tx:
        return tx.add_officer(name, role, uid, NOW)


def test_a_new_store_has_no_officer(store: NodeStore) -> None:
    with store.read() as tx:
        assert (tx.officers(), tx.count_officers(), tx.officer("Dupont"), tx.officer_of(0)) == ([], 0, None, None)


def test_an_officer_is_found_by_name_and_by_account(store: NodeStore) -> None:
    second = add(store, "Sato", 1_002, Role.AUDITOR)
    first = add(store, "Dupont", 0, Role.RELEASER)
    with store.read() as tx:
        assert tx.officers() == [first, second]
        assert (tx.officer("Sato"), tx.officer("sato"), tx.officer_of(0), tx.officer_of(7)) == (
            second,
            None,
            first,
            None,
        )
    assert first == Officer(
        id=first.id, name="Dupont", role=Role.RELEASER, uid=0, disabled=False, added_at=NOW, changed_at=NOW
    )


def test_officers_without_an_account_share_none(store: NodeStore) -> None:
    made = [add(store, "Dupont"), add(store, "Sato")]
    with store.read() as tx:
        assert tx.officers() == made
        assert tx.officer_of(-1) is None


@pytest.mark.parametrize(("name", "uid"), [("Dupont", 2), ("Sato", 1), ("Dupont", None)])
def test_a_name_and_an_account_belong_to_one_officer(store: NodeStore, name: str, uid: int | None) -> None:
    known = add(store, "Dupont", 1)
    with pytest.raises(Misuse, match="already"):
        add(store, name, uid)
    with store.read() as tx:
        assert tx.officers() == [known]


def test_an_officer_is_disabled_and_enabled_and_keeps_all_else(store: NodeStore) -> None:
    made = add(store, "Dupont", 1)
    other = add(store, "Sato", 2)
    for at, disabled in ((NOW + 1, True), (NOW + 2, False)):
        with store.write() as tx:
            assert tx.set_officer_disabled(made.id, at, disabled=disabled)
            assert not tx.set_officer_disabled(made.id, at + 50, disabled=disabled), "it changes nothing twice"
        with store.read() as tx:
            known = tx.officer("Dupont")
            assert known is not None
            assert (known.id, known.uid, known.disabled, known.added_at, known.changed_at) == (
                made.id,
                1,
                disabled,
                NOW,
                at,
            )
            assert tx.officer("Sato") == other
    with store.write() as tx:
        assert not tx.set_officer_disabled(made.id + 100, NOW, disabled=True)
