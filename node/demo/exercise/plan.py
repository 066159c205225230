"""Who takes part in an exercise, what was prepared for each officer, and the file that holds it.

Rules this module upholds:

- Members have codes that ISO 3166 leaves to its users, and names of no real country: nobody takes them for one.
- What was prepared for an officer is known before the first task, so tasks and score need no memory of their own.
- The file is written last and replaced as a whole. A folder without it is no exercise.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from node.errors import Damaged, Misuse, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE: Final = "exercise.json"
VERSION: Final = 1
FEDERATION: Final = "exercise.workshop"
NAMES: Final[Mapping[str, str]] = {"XA": "Aurelia", "XB": "Borealia", "XC": "Caldora"}
MEMBERS: Final = tuple(NAMES)
OFFICERS: Final = (
    "anna", "bela", "chen", "dana", "emil", "fatou", "goran", "hana", "ivan", "jana", "kofi", "lena", "marek",
    "nadia", "omar", "petra", "quentin", "rosa", "samir", "tove", "usha", "viktor", "wanda", "ximena", "yusuf", "zora",
)  # fmt: skip
"""Names of officers, in the order in which an exercise uses them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """One officer of one member, and what was prepared for this officer.

    `shared`: the record of the member `neighbour` of which the officer has an edited copy. `second`: a record of the
    member `third`. `mistake`: a record of the officer's own member. `third` also keeps a picture that it has not
    shared, and of which the officer has an edited copy. Records are written as `RecordId` prints them; "" until they
    are known.
    """

    name: str
    member: str
    shared: str = ""
    second: str = ""
    mistake: str = ""

    @property
    def case(self) -> str:
        """The reference of the officer's case."""
        return f"EX-{self.name.upper()}"

    @property
    def neighbour(self) -> str:
        """The member that has shared what this officer has a copy of."""
        return MEMBERS[(MEMBERS.index(self.member) + 1) % len(MEMBERS)]

    @property
    def third(self) -> str:
        """The remaining member."""
        return MEMBERS[(MEMBERS.index(self.member) + 2) % len(MEMBERS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """An exercise in its folder. `daemons`: the process ids of the hub and the nodes when they were last started, by
    the name of their home.
    """

    folder: Path
    officers: tuple[Officer, ...]
    daemons: Mapping[str, int]

    def home(self, name: str) -> Path:
        """The home of the hub or of a member."""
        return self.folder / name

    def pictures(self, officer: Officer) -> Path:
        """The folder of pictures that this officer has to take in."""
        return self.folder / "officers" / officer.name / "pictures"

    def script(self, officer: Officer) -> Path:
        """The script that gives this officer a shell."""
        return self.folder / "officers" / officer.name / "enter.sh"

    @property
    def passphrase(self) -> Path:
        """The file with the passphrase of all keys."""
        return self.folder / "passphrase"

    def officer(self, name: str) -> Officer:
        """Raises `NotFound`."""
        for officer in self.officers:
            if officer.name == name:
                return officer
        raise NotFound(
            f"this exercise has no officer {name[:40]!r}",
            remedy=f"one of: {', '.join(officer.name for officer in self.officers)}",
        )

    def save(self) -> None:
        """Writes the file."""
        text = json.dumps(
            {
                "version": VERSION,
                "federation": FEDERATION,
                "officers": [asdict(officer) for officer in self.officers],
                "daemons": dict(self.daemons),
            },
            indent=1,
        )
        new = self.folder / f"{FILE}.new"
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(self.folder / FILE)

    def with_daemons(self, daemons: Mapping[str, int]) -> Exercise:
        """The same exercise with these processes."""
        return replace(self, daemons=daemons)


def officers(count: int) -> tuple[Officer, ...]:
    """The first `count` officers, dealt out to the members in turn. Raises `Misuse`."""
    if not 1 <= count <= len(OFFICERS):
        raise Misuse(f"an exercise has 1 to {len(OFFICERS)} officers", remedy="start a second one in another folder")
    return tuple(
        Officer(name=name, member=MEMBERS[number % len(MEMBERS)]) for number, name in enumerate(OFFICERS[:count])
    )


def load(folder: Path) -> Exercise:
    """The exercise in this folder. Raises `NotFound`, `Damaged`."""
    try:
        told: Any = json.loads((folder / FILE).read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound("there is no exercise in this folder", remedy="vigil exercise start --out DIR") from None
    except (OSError, ValueError) as error:
        raise _damaged() from error
    try:
        if (told["version"], told["federation"]) != (VERSION, FEDERATION):
            raise Damaged(
                "the exercise in this folder is of another version of Vigil", remedy="start one in another folder"
            )
        found = tuple(Officer(**{name: str(value) for name, value in each.items()}) for each in told["officers"])
        daemons = {str(name): int(pid) for name, pid in told["daemons"].items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damaged() from error
    if any(officer.member not in NAMES for officer in found):
        raise _damaged()
    return Exercise(folder=folder, officers=found, daemons=daemons)


def _damaged() -> Damaged:
    return Damaged(f"{FILE} of this exercise cannot be read", remedy="start an exercise in another folder")
