"""Officers look at previews: covered ones on a sheet, and one clear one at a time.

Rules this module upholds:

- A clear picture is shown to the officer who asked for it, at the desk, once, within `GRANTED_SECONDS`. Its entry in
  the audit log is durable before there is an address for it, and counts it for the officer in the same transaction.
- So each clear picture that was served has exactly one entry of its own. An entry whose address nobody opened stays.
- A grant holds no picture and no key: both are read when the picture is served. A holding that was deleted meanwhile
  is not shown.
- Grants are in memory alone. A restart ends all of them.
- An officer sees their own count, and no one else's. The desk proposes a break; it forces nobody to take one.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Kind
from node.domain.previews import CLEAR_TYPE, Views
from node.domain.sheets import TILES
from node.errors import Misuse, NotFound, Refused
from node.usecases.access import record_access
from node.usecases.acting import caller
from node.usecases.audit import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.caller import Caller
    from node.domain.ports import Clock
    from node.domain.previews import Compose, KeptPreview, PreviewFiles
    from node.domain.stores import NodeStore
    from node.usecases.node_audit import NodeAuditLog

GRANTED_SECONDS: Final = 30
"""How long an address counts."""
PAUSE_SECONDS: Final = 300
"""Who has not looked at a clear picture for so long has had a break."""
CLEAR: Final = "clear preview"
"""The name of the act in the audit log."""
COLUMNS: Final = 10
"""Tiles of one row of a sheet."""
TILE: Final = 32
"""Pixels of a covered tile."""
_TOKEN_BYTES: Final = 32
_NONE: Final = "there is no preview of this holding"
_ENDED: Final = "this address counts no more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`budget`: clear pictures that an officer may look at in a day, 0 for any number. `break_minutes`: after so long
    without a break the desk proposes one, 0 for never.
    """

    budget: int = 0
    break_minutes: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnViews:
    """What the caller has seen today. `left`: how many more are allowed, None for any number; `minutes`: since the last
    break; `is_break_due`: the desk proposes a break.
    """

    today: int
    left: int | None
    minutes: int
    is_break_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Permission to see one clear picture once. `until`: Unix seconds; `still`, `stills`: which one of how many, the
    first is 0.
    """

    token: bytes
    until: int
    still: int
    stills: int
    views: OwnViews


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprite:
    """The covered tiles of a sheet in one picture. b"" if there is none. `missing`: holdings without a preview."""

    picture: bytes
    missing: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grant:
    session: int
    holding: int
    still: int
    until: int


class Looking:
    """Of one node. Blocking: never on the event loop. `random(n)`: n secret random bytes; `compose`: makes the picture
    of covered tiles.
    """

    def __init__(
        self,
        *,
        store: NodeStore,
        files: PreviewFiles,
        audit: NodeAuditLog,
        clock: Clock,
        random: Callable[[int], bytes],
        compose: Compose,
        limits: Limits,
    ) -> None:
        self._store = store
        self._files = files
        self._audit = audit
        self._clock = clock
        self._random = random
        self._compose = compose
        self._limits = limits
        self._counting = threading.Lock()
        self._lock = threading.Lock()
        self._grants: dict[bytes, _Grant] = {}

    # --- covered ------------------------------------------------------------------------------------------------------

    def covered(self, holdings: Sequence[int], places: Sequence[int]) -> Sprite:
        """The covered pictures of these holdings, each at its place on a sheet. Raises `Misuse`."""
        if len(holdings) != len(places) or not all(0 <= place < TILES for place in places):
            raise Misuse(f"each holding has one place from 0 to {TILES - 1}")
        record_access(self._audit, "covered previews", holdings=list(holdings))
        with self._store.read() as tx:
            kept = tx.previews(holdings)
        tiles: dict[int, list[bytes]] = {}
        missing = []
        for holding, place in zip(holdings, places, strict=True):
            stills = [self._files.covered(each) for each in kept.get(holding, ())]
            readable = [each for each in stills if each is not None]
            if readable:
                tiles[place] = readable
            else:
                missing.append(holding)
        return Sprite(picture=self._compose(tiles, COLUMNS, TILE) if tiles else b"", missing=missing)

    # --- clear --------------------------------------------------------------------------------------------------------

    def reveal(self, holding: int, slot: int) -> Granted:
        """Permission for the caller to see a clear picture. `slot`: which still of it, from 1; after the last one the
        first follows. Raises `NotFound`, `Misuse`, and `Refused` if the budget of the day is used up, or for a caller
        who is not at the desk.
        """
        who = _at_the_desk()
        if slot < 1:
            raise Misuse("the first still of a holding is number 1")
        with self._store.read() as tx:
            stills = tx.previews([holding]).get(holding, ())
        still = (slot - 1) % len(stills) if stills else 0
        if not stills or self._files.clear(stills[still]) is None:
            raise NotFound(_NONE, remedy="ingest the file again with --previews")
        views = self._count(who, holding, still)
        # Durable from here on. A crash right here leaves an entry for a picture that nobody saw.
        token, until = self._random(_TOKEN_BYTES), int(self._clock()) + GRANTED_SECONDS
        with self._lock:
            self._forget_old()
            self._grants[_digest(token)] = _Grant(session=who.session, holding=holding, still=still, until=until)
        return Granted(token=token, until=until, still=still, stills=len(stills), views=views)

    def revealed(self, token: bytes) -> tuple[bytes, str]:
        """The clear picture of a grant, and its media type, once. Raises `NotFound` if the grant is not the caller's,
        was used, or is too old.
        """
        who, name = _at_the_desk(), _digest(token)
        with self._lock:
            self._forget_old()
            grant = self._grants.get(name)
            if grant is None or grant.session != who.session:
                raise NotFound(_ENDED, remedy="ask for the preview again")
            del self._grants[name]
        with self._store.read() as tx:
            stills = tx.previews([grant.holding]).get(grant.holding, ())
        picture = self._clear(stills, grant.still)
        if picture is None:
            raise NotFound(_NONE, remedy="it was deleted a moment ago")
        return picture, CLEAR_TYPE

    def _clear(self, stills: Sequence[KeptPreview], still: int) -> bytes | None:
        found = next((each for each in stills if each.still == still), None)
        return None if found is None else self._files.clear(found)

    def _forget_old(self) -> None:
        now = self._clock()
        self._grants = {name: each for name, each in self._grants.items() if now < each.until}

    # --- counting -----------------------------------------------------------------------------------------------------

    def own(self) -> OwnViews:
        """What the caller has seen today."""
        with self._store.read() as tx:
            views = tx.views(caller().name)
        return self._told(views)

    def _count(self, who: Caller, holding: int, still: int) -> OwnViews:
        """Records that the caller sees a picture, and counts it. Durable on return. Raises `Refused`."""
        with self._counting:  # two requests at a time would count one
            with self._store.read() as tx:
                before = tx.views(who.name)
            now = int(self._clock())
            views = _after(before, now)
            if 0 < self._limits.budget < views.count:
                raise Refused(
                    f"you have looked at {self._limits.budget:,} clear previews today, and that is the limit",
                    remedy="continue tomorrow, or ask the administrator of the node for a higher limit",
                )
            body = {"what": CLEAR, "holdings": [holding], "still": still, "session": who.session, "at": now}
            entry = AuditEntry(kind=Kind.AUDIT_SEARCH, body=body)
            self._audit.append(entry, also=lambda tx: tx.put_views(who.name, views))
        return self._told(views)

    def _told(self, views: Views | None) -> OwnViews:
        now, budget = int(self._clock()), self._limits.budget
        today = views.count if views is not None and views.day == now // SECONDS_A_DAY else 0
        is_looking = views is not None and now - views.last_at < PAUSE_SECONDS
        minutes = (now - views.since) // 60 if views is not None and is_looking else 0
        return OwnViews(
            today=today,
            left=max(budget - today, 0) if budget else None,
            minutes=minutes,
            is_break_due=0 < self._limits.break_minutes <= minutes,
        )


def _after(before: Views | None, now: int) -> Views:
    """The count with one more picture."""
    day = now // SECONDS_A_DAY
    same_day = before if before is not None and before.day == day else None
    had_break = before is None or now - before.last_at >= PAUSE_SECONDS
    return Views(
        day=day,
        count=same_day.count + 1 if same_day else 1,
        first_at=same_day.first_at if same_day else now,
        last_at=now,
        since=now if had_break or before is None else before.since,
    )


def _at_the_desk() -> Caller:
    who = caller()
    if not who.session:
        raise Refused("clear previews are shown at the desk alone", remedy="sign in at the desk (vigil desk)")
    return who


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
