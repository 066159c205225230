"""The steps of the demonstration in which countries work together, and the sentence for each step.

Rules this module upholds:

- Every figure shown comes from a command's output.
- A step with a wrong result is reported and counted, and the exit code is 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.demo.copies import make_copy
from node.demo.federation import HUB, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from node.demo.scenario import Telling
    from node.demo.stage import Line, Stage

NOTICE: Final = "2026/117"
_HALF_SIZE: Final = 0
"""The number of this edit in `copies.EDITS`."""


def show(stage: Stage, tell: Telling, pictures: Path) -> Line:
    """All steps. `pictures`: the folder with a folder for each country. Returns their part of the summary."""
    (held,) = (pictures / "BR").glob("IMG_0011.*")
    return {"notice_hits": find_a_missing_person(stage, tell, held)}


def find_a_missing_person(stage: Stage, tell: Telling, held: Path) -> int:
    """France asks for a yellow notice with a published photograph, the hub's operator publishes it, and Brazil finds it
    in what it holds. `held`: a picture that Brazil took in. Returns the number of Brazil's hits.
    """
    published = stage.folder / "published.jpg"
    edit = make_copy(held, published, _HALF_SIZE)
    about = ("--colour", "yellow", "--reference", NOTICE, "--consent-day", "2026-01-15")
    asked = stage.run("notice", "request", *about, str(published), home="FR")
    notice = str(asked.last["notice"])
    tell.expect("the request of the notice is at the hub", asked.last["published"])
    stage.run("hub", "notices", "publish", notice, "--reason", "consent is recorded", home=HUB)
    tell.say(f"France asked for yellow notice {NOTICE} with one photograph, and the hub's operator published it.")

    def found() -> list[Line]:
        return [line for line in stage.ask("BR", "hits-list", {"limit": 1_000}) if _is_of_notice(line)]

    wait_until(lambda: bool(found()), "Brazil finds the photograph of the notice")
    hits = found()
    tell.say(
        f"Brazil's node searched at once and found it in holding {hits[0]['holding']} ({edit}): a lead for an officer. "
        "Only hashes, a reference and days travelled."
    )
    return len(hits)


def _is_of_notice(line: Line) -> bool:
    return (line.get("notice") or {}).get("reference") == NOTICE
