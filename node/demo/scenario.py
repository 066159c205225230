"""The steps of the demonstration, and the sentence for each step.

Rules this module upholds:

- Every figure shown comes from a command's output. Only the comparison at the end knows the planted copies.
- A step with a wrong result is reported and counted, and the exit code is 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.demo.copies import EDITS, make_copy
from node.demo.federation import at_once, attending, found_hub, join_members, wait_for_records, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from node.demo.pictures import Album
    from node.demo.stage import Done, Line, Stage

FEDERATION: Final = "demo.vigil"
COUNTRIES: Final = ("FR", "JP", "BR")
NAMES: Final = {"FR": "France", "JP": "Japan", "BR": "Brazil"}
ORIGINALS: Final = 12
"""Pictures that only one country has, of each."""
SHARED: Final = 6
"""Pictures of one country of which another has an edited copy, for each of three pairs."""
PICTURES: Final = len(COUNTRIES) * ORIGINALS
BASIS: Final = ("--purpose", "victim-identification", "--legal-basis", "demonstration", "--case", "DEMO-1")


@dataclass(slots=True)
class Planted:
    """One edited copy: who has the original, who the copy, which edit, and whether the copy's country found it."""

    owner: str
    holder: str
    copy: Path
    edit: str
    found: bool = False
    distance: int | None = None


@dataclass(slots=True)
class Telling:
    """What was seen. `say` shows a sentence, `table` rows under a heading."""

    say: Callable[[str], None]
    table: Callable[[str, tuple[str, ...], Iterable[tuple[str, ...]]], None]
    faults: list[str] = field(default_factory=list)

    def expect(self, what: str, fact: object) -> None:
        """Remembers and shows a step that did not come out."""
        if not fact:
            self.faults.append(what)
            self.say(f"NOT AS EXPECTED: {what}")


def plant(album: Album, folder: Path) -> list[Planted]:
    """Lays the countries' pictures out: originals of their own, and edited copies of one another's.

    Brazil only answers queries (hit/no-hit), so what others have of Brazil's shows in the federated query.
    """
    mine = {c: album.files[i * ORIGINALS : (i + 1) * ORIGINALS] for i, c in enumerate(COUNTRIES)}
    planted: list[Planted] = []
    for country in COUNTRIES:
        (folder / country).mkdir(parents=True)
        for number, picture in enumerate(mine[country]):
            (folder / country / f"IMG_{number:04}{picture.suffix.lower()}").write_bytes(picture.read_bytes())
    for owner, holder in (("FR", "JP"), ("JP", "BR"), ("BR", "FR")):
        for number, picture in enumerate(mine[owner][:SHARED]):
            copy = folder / holder / f"DSC_{number:04}.jpg"
            planted.append(Planted(owner, holder, copy, make_copy(picture, copy, number)))
    return planted


def found_the_federation(stage: Stage, tell: Telling) -> None:
    """Authority, hub and three nodes, as an administrator would do it: init, invite, join, sign, run."""
    hub = found_hub(stage, FEDERATION)
    tell.say(f"The hub of {FEDERATION} runs; its keys and the authority's lie in different folders.")
    join_members(stage, hub, NAMES)
    tell.say("France, Japan and Brazil joined with keys of their own; the authority signed them in; their nodes run.")


def take_in(stage: Stage, tell: Telling, folder: Path, planted: list[Planted]) -> int:
    """Each country ingests; France and Japan contribute; the records travel; how many there are."""
    total = 0
    for country in ("FR", "JP", "BR"):
        level = ("--level", "hit-no-hit") if country == "BR" else ()
        done = stage.run("ingest", str(folder / country), "--case", "DEMO-1", *level, home=country)
        hits = [hit for line in done.lines for hit in line.get("hits", ())]
        note_hits(planted, country, hits)
        tell.say(f"{NAMES[country]} took in {done.last['new']} pictures and found {len(hits)} hits at once.")
        if country != "BR":
            shared = int(stage.run("contribute", "--case", "DEMO-1", "--yes", home=country).last["contributed"])
            total += shared
            tell.say(f"{NAMES[country]} contributed {shared} signed records.")
            wait_for_records(stage, COUNTRIES, total)
    return total


def note_hits(planted: list[Planted], country: str, hits: list[Line]) -> None:
    """Marks what was planted and found: a hit on the copy's file that names the original's owner."""
    for hit in hits:
        for each in planted:
            if each.holder == country and str(each.copy) == hit["subject"] and _owner(hit) == each.owner:
                each.found = True
                if hit["distance"] is not None:
                    each.distance = min(each.distance or int(hit["distance"]), int(hit["distance"]))


def _owner(hit: Line) -> str:
    """Whose a hit is: an origin is a log's name or a member's."""
    origin = str(hit["origin"])
    return origin.split("/")[1] if "/" in origin else origin


