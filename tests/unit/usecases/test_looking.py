"""Officers look at previews: each clear picture has its entry first, and is shown once to the session that asked."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from node.domain.caller import Caller, Role
from node.domain.previews import CLEAR_TYPE
from node.errors import Misuse, NotFound, Refused, Unavailable
from node.media.sprites import compose
from node.usecases.acting import acting_for
from node.usecases.audit import unpack_body
from node.usecases.looking import CLEAR, COLUMNS, GRANTED_SECONDS, PAUSE_SECONDS, TILE, Limits, Looking
from node.usecases.node_audit import NodeAuditLog
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.audited import ORIGIN
from tests.unit.usecases.previewed import Keeper, preview

ADA = Caller(name="Ada", role=Role.INVESTIGATOR, by_desk=True, session=3)
BO = Caller(name="Bo", role=Role.MEDIA_REVIEWER, by_desk=True, session=4)


class Desk:
    """A node with the pictures "one", "two" and the film "film", which has three stills. Close it."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.now = 1_700_000_000.0
        self.keeper = Keeper(MemoryStore(), folder / "previews")
        self.store = self.keeper.store
        self.one, self.two = self.keeper.take("one", "two")
        (self.film,) = self.keeper.take("film", stills=3)
        self.audit = NodeAuditLog(store=self.store, origin=ORIGIN, clock=lambda: self.now, random=os.urandom)
        self.looking = Looking(
            store=self.store,
            files=self.keeper.files,
            audit=self.audit,
            clock=lambda: self.now,
            random=os.urandom,
            compose=compose,
            limits=limits or Limits(),
        )

    def entries(self, what: str = CLEAR) -> list[dict[str, Any]]:
        with self.store.read() as tx:
            log = tx.log(ORIGIN)
            bodies = tx.run(ORIGIN, 0, log.size, 1 << 24).bodies if log and log.size else []
        return [body for body in (unpack_body(each)[0] for each in bodies) if body["what"] == what]

    def see(self, holding: int, slot: int = 1) -> bytes:
        return self.looking.revealed(self.looking.reveal(holding, slot).token)[0]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    with acting_for(ADA):
        yield made
    made.audit.close()


def test_a_clear_picture_is_shown_after_its_entry_is_durable(desk: Desk) -> None:
    granted = desk.looking.reveal(desk.one, 1)
    (entry,) = desk.entries()
    assert (entry["holdings"], entry["still"], entry["officer"], entry["session"]) == ([desk.one], 0, "Ada", 3)
    assert granted.token.hex() not in str(entry)
    assert granted.until == int(desk.now) + GRANTED_SECONDS
    assert desk.looking.revealed(granted.token) == (preview("one").clear, CLEAR_TYPE)
    assert len(desk.entries()) == 1


def test_without_an_entry_there_is_no_address(desk: Desk) -> None:
    desk.audit.close()
    with pytest.raises(Unavailable):
        desk.looking.reveal(desk.one, 1)
    assert desk.looking.own().today == 0


def test_an_address_counts_once(desk: Desk) -> None:
    granted = desk.looking.reveal(desk.one, 1)
    desk.looking.revealed(granted.token)
    with pytest.raises(NotFound, match="counts no more"):
        desk.looking.revealed(granted.token)


def test_an_address_counts_for_half_a_minute(desk: Desk) -> None:
    first, second = desk.looking.reveal(desk.one, 1), desk.looking.reveal(desk.two, 1)
    desk.now += GRANTED_SECONDS - 1
    assert desk.looking.revealed(first.token)[0] == preview("one").clear
    desk.now += 1
    with pytest.raises(NotFound):
        desk.looking.revealed(second.token)


def test_an_address_counts_in_the_session_that_asked_for_it(desk: Desk) -> None:
    granted = desk.looking.reveal(desk.one, 1)
    with acting_for(BO), pytest.raises(NotFound):
        desk.looking.revealed(granted.token)
    with acting_for(Caller(name="Ada", role=Role.INVESTIGATOR, by_desk=True, session=9)), pytest.raises(NotFound):
        desk.looking.revealed(granted.token)
    assert desk.looking.revealed(granted.token)[0] == preview("one").clear


@pytest.mark.parametrize("token", [b"", bytes(32)])
def test_an_invented_address_shows_nothing(desk: Desk, token: bytes) -> None:
    desk.looking.reveal(desk.one, 1)
    with pytest.raises(NotFound):
        desk.looking.revealed(token)


def test_clear_pictures_are_shown_at_the_desk_alone(desk: Desk) -> None:
    granted = desk.looking.reveal(desk.one, 1)
    with acting_for(Caller(name="Ada", role=Role.INVESTIGATOR)):
        with pytest.raises(Refused, match="at the desk"):
            desk.looking.reveal(desk.one, 1)
        with pytest.raises(Refused, match="at the desk"):
            desk.looking.revealed(granted.token)
    assert len(desk.entries()) == 1


def test_the_stills_of_a_film_follow_each_other(desk: Desk) -> None:
    seen = [desk.see(desk.film, slot) for slot in (1, 2, 3, 4)]
    assert seen == [preview("film", number).clear for number in (0, 1, 2, 0)]
    assert [each["still"] for each in desk.entries()] == [0, 1, 2, 0]
    with pytest.raises(Misuse):
        desk.looking.reveal(desk.film, 0)


