"""How much each member has learned near our holdings at hit/no-hit level, and when an officer has to decide.

A member that asks often enough about hashes around a hidden one, and learns for each whether it is within the radius,
finds the hidden hash bit by bit. So the limit is not on the number of questions, but on the number in one
neighbourhood.

Rules this module upholds:

- A question comes near a holding if it finds the holding. From then on every hash within twice the radius of the one
  that found it (an anchor) belongs to that neighbourhood. A hash farther away cannot be within the radius of the
  holding, as its asker can compute. Neighbourhoods that touch are one.
- Whether a question counts, and whether it is held, depends only on what its asker knows already: its own anchors. So
  "held" reveals nothing new.
- A question counts once in a neighbourhood, however many hashes it has, because it learns one thing. The same question
  asked again does not count again.
- What was learned is remembered for a year. It is durable with the answer that reveals it, across restarts.
- Questions that come near nothing cost almost nothing: a check whether their asker has anchors.
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
    from node.domain.search_ports import Probe
    from node.domain.stores import NodeStore

    Words = npt.NDArray[np.uint64]

HOUR: Final = 3_600
DAY: Final = SECONDS_A_DAY
YEAR: Final = 366 * DAY
"""Seconds for which an anchor is remembered."""
REACH: Final = 2 * PDQ_RADIUS
"""Bits around an anchor: a hash farther away is not within the radius of the holding that the anchor found."""
MAX_ANCHORS: Final = 65_536
"""Most anchors of one member (2 MiB). Beyond them, each of its questions with PDQ hashes is held, until some anchors
are a year old.
"""
_BLOCK: Final = 1 << 20
"""Pairs of hashes that are compared at a time: 32 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`why`: why the question is held, for the officer; "" if it may be answered. `rows`, `merged`: data to store with
    its answer.
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
    """The hashes by which one member came near, and the neighbourhood of each. `words` uint64 (n, 4)."""

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
        """The `values` that are not anchors yet."""
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
    """The PDQ hashes (32 bytes each) of a question by which it may come near something. Each orientation of a picture
    is a probe. A search tries a frame in all orientations, so all of them are included.
    """
    found: dict[bytes, None] = {}
    for probe in probes:
        kind = KIND_BY_CODE[probe.code]
        if kind.is_pdq:
            found.update(dict.fromkeys((probe.value,) if kind.oriented else turned(probe.value)))
    return list(found)


class Neighbourhoods:
    """For one node. Safe to use from any thread. The stored data is read once, on first use."""

    def __init__(self, store: NodeStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._loaded = False
        self._anchors: defaultdict[MemberId, _Anchors] = defaultdict(_Anchors)
        self._counts: defaultdict[MemberId, list[_Count]] = defaultdict(list)
        self._last = 0

    def concerns(self, asker: MemberId) -> bool:
        """Blocking the first time. Whether this member came near anything: only then its questions are examined."""
        with self._lock:
            self._load()
            return asker in self._counts

    def judge(
        self, asker: MemberId, values: Sequence[bytes], near: Sequence[bytes], limits: Limits | None, now: int
    ) -> Verdict:
        """The verdict on a question. `values`: see `values_of`; `near`: those that found something (`disclosing.Told`).
        `limits` None: an officer has released it, and it counts without being held. The caller stores the verdict's
        data (`Verdict.note`) in the transaction of the answer.
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
                why = why or f"{asker} has come near more hashes here within a year than this node keeps"
            rows = self._rows(asker, touched, homes, digest, now, told=not why)
            self._take(rows, merged)
            return Verdict(why=why, rows=rows, merged=tuple(merged))

    def _homes(self, fresh: Sequence[bytes]) -> tuple[dict[bytes, int], list[tuple[tuple[int, ...], int]]]:
        """(The neighbourhood of each new anchor, the neighbourhoods that merge with it), over the anchors of all
        members.
        """
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
        """The neighbourhood that `home` has become part of."""
        for gone, into in merged:
            if home in gone:
                home = into
        return home

    def _over(self, asker: MemberId, touched: set[int], digest: bytes, limits: Limits, now: int) -> str:
        """The limit that this question would exceed, in words; "" if there is none."""
        mine = self._counts.get(asker, [])
        for seconds, most, words in (
            (HOUR, limits.near_hour_everywhere, "an hour"),
            (DAY, limits.near_day_everywhere, "a day"),
        ):
            if len({each.digest for each in mine if each.at > now - seconds}) >= most:
                return f"{asker} has reached the limit of {most} questions {words} near unshared holdings"
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
        """The data to store. A held question reveals nothing, and counts only if it has anchors to store."""
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
