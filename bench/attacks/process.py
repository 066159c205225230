"""The process of an attack, and the home of the member that makes it.

Rules this module upholds:

- An attack never ends by itself. One that did was measured beside nothing, and that is an error.
- Its process has the lowest priority: an attacker does not work on our machine.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from bench.federation import Federation

NICE: Final = 19
"""The attacker's priority: the lowest."""


def certified(made: Federation, member: str) -> Path:
    """The home of a member that has joined, with its certificate in it."""
    home = made.stage.home(member)
    if not (home / "tls" / "node.der").exists():
        # Signed in, and never started: the petition is answered with its first certificate.
        made.stage.run("node", "join", home=member)
    return home


@contextmanager
def running(attack: Callable[..., None], *arguments: Any) -> Iterator[None]:  # noqa: ANN401 (any attack's)
    """`attack(*arguments)` in a process of its own, for as long as the context lasts. Raises `RuntimeError` where it
    ended before.
    """
    process = multiprocessing.get_context("spawn").Process(target=_begin, args=(attack, *arguments), daemon=True)
    process.start()
    try:
        yield
    finally:
        ended = process.exitcode is not None
        process.kill()
        process.join()
        process.close()
    if ended:
        raise RuntimeError("the attack ended by itself, so nothing was measured beside it")


def _begin(attack: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401 (any attack's)
    os.nice(NICE)
    with contextlib.suppress(KeyboardInterrupt):
        attack(*arguments)
