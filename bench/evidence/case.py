"""One file of the corpus: its bytes, what kind it is, what was done to it, and which originals are in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.evidence.originals import Original

SOUND = "sound"
"""The damage of what is not damaged."""
ALONE = "alone"
"""The nesting of what lies in nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An original that is in a file. `within`: bytes that any program of this kind of holder takes out of it, in which
    the original is; None where the file itself is the picture or film. `digests`: SHA-256 of files in it that hold the
    original as they are. `shown`: whether another program can show it; None where a second decoder has to be asked.
    """

    original: Original
    within: bytes | None = None
    digests: frozenset[bytes] = field(default_factory=frozenset)
    shown: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file. `kind`: the format; `suffix`: of its name, which tells Vigil nothing."""

    kind: str
    data: bytes
    wanted: tuple[Wanted, ...]
    damage: str = SOUND
    nesting: str = ALONE
    suffix: str = ".bin"

    @property
    def title(self) -> str:
        """Kind, damage and nesting, by which a developer makes the case again."""
        return f"{self.kind} | {self.damage} | {self.nesting}"


Cases = Iterator[Case]
