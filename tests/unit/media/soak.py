"""Many files through a few workers, and what the workers take meanwhile."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from node.errors import MediaError
from node.media.pool import fingerprint_files
from node.media.tasks import Result
from tests.unit.media.pictures import encoded, scene
from tests.unit.media.videos import Scene, write_video

ROOM_BYTES = 32 * 1024 * 1024
"""By which a worker may grow while it reads the same files over and over: less than the stacks of five threads."""
SMALL = Scene(7, size=(160, 90))


def clips(folder: Path) -> list[Path]:
    """Short videos in several containers, and an animation: healthy ones."""
    files = [write_video(folder / f"clip{suffix}", SMALL, seconds=1.2) for suffix in (".mp4", ".webm", ".avi", ".mkv")]
    frames = [scene(120, 90, seed) for seed in range(4)]
    files.append(folder / "moving")
    files[-1].write_bytes(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100))
    return files


def broken(folder: Path, healthy: Iterable[Path]) -> list[Path]:
    """The same, each cut off in the middle or with its middle overwritten."""
    files = []
    for file in healthy:
        data = file.read_bytes()
        third = len(data) // 3
        for name, damaged in (("cut", data[: 2 * third]), ("hole", data[:third] + bytes(third) + data[2 * third :])):
            files.append(folder / f"{name}-{file.name}")
            files[-1].write_bytes(damaged)
    return files


@dataclass(slots=True)
class Taken:
    """The most that a worker took after the files it warmed up with, beyond what it took then: bytes and threads."""

    first: dict[str, int] = field(default_factory=dict)
    growth: dict[str, int] = field(default_factory=lambda: {"VmSize": 0, "VmRSS": 0, "Threads": 0})

    def note(self, now: dict[str, int]) -> None:
        if not self.first:
            self.first = now
        for kind, most in self.growth.items():
            self.growth[kind] = max(most, now[kind] - self.first[kind])


def soak(files: list[Path], count: int, workers: int, warm_up: int) -> tuple[dict[Path, Result], dict[int, Taken]]:
    """Sends `count` files, `files` over and over. Returns the result of each, which has to be the same every time, and
    what each worker took from the `warm_up`-th result on.
    """
    taken: dict[int, Taken] = {}
    results: dict[Path, Result] = {}
    before = children()
    for number, each in enumerate(fingerprint_files(itertools.islice(itertools.cycle(files), count), workers=workers)):
        assert said(results.setdefault(each.path, each.result)) == said(each.result)
        if number >= warm_up:
            for worker in children() - before:
                taken.setdefault(worker, Taken()).note(status(worker))
    return results, taken


def said(result: Result) -> object:
    return str(result) if isinstance(result, MediaError) else result


def children() -> set[int]:
    return {int(number) for number in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def status(process: int) -> dict[str, int]:
    """Address space and memory (bytes) and threads of a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    values = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    return {
        "VmSize": int(values["VmSize"][0]) * 1024,
        "VmRSS": int(values["VmRSS"][0]) * 1024,
        "Threads": int(values["Threads"][0]),
    }


def judge(taken: dict[int, Taken], workers: int) -> None:
    """No worker was replaced, and none took more and more. A few threads more may be seen: before a worker calls a
    file damaged, it starts one for a moment.
    """
    assert len(taken) == workers
    for worker in taken.values():
        assert worker.growth["Threads"] <= 3, worker.growth
        assert worker.growth["VmSize"] < ROOM_BYTES, worker.growth
        assert worker.growth["VmRSS"] < ROOM_BYTES, worker.growth
