"""Many hits of one member: how many are checked and shown, and how the rest is counted.

Rules this module upholds:

- Limits apply per member and subject. However many records one member floods the federation with, every hit on another
  member's records is checked and shown as if those records were not there.
- Hits of one member on one subject with the same evidence (kind, distance, orientation) are alike: the first one leads
  and carries their number. A few more of them have their own lines, so that a person can compare.
- Omitted hits are counted by member. A hit that the store does not confirm takes no place of one that it does.
- Members whose hits are set aside (`node.usecases.sources`) are counted by the index proposals, and not read.
- Own records and holdings are not limited: nobody else can add any.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from node.domain.ids import MemberId, Origin
    from node.domain.queries import Hit
    from node.domain.search_ports import Alike, RawHit
    from node.domain.stores import NodeStoreReader
    from node.usecases.hit_verification import Asked, Checker, Spoken
    from node.usecases.sources import Sources

MAX_ALIKE: Final = 10
"""Most hits of one member on one subject with the same evidence that are returned."""
MAX_OF_MEMBER: Final = 100
"""Most hits of one member on one subject that are returned."""
PROPOSED: Final = 2 * MAX_ALIKE
"""How many alike hits the index proposes: more than are returned, because the store may not confirm one."""


class Likeness(NamedTuple):
    """What alike hits have in common."""

    subject: int
    member: MemberId
    code: int
    by: int
    distance: int
    orientation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """`spoken`: the returned hits, in the order of the proposals, with the store's data; `likes`: the likeness of each,
    None if it is not limited; `disagreed` as `Checker.checked` counts.

    `alike`: how many hits each likeness has, if more than one. `left_out`: (subject, member) -> omitted hits. `aside`:
    member -> hits of members whose hits are set aside.
    """

    spoken: list[tuple[RawHit, Spoken]]
    likes: list[Likeness | None]
    disagreed: int = 0
    alike: Mapping[Likeness, int] = field(default_factory=dict)
    left_out: Mapping[tuple[int, MemberId], int] = field(default_factory=dict)
    aside: Mapping[MemberId, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Thing:
    """One proposed (subject, source, row), by one raw hit or by two. `like` None: not limited."""

    at: list[int]
    like: Likeness | None


class Sifter:
    """For one search. `owners`: source -> owner of its records, only for sources of other members."""

    def __init__(self, checker: Checker, owners: Mapping[int, MemberId], aside: frozenset[MemberId]) -> None:
        self._checker = checker
        self._owners = owners
        self._aside = aside

    def sift(
        self,
        tx: NodeStoreReader,
        asked: Asked,
        raw: Sequence[RawHit],
        names: Mapping[int, Origin],
        further: Mapping[Alike, int] = MappingProxyType({}),
    ) -> Sifted:
        """Checks the proposals of the index (`raw`, the best first) in rounds; one round is enough if the store
        confirms them. `further`: more data of the index, see `Proposed`.
        """
        left, aside = self._things(raw)
        given: Counter[Likeness] = Counter()
        of_member: Counter[tuple[int, MemberId]] = Counter()
        kept: dict[int, tuple[RawHit, Spoken]] = {}
        likes: dict[int, Likeness | None] = {}
        disagreed = 0
        while True:
            portion, left = _portion(left, given, of_member)
            if not portion:
                break
            some = [raw[at] for thing in portion for at in thing.at]
            spoken, wrong = self._checker.checked(tx, asked, some, names)
            disagreed += wrong
            borne_out = dict(spoken)
            for thing in portion:
                found = next((at for at in thing.at if raw[at] in borne_out), None)
                if found is None:
                    continue
                kept[found], likes[found] = (raw[found], borne_out[raw[found]]), thing.like
                if thing.like is not None:
                    given[thing.like] += 1
                    of_member[thing.like[:2]] += 1
        alike = Counter(given)
        left_out: Counter[tuple[int, MemberId]] = Counter()
        for thing in left:
            if thing.like is not None:
                alike[thing.like] += 1
                left_out[thing.like[:2]] += 1
        self._count(further, given, alike, left_out, aside)
        return Sifted(
            spoken=[kept[at] for at in sorted(kept)],
            likes=[likes[at] for at in sorted(kept)],
            disagreed=disagreed,
            alike={like: number for like, number in alike.items() if number > 1},
            left_out=left_out,
            aside=aside,
        )

    def _count(
        self,
        further: Mapping[Alike, int],
        given: Mapping[Likeness, int],
        alike: Counter[Likeness],
        left_out: Counter[tuple[int, MemberId]],
        aside: Counter[MemberId],
    ) -> None:
        """Adds the hits that the index did not return. A record found by two kinds of hash counts for the one with more
        hits.
        """
        by_code: defaultdict[tuple[int, MemberId], Counter[int]] = defaultdict(Counter)
        for each, number in further.items():
            if (member := self._owners.get(each.source)) is not None:
                by_code[each.subject, member][each.code] += number
                like = Likeness(each.subject, member, *each[2:])
                if like in given:
                    alike[like] += number
        for (subject, member), numbers in by_code.items():
            if member in self._aside:
                aside[member] += max(numbers.values())
            else:
                left_out[subject, member] += max(numbers.values())

    def _things(self, raw: Sequence[RawHit]) -> tuple[list[_Thing], Counter[MemberId]]:
        """The proposals in their order, and how many are set aside."""
        things: dict[tuple[int, int, int], _Thing] = {}
        aside: Counter[MemberId] = Counter()
        for at, hit in enumerate(raw):
            known = things.get(hit[:3])
            if known is not None:
                known.at.append(at)
                continue
            member = self._owners.get(hit.source)
            if member in self._aside and member is not None:
                aside[member] += 1
                continue
            things[hit[:3]] = _Thing([at], None if member is None else likeness(hit, member))
        return list(things.values()), aside


def likeness(hit: RawHit, member: MemberId) -> Likeness:
    """What other hits must have in common with this one to be alike."""
    return Likeness(hit.subject, member, hit.code, hit.by, hit.distance, hit.orientation)


def _portion(
    left: Sequence[_Thing], given: Mapping[Likeness, int], of_member: Mapping[tuple[int, MemberId], int]
) -> tuple[list[_Thing], list[_Thing]]:
    """(What is checked next, what is left after that)."""
    alike, members = Counter(given), Counter(of_member)
    portion: list[_Thing] = []
    rest: list[_Thing] = []
    for thing in left:
        like = thing.like
        if like is not None:
            if alike[like] >= MAX_ALIKE or members[like[:2]] >= MAX_OF_MEMBER:
                rest.append(thing)
                continue
            alike[like] += 1
            members[like[:2]] += 1
        portion.append(thing)
    return portion, rest


def marked(hits: Sequence[Hit], sifted: Sifted, standing: Sources) -> Iterator[Hit]:
    """The hits of a search, each with how many are alike and the standing of its member."""
    likes = {
        (hit.subject, said.record, said.row): like
        for (hit, said), like in zip(sifted.spoken, sifted.likes, strict=True)
        if like is not None
    }
    led: set[Likeness] = set()
    for hit in hits:
        like = likes.get((hit.subject, hit.record, hit.row)) if hit.holding is None else None
        if like is None:
            yield hit
            continue
        how = standing.standing.get(like.member, "")
        yield replace(hit, alike=sifted.alike.get(like, 1), leads=like not in led, standing=how)
        led.add(like)


def fair(hits: Iterable[Hit], most: int) -> list[Hit]:
    """At most `most` hits of one subject, best first: leading hits before the hits like them, and the first hit of each
    member before the second of any.
    """
    turn: Counter[tuple[bool, str]] = Counter()
    ordered: defaultdict[tuple[bool, int], list[Hit]] = defaultdict(list)
    for hit in hits:
        speaker = hit.record.origin.member if hit.record else hit.origin
        ordered[not hit.leads, turn[hit.leads, speaker]].append(hit)
        turn[hit.leads, speaker] += 1
    return [hit for place in sorted(ordered) for hit in ordered[place]][:most]


def bounded(hits: Sequence[Hit]) -> tuple[list[Hit], int]:
    """The returned hits of one member's answer, and how many are omitted: limited like those of a search."""
    alike: Counter[tuple[object, ...]] = Counter()
    subjects: Counter[int] = Counter()
    given: list[Hit] = []
    for hit in hits:
        like = (hit.subject, hit.algorithm, hit.level, hit.distance, hit.orientation, hit.trimmed, hit.look)
        if alike[like] < MAX_ALIKE and subjects[hit.subject] < MAX_OF_MEMBER:
            given.append(hit)
            alike[like] += 1
            subjects[hit.subject] += 1
    return given, len(hits) - len(given)
