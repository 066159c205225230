"""The corpus: each kind, each damage, each nesting, and which originals are in each file.

Rules this module upholds:

- What the corpus has is told before anything is made (`specifications`), so that a sample of it can be taken. The same
  seed, sample and originals give the same files.
- A sample has of each family (stills, films, holders, nestings) its share.
- A file that cannot be made here is counted by its title (`Corpus.left_out`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from bench.evidence import composites, films, stills
from bench.evidence.archives import Member, spelled, taken_out
from bench.evidence.case import ALONE, SOUND, Case, Wanted
from bench.evidence.damages import ANYWHERE, FILM_DAMAGES, METADATA, STREAM_DAMAGES, STREAMED
from bench.evidence.holders import HOLDERS, packed
from bench.evidence.nestings import INNER, NESTINGS, damaged, film_bytes, member, still_bytes, written
from bench.evidence.originals import SEED, Original, Originals

Make = Callable[["Specification", Originals], Case | None]

_BESIDE: Final = ("jpeg", "png", "webp")
"""Kinds of which the metadata is damaged."""
_HOLDER_DAMAGES: Final = ("90 % left", "66 % left", "33 % left", "4 kB of zeros", "line feed before")


@dataclass(frozen=True, slots=True)
class Specification:
    """A file that the corpus has, before it is made."""

    family: str
    kind: str
    make: Make
    damage: str = SOUND
    nesting: str = ALONE

    @property
    def title(self) -> str:
        """As `Case.title`."""
        return f"{self.kind} | {self.damage} | {self.nesting}"


@dataclass(slots=True)
class Corpus:
    """The files, made one by one, each with its specification. `made` and `left_out`: titles of those that were made,
    and of those that nothing here can write. A damage that a kind cannot have makes no file.
    """

    originals: Originals
    wanted: Sequence[Specification]
    made: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[Specification, Case]]:
        for each in self.wanted:
            try:
                case = each.make(each, self.originals.turned(each.kind))
            except Exception:  # noqa: BLE001  (a writer that is absent or refuses is counted, whatever it says)
                self.left_out.append(each.title)
                continue
            if case is not None:
                self.made.append(each.title)
                yield each, case


def sample(count: int | None) -> list[Specification]:
    """About `count` of all specifications, all where None."""
    every = specifications()
    if count is None or count >= len(every):
        return every
    families: dict[str, list[int]] = {}
    for place, each in enumerate(every):
        families.setdefault(each.family, []).append(place)
    chosen: list[int] = []
    for family, places in families.items():
        share = max(1, round(count * len(places) / len(every)))
        chosen += Random(f"{SEED} {family}").sample(places, min(share, len(places)))
    return [every[place] for place in sorted(chosen)]


def specifications() -> list[Specification]:
    """All that the corpus has. Those of one kind stand together."""
    made: list[Specification] = []
    for kind in stills.STILLS:
        damages = [SOUND, *ANYWHERE, *(METADATA if kind in _BESIDE else ())]
        made += [Specification("stills", kind, _still, damage) for damage in damages]
    for kind, film in films.FILMS.items():
        damages = [SOUND, *FILM_DAMAGES, *(STREAM_DAMAGES if film.suffix in STREAMED else ())]
        made += [Specification("films", kind, _film, damage) for damage in damages]
    for kind in HOLDERS:
        made += [Specification("holders", kind, _holder, damage) for damage in (SOUND, *_HOLDER_DAMAGES)]
    made += [Specification("composites", kind, _composite) for kind in composites.COMPOSITES]
    made += [Specification("nestings", inner, _nested, SOUND, nesting) for inner in INNER for nesting in NESTINGS]
    return made


# ---- alone


def _still(asked: Specification, given: Originals) -> Case | None:
    original = given.picture()
    return _alone(asked, still_bytes(asked.kind, original), original, stills.STILLS[asked.kind].suffix)


def _film(asked: Specification, given: Originals) -> Case | None:
    original = given.film()
    return _alone(asked, film_bytes(asked.kind, original), original, films.FILMS[asked.kind].suffix)


def _alone(asked: Specification, sound: bytes, original: Original, suffix: str) -> Case | None:
    data = damaged(sound, asked.damage)
    if data is None:
        return None
    return Case(kind=asked.kind, damage=asked.damage, data=data, wanted=(Wanted(original=original),), suffix=suffix)


def _composite(asked: Specification, given: Originals) -> Case:
    made = composites.COMPOSITES[asked.kind]
    data, wanted = made.compose(given)
    return Case(kind=asked.kind, data=data, wanted=wanted, suffix=made.suffix)


# ---- in something else


def _holder(asked: Specification, given: Originals) -> Case | None:
    holder = HOLDERS[asked.kind]
    kinds = {".jpg": "jpeg", ".png": "png palette"}
    takes = holder.takes if holder.takes != ("",) else tuple(kinds)
    members: list[tuple[Member, Wanted]] = []
    for number in range(2 if holder.many else 1):
        suffix = [each for each in takes if each in kinds][number % min(len(takes), 2)]
        original = given.picture()
        picture = still_bytes(kinds[suffix], original)
        members.append(member(f"picture{number}{suffix}", picture, original))
    sound = written(packed(asked.kind, [each for each, _ in members]))
    data = damaged(sound, asked.damage)
    if data is None:
        return None
    wanted = tuple(each for _, each in members)
    if asked.damage != SOUND:
        wanted = tuple(_left_in(data, each) for each in wanted)
    return Case(kind=asked.kind, damage=asked.damage, data=data, wanted=wanted, suffix=holder.suffix)


def _left_in(data: bytes, wanted: Wanted) -> Wanted:
    """Of a damaged holder: another program can show what it takes out whole, or what lies in it as it is."""
    content = wanted.within or b""
    return replace(wanted, shown=spelled(content, data) or content in taken_out(data))


def _nested(asked: Specification, given: Originals) -> Case | None:
    made = INNER[asked.kind](given)
    if made is None:
        return None
    name, data, wanted = made
    return Case(kind=asked.kind, nesting=asked.nesting, data=NESTINGS[asked.nesting](name, data), wanted=wanted)


FAMILIES: Final = ("stills", "films", "holders", "composites", "nestings")
