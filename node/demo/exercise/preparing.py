"""Prepares an exercise: pictures, federation, officers, and what each officer must find.

Rules this module upholds:

- The exercise needs no network: pictures come from a folder that the person names, from the cache, or are drawn here.
- It is ready as a whole or not at all: if a step fails, everything that was started is stopped and the folder is empty.
- Only its user can open the folder: it holds keys and their passphrase.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.demo.copies import EDITS, make_copy
from node.demo.exercise import plan, running
from node.demo.exercise.plan import FEDERATION, MEMBERS, NAMES, Exercise, Officer
from node.demo.federation import at_once, found_hub, join_members, wait_for_records
from node.demo.pictures import album_at_hand
from node.demo.stage import Stage
from node.errors import Misuse, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROLES: Final = ("shared", "second", "mistake", "hidden", "own-1", "own-2")
"""The pictures of one officer: three that members have shared, one that a member keeps, two of the officer alone."""
ARCHIVE: Final = "ARCHIVE"
"""The case of what the members hold before the first task."""


def begin(folder: Path, count: int, pictures: Path | None, cache: Path, tell: Callable[[str], None]) -> Exercise:
    """A running exercise in `folder`: a new one with `count` officers, or the one that is there already.

    `pictures`: the person's own. `cache`: where pictures were kept or are drawn. Raises `Misuse`, `Unavailable`.
    """
    with suppress(NotFound):
        known = plan.load(folder)
        tell("The exercise is there already: what does not run is started again.")
        return running.start(known)
    officers = plan.officers(count)
    if folder.exists() and any(folder.iterdir()):
        raise Misuse("the folder of the exercise is not empty", remedy="name a new folder with --out")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = Exercise(folder=folder, officers=officers, daemons={})
    try:
        made = _prepare(made, pictures, cache, tell)
        made.save()
        made = running.start(made)
    except BaseException:
        with suppress(NotFound):
            running.stop(plan.load(folder))
        for each in folder.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        raise
    return made


def _prepare(exercise: Exercise, pictures: Path | None, cache: Path, tell: Callable[[str], None]) -> Exercise:
    album = album_at_hand(pictures, cache, len(ROLES) * len(exercise.officers))
    tell(f"Pictures: {album.source}.")
    lay_out(exercise, album.files)
    passphrase = secrets.token_urlsafe(24)
    exercise.passphrase.touch(mode=0o600)
    exercise.passphrase.write_text(f"{passphrase}\n", encoding="ascii")
    with Stage(exercise.folder, passphrase) as stage:
        hub = found_hub(stage, FEDERATION, exercise=True)
        join_members(stage, hub, NAMES, exercise=True)
        tell(f"The hub of {FEDERATION} and the nodes of {', '.join(NAMES.values())} run.")
        records: dict[str, str] = {}
        for found in at_once(lambda member: _fill_archive(stage, exercise, member), MEMBERS):
            records |= found
        at_once(lambda member: _open_consultation(stage, member), MEMBERS)
        wait_for_records(stage, MEMBERS, len(records) + len(MEMBERS))
        for officer in exercise.officers:
            stage.ask(officer.member, "officer-add", {"name": officer.name, "role": "investigator", "user": ""})
            _write_script(exercise, officer)
    return replace(exercise, officers=tuple(known(officer, records) for officer in exercise.officers))


def lay_out(exercise: Exercise, files: Sequence[Path]) -> None:
    """Puts the pictures of each officer where they belong: `archive/MEMBER/shared|hidden`, and the officer's folder."""
    for member in MEMBERS:
        for level in ("shared", "hidden"):
            (_archive(exercise, member) / level).mkdir(parents=True)
    for number, officer in enumerate(exercise.officers):
        mine = dict(zip(ROLES, files[number * len(ROLES) :], strict=False))
        folder = exercise.pictures(officer)
        folder.mkdir(parents=True)
        for role, member in (("shared", officer.neighbour), ("second", officer.third), ("mistake", officer.member)):
            _copy(mine[role], _archive(exercise, member) / "shared" / _name(officer, role))
        _copy(mine["hidden"], _archive(exercise, officer.third) / "hidden" / _name(officer, "hidden"))
        _copy(mine["own-1"], folder / "IMG_0001")
        _copy(mine["own-2"], folder / "IMG_0002")
        make_copy(mine["shared"], folder / "IMG_0003.jpg", number % len(EDITS))
        make_copy(mine["hidden"], folder / "IMG_0004.jpg", (number + 1) % len(EDITS))


def _archive(exercise: Exercise, member: str) -> Path:
    return exercise.folder / "archive" / member


def _name(officer: Officer, role: str) -> str:
    return f"{officer.name}-{role}"


def _copy(source: Path, target: Path) -> None:
    target.with_suffix(source.suffix.lower()).write_bytes(source.read_bytes())


def _fill_archive(stage: Stage, exercise: Exercise, member: str) -> dict[str, str]:
    """The member takes its archive in and shares what is to be shared. Returns the records by the picture's name."""
    folder = _archive(exercise, member)
    names: dict[int, str] = {}
    for level in ("shared", "hidden"):
        if any((folder / level).iterdir()):
            how = ("--level", "hit-no-hit") if level == "hidden" else ()
            done = stage.run("ingest", str(folder / level), "--case", ARCHIVE, *how, home=member)
            if level == "shared":
                names = {line["holding"]: Path(line["path"]).stem for line in done.lines if line.get("holding")}
    if not names:
        return {}
    words = [word for holding in sorted(names) for word in ("--holding", str(holding))]
    shared = stage.run("contribute", *words, "--yes", home=member)
    return {names[line["holding"]]: str(line["record"]) for line in shared.lines if line.get("record")}


def _open_consultation(stage: Stage, member: str) -> None:
    """The member asks the others something, so that each officer has a question to answer."""
    others = ",".join(each for each in MEMBERS if each != member)
    about = ("--to", others, "--subject", f"A series of {NAMES[member]}")
    stage.run("consult", "open", "We have a series of landscapes. Have you seen this place?", *about, home=member)


def known(officer: Officer, records: Mapping[str, str]) -> Officer:
    """The officer with the records that were made for the officer's tasks."""
    found = {role: records[_name(officer, role)] for role in ("shared", "second", "mistake")}
    return replace(officer, **found)


def _write_script(exercise: Exercise, officer: Officer) -> None:
    """A shell in which every command works for this officer, at the node of the officer's member."""
    values = {
        "VIGIL_HOME": str(exercise.home(officer.member)),
        "VIGIL_OFFICER": officer.name,
        "VIGIL_PASSPHRASE_FILE": str(exercise.passphrase),
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    text = "\n".join(
        [
            "#!/bin/sh",
            f"# A shell for {officer.name}, an officer of {NAMES[officer.member]} in the exercise.",
            *lines,
            f'export PATH={shlex.quote(str(Path(sys.executable).parent))}{os.pathsep}"$PATH"',
            f"cd {shlex.quote(str(exercise.script(officer).parent))} || exit 1",
            f"echo 'You are {officer.name}, an officer of {NAMES[officer.member]}.'",
            "echo 'Your next task: vigil exercise task'",
            'exec "${SHELL:-/bin/sh}"',
        ]
    )
    script = exercise.script(officer)
    script.write_text(text + "\n", encoding="utf-8")
    script.chmod(0o700)