def match_locally(stage: Stage, tell: Telling, planted: list[Planted]) -> int:
    """Japan looks for what it has among everybody's records: France's originals show."""
    copies = [str(each.copy) for each in planted if each.holder == "JP"]
    done = stage.run("match", *copies, home="JP")
    hits = [line for line in done.lines if "subject" in line and _owner(line) == "FR"]
    note_hits(planted, "JP", hits)
    tell.table(
        "Japan's own search, in the records that France signed",
        ("Japan's file", "edited how", "found with", "bits of 256", "whose record"),
        [
            (
                Path(str(hit["subject"])).name,
                next(each.edit for each in planted if str(each.copy) == hit["subject"]),
                str(hit["algorithm"]),
                str(hit["distance"]),
                str(hit["origin"]),
            )
            for hit in hits
        ],
    )
    return len(hits)


def ask_the_federation(stage: Stage, tell: Telling, planted: list[Planted]) -> int:
    """France asks about pictures that only Brazil knows, at hit/no-hit; then again with Japan switched off."""
    copies = [each for each in planted if each.holder == "FR"]
    hits = 0

    def ask(each: Planted) -> Done:
        return stage.run("query", str(each.copy), *BASIS, home="FR", accept=(0, 3))

    for each, done in zip(copies, at_once(ask, copies), strict=True):
        abroad = [line for line in done.lines if "subject" in line and line.get("where") not in (None, "here")]
        note_hits(planted, "FR", abroad)
        hits += len(abroad)
        outcomes = done.last["outcomes"]
        tell.say(
            f"France asks about {each.copy.name} ({each.edit}): "
            + ", ".join(f"{NAMES[m]} {state}" for m, state in sorted(outcomes.items()))
        )
        tell.expect(f"Brazil knows {each.copy.name}", outcomes.get("BR") == "hit")
        tell.expect("Brazil gives no record away", all(line["record"] is None for line in abroad))
    return hits


def ask_with_one_away(stage: Stage, tell: Telling, planted: list[Planted]) -> None:
    """A member that is switched off is never shown as a no-hit."""
    stage.stop("JP")
    copy = next(each.copy for each in planted if each.holder == "FR")
    done = stage.run("query", str(copy), *BASIS, home="FR", accept=(3,))
    tell.say(f"With Japan switched off the same question ends partial: {done.last['outcomes']}, exit code {done.code}.")
    tell.expect("Japan is shown as offline", done.last["outcomes"].get("JP") == "offline")
    stage.start("JP", "node", "run")
    wait_until(lambda: attending(stage) == len(COUNTRIES), "Japan is back")


def prove_it(stage: Stage, tell: Telling) -> bool:
    """Japan exports the evidence of a French record: it verifies without a network, and not after one bit changed."""
    (record,) = [
        str(line["record"])
        for line in stage.run("records", "--member", "FR", "--limit", "1", home="JP").lines
        if "record" in line
    ]
    proof = stage.folder / "evidence.tlog-proof"
    stage.run("export", record, "--out", str(proof), home="JP")
    verdict = stage.run("verify", str(proof), home="JP")
    tell.say(f"The evidence of one French record verifies offline, as of a log of {verdict.last['size']} records.")
    bent = bytearray(proof.read_bytes())
    bent[len(bent) // 2] ^= 1
    forged = stage.folder / "forged.tlog-proof"
    forged.write_bytes(bent)
    refused = stage.run("verify", str(forged), home="JP", accept=(0, 1, 2, 4))
    tell.expect("a changed byte is caught", refused.code != 0)
    tell.say("With one bit of it changed, it does not.")
    return verdict.code == 0 and refused.code != 0


def take_it_back(stage: Stage, tell: Telling, planted: list[Planted]) -> None:
    """France retracts a record: Japan finds it no more, while the log stays whole."""
    before = [each for each in planted if each.holder == "JP" and each.owner == "FR" and each.found]
    if not before:
        return
    copy = str(before[0].copy)
    hits = [line for line in stage.run("match", copy, home="JP").lines if line.get("record") and _owner(line) == "FR"]
    logs = {line["log"]: int(line["size"]) for line in stage.ask("JP", "status") if line.get("log")}
    for hit in hits:
        stage.run("retract", str(hit["record"]), "--reason", "mistake", home="FR")
    wait_for_records(stage, COUNTRIES, sum(logs.values()) + len(hits))
    after = [line for line in stage.run("match", copy, home="JP").lines if line.get("record") and _owner(line) == "FR"]
    tell.expect("a retracted record is no longer found", not after)
    checked = stage.run("node", "fsck", home="JP")
    tell.expect("the log is whole after it", checked.code == 0)
    tell.say("France retracted that record: Japan's search no longer finds it, and every log still verifies.")


def edits_shown() -> str:
    """The edits in a sentence."""
    return ", ".join(name for name, _, _ in EDITS)
