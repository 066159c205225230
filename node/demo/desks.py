"""The demonstration federation with its desks: a browser instead of a terminal.

Rules this module upholds:

- Officers are made-up names. Each has a one-time code, as an administrator would give it.
- It runs until the user ends it, and then deletes its files.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.demo import scenario
from node.demo.federation import HUB
from node.demo.pictures import find_album
from node.demo.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.demo.scenario import Telling
    from node.demo.stage import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """One officer of a home, who gets a code."""

    home: str
    name: str
    role: str


OFFICERS: Final = (
    Officer(home="FR", name="Anna Durand", role="investigator"),
    Officer(home="FR", name="Alain Petit", role="administrator"),
    Officer(home="JP", name="Yuki Sato", role="investigator"),
    Officer(home=HUB, name="Olga Berg", role="operator"),
)


def run(
    *, pictures: Path | None, cache: Path, tell: Telling, ready: Callable[[Line], None], wait: Callable[[], object]
) -> None:
    """Starts federation and desks, calls `ready` with {"event": "ready", "desks": [{"home", "officer", "role",
    "address", "code"}]}, then `wait`, and stops everything when that returns or raises.
    """
    album = find_album(pictures, cache, scenario.PICTURES)
    tell.say(f"Pictures: {album.source}.")
    folder = Path(tempfile.mkdtemp(prefix="vigil-demo-"))
    try:
        with Stage(folder) as stage:
            planted = scenario.plant(album, folder / "pictures")
            scenario.found_the_federation(stage, tell)
            scenario.take_in(stage, tell, folder / "pictures", planted)
            desks = open_desks(stage)
            for each in desks:
                tell.say(f"{each['officer']} ({each['role']}, {each['home']}): {each['address']}  code {each['code']}")
            tell.say(
                "Open an address in a browser and type the code: it counts once, for 15 minutes. The browser warns of "
                "the certificate, because the desk made it itself.\n"
                f"For another code: VIGIL_HOME={folder}/FR vigil desk invite 'Anna Durand'\n"
                "Ctrl-C ends the demonstration and deletes everything."
            )
            ready({"event": "ready", "folder": str(folder), "desks": desks})
            wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def open_desks(stage: Stage) -> list[Line]:
    """Registers the officers, starts a desk for each home, and invites each officer."""
    for each in OFFICERS:
        kind = "hub" if each.home == HUB else "node"
        stage.run(kind, "officers", "add", each.name, "--role", each.role, home=each.home)
    addresses = {home: str(_desk(stage, home)["address"]) for home in dict.fromkeys(each.home for each in OFFICERS)}
    return [
        {
            "home": each.home,
            "officer": each.name,
            "role": each.role,
            "address": addresses[each.home],
            "code": stage.run("desk", "invite", each.name, home=each.home).last["code"],
        }
        for each in OFFICERS
    ]


def _desk(stage: Stage, home: str) -> Line:
    return stage.start(f"{home} desk", "desk", "run", "--listen", "127.0.0.1:0", "--home", str(stage.home(home)))
