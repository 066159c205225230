"""What every store owes the sessions of the desk."""

from __future__ import annotations

from dataclasses import replace

from node.domain.caller import Role
from node.domain.desk_sessions import CODE_SECONDS, MAX_DRAFTS, DeskSession
from node.domain.stores import NodeStore

NOW = 1_900_000_000
TOKEN, OTHER = b"t" * 32, b"o" * 32


def officers(store: NodeStore) -> list[int]:
    with store.write() as tx:
        return [tx.add_officer(name, Role.INVESTIGATOR, None, NOW).id for name in ("Anna", "Bea")]


def test_a_new_store_has_no_session(store: NodeStore) -> None:
    with store.read() as tx:
        assert (tx.desk_session(TOKEN), tx.desk_session_numbered(1), tx.desk_sessions()) == (None, None, [])
        assert tx.count_desk_codes() == 0


def test_a_session_is_found_by_its_token_and_its_number(store: NodeStore) -> None:
    anna, bea = officers(store)
    with store.write() as tx:
        first = tx.add_desk_session(TOKEN, anna, "one-time code", NOW)
        second = tx.add_desk_session(OTHER, bea, "passkey", NOW + 1)
    assert first == DeskSession(
        id=first.id, officer=anna, method="one-time code", made_at=NOW, seen_at=NOW, factor_at=NOW
    )
    with store.read() as tx:
        assert (tx.desk_session(TOKEN), tx.desk_session_numbered(second.id)) == (first, second)
        assert (tx.desk_sessions(), tx.desk_sessions(bea)) == ([first, second], [second])


def test_times_are_set_one_by_one(store: NodeStore) -> None:
    anna, _ = officers(store)
    with store.write() as tx:
        made = tx.add_desk_session(TOKEN, anna, "x", NOW)
        tx.touch_desk_session(made.id, seen_at=NOW + 5)
        tx.touch_desk_session(made.id, factor_at=NOW + 9)
        tx.touch_desk_session(made.id)
        tx.touch_desk_session(99, seen_at=1)
    with store.read() as tx:
        assert tx.desk_session(TOKEN) == replace(made, seen_at=NOW + 5, factor_at=NOW + 9)


def test_a_session_ends_once_and_stays_known(store: NodeStore) -> None:
    anna, _ = officers(store)
    with store.write() as tx:
        made = tx.add_desk_session(TOKEN, anna, "x", NOW)
        assert tx.end_desk_sessions([made.id, 99], NOW + 1) == 1
        assert tx.end_desk_sessions([made.id], NOW + 2) == 0
        assert tx.end_desk_sessions([], NOW + 2) == 0
    with store.read() as tx:
        assert tx.desk_sessions() == []
        assert tx.desk_session(TOKEN) == replace(made, ended_at=NOW + 1)


def test_a_code_is_taken_once_and_not_too_late(store: NodeStore) -> None:
    anna, bea = officers(store)
    with store.write() as tx:
        tx.add_desk_code(TOKEN, anna, NOW)
        tx.add_desk_code(OTHER, bea, NOW)
        assert tx.count_desk_codes() == 2
        assert tx.take_desk_code(TOKEN, NOW + CODE_SECONDS - 1) == anna
        assert tx.take_desk_code(TOKEN, NOW) is None
        assert tx.take_desk_code(OTHER, NOW + CODE_SECONDS) is None
        assert tx.take_desk_code(b"?" * 32, NOW) is None
        assert tx.count_desk_codes() == 0


def test_old_sessions_and_codes_are_forgotten_and_numbers_are_not_used_again(store: NodeStore) -> None:
    anna, _ = officers(store)
    with store.write() as tx:
        tx.add_desk_session(TOKEN, anna, "x", NOW)
        tx.add_desk_code(b"c" * 32, anna, NOW)
        assert tx.forget_desk(NOW) == 0
        assert tx.forget_desk(NOW + 1) == 2
        assert (tx.desk_session(TOKEN), tx.count_desk_codes()) == (None, 0)
        assert tx.add_desk_session(OTHER, anna, "x", NOW).id == 2


def test_a_draft_is_of_one_officer_and_one_form(store: NodeStore) -> None:
    anna, bea = officers(store)
    with store.write() as tx:
        tx.put_desk_draft(anna, "hit-1", "the same \N{SNOWMAN} room", NOW)
        tx.put_desk_draft(anna, "hit-2", "other", NOW)
        tx.put_desk_draft(anna, "hit-2", "another", NOW + 1)
    with store.read() as tx:
        assert (tx.desk_draft(anna, "hit-1"), tx.desk_draft(anna, "hit-2")) == ("the same \N{SNOWMAN} room", "another")
        assert (tx.desk_draft(bea, "hit-1"), tx.desk_draft(anna, "hit-3")) == ("", "")
    with store.write() as tx:
        tx.put_desk_draft(anna, "hit-1", "", NOW + 2)
        assert tx.desk_draft(anna, "hit-1") == ""
        assert tx.forget_desk_drafts(NOW + 1) == 0
        assert tx.forget_desk_drafts(NOW + 2) == 1
        assert tx.desk_draft(anna, "hit-2") == ""


def test_one_draft_too_many_replaces_the_oldest_of_the_same_officer(store: NodeStore) -> None:
    anna, bea = officers(store)
    with store.write() as tx:
        tx.put_desk_draft(bea, "f", "hers", NOW - 9)
        for number in range(MAX_DRAFTS + 2):
            tx.put_desk_draft(anna, f"f{number:03}", "x", NOW + number)
        kept = [number for number in range(MAX_DRAFTS + 2) if tx.desk_draft(anna, f"f{number:03}")]
        assert kept == list(range(2, MAX_DRAFTS + 2))
        assert tx.desk_draft(bea, "f") == "hers"
