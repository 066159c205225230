"""How much each member has found out near our holdings at hit/no-hit level, and when an officer has to decide.

Who asks often enough about hashes around a hidden one, and is told of each whether it is within the radius, finds the
hidden one bit by bit. So what counts is not how much somebody asks, but how much of it lies in one neighbourhood.

Rules this module upholds:

- A question comes near a holding where it finds it. From then on every hash within twice the radius of the one that
  found it (an anchor) belongs to that neighbourhood: a hash that lies further away cannot be within the radius of the
  holding, as its asker can tell by itself. Neighbourhoods that touch are one.
- Whether a question counts, and whether it is held, is told from what its asker knows already: its own anchors. So
  "held" is no answer by another name.
- A question counts once in a neighbourhood, however many hashes it has: it is told one thing. The same question asked
  again counts no further.
- What was found out is remembered for a year and is durable with the answer that tells it, also across restarts.
- Questions that come near nothing cost next to nothing: a look at whether their asker has anchors.
"""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from node.domain.calendar import SECONDS_A_DAY
from node.domain.fingerprint_kinds import KIND_BY_CODE, PDQ_RADIUS
from node.domain.held_questions import NearQuestion
from node.domain.orientations import turned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from node.domain.held_questions import AnswerWriter
    from node.domain.ids import MemberId
    from node.domain.limits import Limits
    from node.domain.ports import Store
    from node.domain.search_ports import Probe

    Words = npt.NDArray[np.uint64]

HOUR: Final = 3_600
DAY: Final = SECONDS_A_DAY
YEAR: Final = 366 * DAY
"""Seconds for which an anchor is remembered."""
REACH: Final = 2 * PDQ_RADIUS
"""Bits around an anchor: what lies further away is not within the radius of the holding that the anchor found."""
MAX_ANCHORS: Final = 65_536
"""Anchors of one member (2 MiB). Past them each of its questions about pixels is held, until some are a year old."""
_BLOCK: Final = 1 << 20
"""Pairs of hashes that are compared at a time: 32 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`why`: why the question is held, for the officer; "" where it may be answered. `rows`, `merged`: what has to be
    kept together with its answer.
    """

    why: str = ""
    rows: tuple[NearQuestion, ...] = ()
    merged: tuple[tuple[tuple[int, ...], int], ...] = ()

    def note(self, tx: AnswerWriter) -> None:
        """Keeps it."""
        for row in self.rows:
            tx.put_near_question(row)
        for gone, into in self.merged:
            tx.merge_neighbourhoods(gone, into)


FREE: Final = Verdict()


