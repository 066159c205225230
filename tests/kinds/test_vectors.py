"""The inputs of `files` among the outside vectors, through the commands that an investigator types.

Each is one example of a kind of file on which other programs were wrong; their README says what is right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.processes import Federation, Line, federation, vigil

FOUND = {
    "01-png-with-1.6-MB-of-text.png": {"A"},
    "02-png-bad-checksum-of-iccp.png": {"A"},
    "03a-motion-photo.jpg": {"A", "clipB"},
    "03b-four-jpegs-one-behind-the-other.mjpeg": {"A", "B"},
    "03c-two-pages.tif": {"A", "B"},
    "04-tiff-rgb16-planar.tif": {"A"},
    "05-tiff-grey16-white-is-zero.tif": {"A"},
    "06a-tiff-cmyk-alpha.tif": {"A"},
    "06b-camera-raw.arw": {"A"},
    "08-jpeg-last-2-bytes-missing.jpg": {"A"},
    "09a-begins-in-a-packet.ts": {"clipB"},
    "09b-newline-before.jpg": {"A"},
    "10a-two-streams.mp4": {"clipB"},
    "10b-still-stream-first.mov": {"clipB"},
    "10c-first-stream-unknown.avi": {"clipB"},
    "11-stamps-all-the-same.mkv": {"clipB"},
    "12-clock-jumps-55-years.mkv": {"clipB"},
    "13-edit-list-shows-2-of-11-seconds.mp4": {"clipB"},
    "14-zeroed-middle.ts": {"clipB"},
}
"""What of `base` lies in each."""
NOTED = {
    "06b-camera-raw.arw": "preview",
    "08-jpeg-last-2-bytes-missing.jpg": "",
    "10c-first-stream-unknown.avi": "stream",
    "14-zeroed-middle.ts": "damage",
}
"""Files of which something has to be said, and a word of it."""


@dataclass(frozen=True)
class Node:
    """A joined node without a daemon. `held`: names of `base` by the number of their holding."""

    home: Path
    folder: Path
    held: dict[int, str]

    def lines(self, *words: str | Path, codes: tuple[int, ...] = (0,)) -> list[Line]:
        done = vigil(self.home, *map(str, words), "--json")
        assert "Traceback" not in done.stderr
        assert done.returncode in codes, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    def found(self, *words: str | Path) -> dict[str, set[str]]:
        """By the name of each file, what of `base` a match finds in it."""
        made: dict[str, set[str]] = {}
        for hit in self.lines("match", *words):
            if hit.get("holding") in self.held:
                made.setdefault(Path(hit["subject"]).name, set()).add(self.held[hit["holding"]])
        return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, vectors: Path) -> Iterator[Node]:
    running: Federation
    with federation(tmp_path_factory.mktemp("federation"), "FR", run=False) as running:
        node = Node(running.home("FR").folder, vectors / "files", {})
        lines = node.lines("ingest", node.folder / "base", "--case", "X")
        node.held.update({line["holding"]: Path(line["path"]).stem for line in lines if "holding" in line})
        assert sorted(node.held.values()) == ["A", "B", "clipB"]
        yield node


@pytest.fixture(scope="module")
def found(made: Node) -> dict[str, set[str]]:
    """What one match over the whole folder finds in each file."""
    return made.found(made.folder)


@pytest.fixture(scope="module")
def printed(made: Node) -> dict[str, list[Line]]:
    """The lines of each file and its parts, of one `vigil fingerprint` over the whole folder."""
    lines: dict[str, list[Line]] = {}
    for line in made.lines("fingerprint", made.folder):
        if "path" in line:
            lines.setdefault(Path(line["path"]).name, []).append(line)
    return lines


def notes(lines: list[Line]) -> str:
    """All that is said of a file and its parts."""
    return "; ".join(str(line[key]) for line in lines for key in ("note", "error") if line.get(key))


@pytest.mark.parametrize("name", FOUND)
def test_what_is_in_a_file_is_found(found: dict[str, set[str]], name: str) -> None:
    assert found.get(name, set()) >= FOUND[name]


@pytest.mark.parametrize("name", NOTED)
def test_what_is_wrong_with_a_file_is_said(printed: dict[str, list[Line]], name: str) -> None:
    said = notes(printed[name])
    assert said
    assert NOTED[name] in said


def test_cut_outs_match_each_other(made: Node) -> None:
    """The second is the first saved again by an encoder that clears what is transparent."""
    one, other = (made.folder / name for name in ("07a-cut-out.png", "07b-cut-out-saved-lossless.webp"))
    (line, *_) = made.lines("ingest", one, "--case", "CUT")
    hits = [hit for hit in made.lines("match", other) if "algorithm" in hit]
    assert line["holding"] in {hit.get("holding") for hit in hits}


def test_a_video_cd_is_no_sound_recording(printed: dict[str, list[Line]]) -> None:
    """Names alone are tested: it is the first sectors of a film."""
    assert "sound" not in notes(printed["15-video-cd-head.dat"])


def test_a_list_of_an_old_mac_is_read(made: Node) -> None:
    found = made.found("--hashes", made.folder / "18a-list-cr-only.txt")
    assert set().union(*found.values()) == {"A", "B"}


def test_a_list_of_bare_sha256_is_not_guessed_at(made: Node) -> None:
    listed = made.folder / "18b-list-bare-sha256.txt"
    refused = vigil(made.home, "match", "--hashes", str(listed))
    assert refused.returncode == 2
    assert "--algorithm" in refused.stderr
    found = made.found("--hashes", listed, "--algorithm", "sha256")
    assert set().union(*found.values()) == {"A", "B"}


def test_every_file_of_the_folder_has_a_line_and_its_digests(made: Node, printed: dict[str, list[Line]]) -> None:
    files = {path.name for path in made.folder.rglob("*") if path.is_file()}
    assert set(printed) == files
    assert [name for name, lines in printed.items() if any("sha256" not in line for line in lines)] == []


def test_a_file_whose_size_is_not_stated_is_read(made: Node) -> None:
    (line, *_) = made.lines("fingerprint", "/proc/version", codes=(0, 1))
    assert "sha256" in line or "its size is not stated" in line["error"]
