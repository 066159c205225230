"""A federation on this machine, made as administrators make one: authority, hub, invitations, nodes.

Rules this module upholds:

- Every member makes keys of its own in a home of its own, and the authority signs it in.
- Conditions are waited for with a limit. Nothing is assumed after a pause.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from node.demo.stage import free_port
from node.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from node.demo.stage import Stage

T = TypeVar("T")
R = TypeVar("R")

HUB: Final = "hub"
"""The name of the hub's home."""
AUTHORITY: Final = "authority"
PATIENCE_SECONDS: Final = 60.0
_POLL: Final = 0.1


def found_hub(stage: Stage, federation: str, *, exercise: bool = False) -> str:
    """Makes the authority and a hub on loopback, and starts the hub. Returns the hub's address."""
    main, enrolment = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    kind = ("--exercise",) if exercise else ()
    made = stage.run("authority", "init", "--folder", str(stage.home(AUTHORITY)), "--federation", federation, *kind)
    root = ("--federation", federation, "--root", str(made.last["root"]))
    stage.run("hub", "init", *root, "--listen", main, "--enrolment-listen", enrolment, *kind, home=HUB)
    _sign(stage)
    stage.start(HUB, "hub", "run")
    return main


def join_members(stage: Stage, hub: str, names: Mapping[str, str], *, exercise: bool = False) -> None:
    """Invites these members (names by id), lets them join, and starts their nodes. All hold their streams on return."""
    kind = ("--exercise",) if exercise else ()

    def join(member: str) -> None:
        token = str(stage.run("hub", "invite", member, home=HUB).last["token"])
        told = ("--hub", hub, "--token", token, "--name", names[member])
        stage.run("node", "join", *told, "--no-wait", *kind, home=member)

    at_once(join, names)
    _sign(stage)
    at_once(lambda member: stage.start(member, "node", "run"), names)
    wait_until(lambda: attending(stage) == len(names), "all nodes hold their streams")


def _sign(stage: Stage) -> None:
    folders = ("--folder", str(stage.home(AUTHORITY)), "--hub-home", str(stage.home(HUB)))
    stage.run("authority", "sign", *folders, "--yes", home=HUB)


def at_once(step: Callable[[T], R], each: Iterable[T]) -> list[R]:
    """The same step for several, side by side as in different countries; results in order. Raises the first error."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(step, each))


def attending(stage: Stage) -> int:
    """How many nodes hold their stream to the hub."""
    return int(stage.ask(HUB, "status")[0]["attending"])


def wait_for_records(stage: Stage, members: Iterable[str], total: int) -> None:
    """Waits until each of these members has `total` entries of all logs."""

    def arrived() -> bool:
        return all(
            sum(int(line["size"]) for line in stage.ask(member, "status") if line.get("log")) >= total
            for member in members
        )

    wait_until(arrived, "every node has every record")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Raises `Unavailable` if `condition` does not come about."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise Unavailable(f"it did not happen within {PATIENCE_SECONDS:.0f} s that {what}")
        time.sleep(_POLL)