@dataclass(slots=True)
class _Anchors:
    """Hashes by which one member came near, and the neighbourhood of each. `words` uint64 (n, 4)."""

    words: Words = field(default_factory=lambda: np.zeros((0, 4), dtype=np.uint64))
    homes: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    since: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def add(self, values: Sequence[bytes], home: int, at: int) -> None:
        """More of them."""
        self.words = np.concatenate((self.words, _words(values)))
        self.homes = np.concatenate((self.homes, np.full(len(values), home, dtype=np.int64)))
        self.since = np.concatenate((self.since, np.full(len(values), at, dtype=np.int64)))

    def touched(self, values: Words) -> set[int]:
        """The neighbourhoods to which any of `values` (n, 4) belongs."""
        found: set[int] = set()
        step = max(1, _BLOCK // max(1, len(self.words)))
        for start in range(0, len(values), step):
            apart = np.bitwise_count(values[start : start + step, None, :] ^ self.words[None, :, :])
            near = (apart.sum(axis=2, dtype=np.int64) <= REACH).any(axis=0)
            found.update(self.homes[near].tolist())
        return found

    def unknown(self, values: Iterable[bytes]) -> list[bytes]:
        """Those of `values` that are no anchors yet."""
        known = {each.tobytes() for each in self.words}
        return [each for each in dict.fromkeys(values) if _words([each]).tobytes() not in known]

    def forget(self, before: int) -> None:
        """What is older than that."""
        kept = self.since >= before
        if not kept.all():
            self.words, self.homes, self.since = self.words[kept], self.homes[kept], self.since[kept]


@dataclass(frozen=True, slots=True)
class _Count:
    """A question that counted."""

    at: int
    home: int
    digest: bytes


def values_of(probes: Iterable[Probe]) -> list[bytes]:
    """The PDQ hashes (32 bytes each) of a question, by which it may come near something. Of a picture each orientation
    is a probe. A frame is turned by who searches it, so all its orientations are among them.
    """
    found: dict[bytes, None] = {}
    for probe in probes:
        kind = KIND_BY_CODE[probe.code]
        if kind.is_pdq:
            found.update(dict.fromkeys((probe.value,) if kind.oriented else turned(probe.value)))
    return list(found)


class Neighbourhoods:
    """Of one node. Safe to use from any thread. What is kept is read once, when it is first asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._loaded = False
        self._anchors: defaultdict[MemberId, _Anchors] = defaultdict(_Anchors)
        self._counts: defaultdict[MemberId, list[_Count]] = defaultdict(list)
        self._last = 0

    def concerns(self, asker: MemberId) -> bool:
        """Blocking the first time. Whether this member came near anything: only then its questions are looked at."""
        with self._lock:
            self._load()
            return asker in self._counts

    def judge(
        self, asker: MemberId, values: Sequence[bytes], near: Sequence[bytes], limits: Limits | None, now: int
    ) -> Verdict:
        """What becomes of a question. `values`: see `values_of`; `near`: those of them that found something
        (`disclosing.Told`). `limits` None: an officer has released it, and it counts without being held. The caller
        keeps what the verdict says (`Verdict.note`) in the transaction of the answer.
        """
        with self._lock:
            self._load()
            self._forget(asker, now)
            anchors = self._anchors[asker] if asker in self._anchors else _Anchors()
            touched = anchors.touched(_words(values)) if len(anchors.words) and values else set()
            if not near and not touched and not (values and self._counts.get(asker)):
                return FREE
            digest = hashlib.sha256(b"".join(sorted(values))).digest()
            fresh = anchors.unknown(near)
            homes, merged = self._homes(fresh)
            touched = {self._into(each, merged) for each in touched} | set(homes.values())
            why = self._over(asker, touched, digest, limits, now) if values and limits else ""
            if limits and len(anchors.words) + len(fresh) > MAX_ANCHORS:
                why = why or f"{asker} has found out more here within a year than is kept apart"
            rows = self._rows(asker, touched, homes, digest, now, told=not why)
            self._take(rows, merged)
            return Verdict(why=why, rows=rows, merged=tuple(merged))

    def _homes(self, fresh: Sequence[bytes]) -> tuple[dict[bytes, int], list[tuple[tuple[int, ...], int]]]:
        """(The neighbourhood of each new anchor, what grows together with it), over the anchors of all members."""
        homes: dict[bytes, int] = {}
        merged: list[tuple[tuple[int, ...], int]] = []
        beside = _Anchors()
        for value in fresh:
            word = _words([value])
            found = {
                self._into(home, merged)
                for each in (*self._anchors.values(), beside)
                if len(each.words)
                for home in each.touched(word)
            }
            if not found:
                self._last += 1
                found = {self._last}
            home = min(found)
            if gone := tuple(sorted(found - {home})):
                merged.append((gone, home))
            homes[value] = home
            beside.add([value], home, 0)
        return {value: self._into(home, merged) for value, home in homes.items()}, merged

    @staticmethod
    def _into(home: int, merged: Sequence[tuple[tuple[int, ...], int]]) -> int:
        """The neighbourhood that `home` has become."""
        for gone, into in merged:
            if home in gone:
                home = into
        return home

    def _over(self, asker: MemberId, touched: set[int], digest: bytes, limits: Limits, now: int) -> str:
        """Which limit this question would pass, in words; "" where none."""
        mine = self._counts.get(asker, [])
        for seconds, most, words in (
            (HOUR, limits.near_hour_everywhere, "an hour"),
            (DAY, limits.near_day_everywhere, "a day"),
        ):
            if len({each.digest for each in mine if each.at > now - seconds}) >= most:
                return f"{asker} has reached the limit of {most} questions {words} near what is held unshared"
        for home in sorted(touched):
            here = [each for each in mine if each.home == home and each.digest != digest]
            for seconds, most, words in (
                (HOUR, limits.near_hour, "an hour"),
                (DAY, limits.near_day, "a day"),
                (YEAR, limits.near_year, "a year"),
            ):
                if sum(each.at > now - seconds for each in here) >= most:
                    return f"{asker} has reached the limit of {most} questions {words} around one thing held here"
            everybody = {
                each.digest
                for some in self._counts.values()
                for each in some
                if each.home == home and each.at > now - YEAR
            }
            if len(everybody - {digest}) >= limits.near_year_together:
                most = limits.near_year_together
                return f"members together have reached the limit of {most} questions a year around one thing held here"
        return ""

    def _rows(
        self, asker: MemberId, touched: set[int], homes: dict[bytes, int], digest: bytes, now: int, *, told: bool
    ) -> tuple[NearQuestion, ...]:
        """What is to be kept. A question that is held tells nothing, and counts only where it has anchors to keep."""
        known = {each.home for each in self._counts.get(asker, ()) if each.digest == digest}
        rows = []
        for home in sorted(touched):
            values = tuple(value for value, its in homes.items() if its == home)
            if values or (told and home not in known):
                rows.append(NearQuestion(asker=asker, neighbourhood=home, at=now, digest=digest, values=values))
        return tuple(rows)

    def _take(self, rows: Sequence[NearQuestion], merged: Sequence[tuple[tuple[int, ...], int]]) -> None:
        for gone, into in merged:
            for anchors in self._anchors.values():
                anchors.homes[np.isin(anchors.homes, gone)] = into
            for asker, counts in self._counts.items():
                self._counts[asker] = [
                    _Count(each.at, into, each.digest) if each.home in gone else each for each in counts
                ]
        for row in rows:
            self._counts[row.asker].append(_Count(row.at, row.neighbourhood, row.digest))
            if row.values:
                self._anchors[row.asker].add(row.values, row.neighbourhood, row.at)
            self._last = max(self._last, row.neighbourhood)

    def _forget(self, asker: MemberId, now: int) -> None:
        before = now - YEAR
        if counts := self._counts.get(asker):
            self._counts[asker] = [each for each in counts if each.at >= before]
            self._anchors[asker].forget(before)

    def _load(self) -> None:
        if not self._loaded:
            with self._store.read() as tx:
                self._take(tx.near_questions(), ())
            self._loaded = True


def _words(values: Sequence[bytes]) -> Words:
    """Hashes of 32 bytes as uint64 (n, 4)."""
    return np.frombuffer(b"".join(values), dtype=np.uint64).reshape(-1, 4)
