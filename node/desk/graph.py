"""The picture of linked records: where each record and each link is drawn.

Rules this module upholds:

- Records are in layers by their distance from the start. A layer with many records has several columns.
- The picture says nothing that the tables do not say: a record has the number of its row.
- It is bounded. What is too large for a picture is in the tables alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from node.desk.ports import Line

MOST_RECORDS: Final = 60
"""Records of a picture that a person can still read."""
IN_COLUMN: Final = 8
COLUMN: Final = 150
ROW: Final = 70
EDGE: Final = 45
BOW: Final = 40
"""How far a line between records of one column bends to the side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A record. `number`: of its row in the table; `sight`: as in the line of the record."""

    number: int
    member: str
    sight: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """Where the lines of a link between more than two records meet."""

    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A line of a link. `path`: as SVG writes it; `classes`: the link's certainty, and what speaks against it."""

    path: str
    classes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture of this size."""

    width: int
    height: int
    spots: Sequence[Spot]
    strokes: Sequence[Stroke]
    joints: Sequence[Joint]


def drawing_of(records: Sequence[Line], links: Sequence[Line], doubted: Collection[str]) -> Drawing | None:
    """The picture of these lines of the command `links`, the nearest records first; None if it would be too large, or
    empty. `doubted`: links that a contradiction is about.
    """
    if not 1 < len(records) <= MOST_RECORDS or not links:
        return None
    places = _places([each["depth"] for each in records])
    known = {each["record"]: place for each, place in zip(records, places, strict=True)}
    spots = [
        Spot(number=number, member=each["member"], sight=each["sight"], x=x, y=y)
        for number, (each, (x, y)) in enumerate(zip(records, places, strict=True), 1)
    ]
    strokes: list[Stroke] = []
    joints: list[Joint] = []
    for link in links:
        ends = [known[name] for name in link["records"] if name in known]
        classes = _classes(link, doubted)
        if len(ends) == 2:  # noqa: PLR2004 (a line has two ends)
            strokes.append(Stroke(path=_path(ends[0], ends[1]), classes=classes))
        elif len(ends) > 2:  # noqa: PLR2004 (with more, they meet in a point)
            joint = _joint(ends)
            joints.append(joint)
            strokes += [Stroke(path=f"M {x} {y} L {joint.x} {joint.y}", classes=classes) for x, y in ends]
    return Drawing(
        width=max(x for x, _ in places) + EDGE + BOW,
        height=max(y for _, y in places) + EDGE,
        spots=spots,
        strokes=strokes,
        joints=joints,
    )


def _places(depths: Sequence[int]) -> list[tuple[int, int]]:
    """The place of each record, by the distances of all: they are sorted."""
    found: list[tuple[int, int]] = []
    column = -1
    for _, layer in groupby(depths):
        for at, _depth in enumerate(layer):
            column += at % IN_COLUMN == 0
            # Every other column stands a little lower, so that a line between two columns passes beside records.
            lower = ROW // 3 if column % 2 else 0
            found.append((EDGE + column * COLUMN, EDGE + at % IN_COLUMN * ROW + lower))
    return found


def _path(one: tuple[int, int], other: tuple[int, int]) -> str:
    (x, y), (to_x, to_y) = one, other
    if x != to_x:
        return f"M {x} {y} L {to_x} {to_y}"
    return f"M {x} {y} Q {x + BOW} {(y + to_y) // 2} {to_x} {to_y}"


def _joint(ends: Sequence[tuple[int, int]]) -> Joint:
    """Between the records, and never on one of them: the columns are farther apart than that."""
    x = sum(each for each, _ in ends) // len(ends)
    y = sum(each for _, each in ends) // len(ends)
    near = min(abs(x - each) for each, _ in ends)
    return Joint(x=x if near > EDGE else x + COLUMN // 2, y=y)


def _classes(link: Line, doubted: Collection[str]) -> str:
    names = ["stroke", link["certainty"]]
    names += ["closing"] if link["closes_cycle"] else []
    names += ["doubted"] if link["disputed_by"] or link["link"] in doubted else []
    return " ".join(names)