def test_a_holding_without_a_preview_has_no_entry(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no preview"):
        desk.looking.reveal(999, 1)
    next(desk.keeper.folder.iterdir()).unlink()
    with pytest.raises(NotFound, match="no preview"):
        desk.looking.reveal(desk.one, 1)
    assert desk.entries() == []


def test_a_holding_that_was_deleted_meanwhile_is_not_shown(desk: Desk) -> None:
    granted = desk.looking.reveal(desk.one, 1)
    desk.keeper.delete(desk.one)
    with pytest.raises(NotFound, match="no preview"):
        desk.looking.revealed(granted.token)


def test_each_officer_has_a_count_of_their_own_for_each_day(desk: Desk) -> None:
    for _ in range(3):
        desk.looking.reveal(desk.one, 1)
    assert desk.looking.own().today == 3
    with acting_for(BO):
        assert desk.looking.own().today == 0
    desk.now += 86_400
    assert desk.looking.own().today == 0
    assert desk.looking.reveal(desk.one, 1).views.today == 1


def test_the_budget_of_a_day_ends_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Limits(budget=2))
    with acting_for(ADA):
        assert desk.looking.reveal(desk.one, 1).views.left == 1
        assert desk.looking.reveal(desk.one, 1).views.left == 0
        with pytest.raises(Refused, match="looked at 2 clear previews today"):
            desk.looking.reveal(desk.one, 1)
        assert len(desk.entries()) == desk.looking.own().today == 2
        with acting_for(BO):
            desk.looking.reveal(desk.one, 1)
        desk.now += 86_400
        desk.looking.reveal(desk.one, 1)
    desk.audit.close()


@pytest.mark.parametrize(("minutes", "due_at"), [(50, 50), (10, 10), (0, None)])
def test_a_break_is_proposed_to_who_looks_without_one(tmp_path: Path, minutes: int, due_at: int | None) -> None:
    desk = Desk(tmp_path, Limits(break_minutes=minutes))
    with acting_for(ADA):
        due = []
        for minute in range(60):
            due += [minute] if desk.looking.reveal(desk.one, 1).views.is_break_due else []
            desk.now += 60
        assert due == ([] if due_at is None else list(range(due_at, 60)))
        desk.now += PAUSE_SECONDS
        views = desk.looking.reveal(desk.one, 1).views
        assert (views.minutes, views.is_break_due) == (0, False)
    desk.audit.close()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reveal"), st.integers(0, 1), st.integers(1, 3)),
        st.tuples(st.just("open"), st.integers(0, 1), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.integers(0, 40), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=40)
@given(steps=STEPS)
def test_clear_pictures_that_were_served_are_entries_exactly(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    """Whatever officers do: a picture that was served has one entry, of its holding, still and officer, made before it,
    and an entry has one picture, or an address that nobody opened in time.
    """
    desk = Desk(tmp_path_factory.mktemp("desk"))
    officers = (ADA, BO)
    granted: list[tuple[bytes, int, int, float]] = []
    served: list[int] = []
    for what, first, second in steps:
        if what == "wait":
            desk.now += first
        elif what == "reveal":
            with acting_for(officers[first]):
                made = desk.looking.reveal(desk.film, second)
            granted.append((made.token, first, second, desk.now))
            assert len(desk.entries()) == len(granted)
        elif granted:
            number = second % len(granted)
            token, owner, slot, at = granted[number]
            is_right = first == owner and number not in served and desk.now < at + GRANTED_SECONDS
            with acting_for(officers[first]):
                if is_right:
                    assert desk.looking.revealed(token)[0] == preview("film", slot - 1).clear
                    served.append(number)
                else:
                    with pytest.raises(NotFound):
                        desk.looking.revealed(token)
    found = [(each["officer"], each["still"]) for each in desk.entries()]
    assert found == [(officers[owner].name, slot - 1) for _, owner, slot, _ in granted]
    assert len(set(served)) == len(served) <= len(found)
    for officer in officers:
        with acting_for(officer):
            assert desk.looking.own().today == sum(name == officer.name for name, _ in found)
    desk.audit.close()


# --- covered ----------------------------------------------------------------------------------------------------------


def test_a_sheet_of_covered_tiles_is_one_picture(desk: Desk) -> None:
    made = desk.looking.covered([desk.one, desk.film, 999], [0, 11, 12])
    assert made.missing == [999]
    sheet = Image.open(io.BytesIO(made.picture))
    assert sheet.size == (COLUMNS * TILE, 2 * TILE)
    shown = {
        (row, column)
        for row, column in itertools.product(range(2), range(COLUMNS))
        if sheet.crop((column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE)).getchannel("A").getbbox()
    }
    assert shown == {(0, 0), (1, 1)}
    (entry,) = desk.entries("covered previews")
    assert entry["holdings"] == [desk.one, desk.film, 999]
    assert desk.entries() == []


def test_a_covered_tile_has_no_more_than_its_mean_colours(desk: Desk) -> None:
    """Whoever has the tile has 64 colours, however large it is shown."""
    sheet = Image.open(io.BytesIO(desk.looking.covered([desk.one], [0]).picture)).convert("RGB")
    tile = sheet.crop((0, 0, TILE, TILE))
    again = Image.frombytes("RGB", (8, 8), preview("one").covered).resize((TILE, TILE), Image.Resampling.BICUBIC)
    assert tile.tobytes() == again.tobytes()


def test_a_sheet_without_previews_has_no_picture(desk: Desk) -> None:
    made = desk.looking.covered([998, 999], [0, 1])
    assert (made.picture, list(made.missing)) == (b"", [998, 999])


@pytest.mark.parametrize(("holdings", "places"), [([1], []), ([1], [60]), ([1], [-1]), ([1, 2], [0])])
def test_a_place_that_no_sheet_has_is_refused(desk: Desk, holdings: list[int], places: list[int]) -> None:
    with pytest.raises(Misuse):
        desk.looking.covered(holdings, places)
