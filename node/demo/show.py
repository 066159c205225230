"""The demonstration as a whole: pictures, federation, search, query, evidence, and a summary.

Rules this module upholds:

- Text for people goes to the terminal, or to stderr with `--json`. The summary is the last line on stdout (DESIGN, 8).
- It stops everything that it started, and deletes its files unless the user asks to keep them.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from node.demo import cooperation, scenario
from node.demo.pictures import find_album
from node.demo.stage import PASSPHRASE, Stage

if TYPE_CHECKING:
    from node.demo.scenario import Telling
    from node.demo.stage import Line


def run(*, pictures: Path | None, keep: bool, cache: Path, tell: Telling) -> Line:
    """Runs it; the summary: {"members", "records", "local_hits", "federated_hits", "coverage", "verified",
    "links", "messages", "watch_hits", "notice_hits", "real_photographs", "faults"}.

    `coverage`: the share of planted copies that their country found, by its own search or by the federated query.
    """
    album = find_album(pictures, cache, scenario.PICTURES)
    tell.say(f"Pictures: {album.source}.")
    folder = Path(tempfile.mkdtemp(prefix="vigil-demo-"))
    try:
        with Stage(folder) as stage:
            planted = scenario.plant(album, folder / "pictures")
            tell.say(f"Some countries have copies of others' pictures: {scenario.edits_shown()}.")
            scenario.found_the_federation(stage, tell)
            records = scenario.take_in(stage, tell, folder / "pictures", planted)
            local_hits = scenario.match_locally(stage, tell, planted)
            federated_hits = scenario.ask_the_federation(stage, tell, planted)
            scenario.ask_with_one_away(stage, tell, planted)
            verified = scenario.prove_it(stage, tell)
            scenario.take_it_back(stage, tell, planted)
            together = cooperation.show(stage, tell, folder / "pictures")
            missed = [each for each in planted if not each.found]
            for each in missed:
                tell.say(f"Missed: {each.copy.name} in {each.holder}, of {each.owner}'s ({each.edit}).")
    finally:
        if keep:
            tell.say(f"Everything is kept in {folder}; the passphrase of its keys is: {PASSPHRASE}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    coverage = round(1 - len(missed) / len(planted), 4)
    tell.say(
        f"In short: {records} records of {len(scenario.COUNTRIES)} members, {local_hits} hits of Japan's own search, "
        f"{federated_hits} of France's questions; {coverage:.0%} of the planted copies were found"
        + (", and the evidence verifies." if verified else "; the evidence does NOT verify.")
    )
    return {
        "members": len(scenario.COUNTRIES),
        "records": records,
        "local_hits": local_hits,
        "federated_hits": federated_hits,
        "coverage": coverage,
        "verified": verified,
        **together,
        "real_photographs": album.real,
        "faults": tell.faults,
    }
