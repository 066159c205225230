"""`vigil fingerprint`, run as a person runs it: lines, exit codes, and what bad files get."""

import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from tests.unit.media.pictures import encoded, scene

ROOT = Path(__file__).resolve().parents[2]
KEYS = ["path", "media_type", "size", "md5", "sha1", "sha256", "pdq", "pdq_quality", "phash"]
COMMAND = (sys.executable, "-m", "node.cli.main", "fingerprint")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def vigil(*arguments: str | Path, cwd: Path = ROOT) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, JSON lines and words of `vigil fingerprint --json ...`."""
    done = subprocess.run(
        [*COMMAND, "--json", *map(str, arguments)],
        capture_output=True,
        check=False,
        cwd=cwd,
        env=ENVIRONMENT,
        text=True,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def bomb() -> bytes:
    """A PNG of 50,000 x 50,000 pixels in a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_folder_of_good_and_bad_files_gives_a_line_each(tmp_path: Path) -> None:
    photo = scene(400, 300)
    jpeg = encoded(photo, "JPEG", quality=92)
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    files = {
        "a-bomb.png": bomb(),
        "b-cut.jpg": jpeg[: len(jpeg) // 2],
        "c-text.jpg": b"no picture at all\n",
        "d-hollow.png": b"",
        "e-plain.png": encoded(Image.new("RGB", (90, 60), "navy"), "PNG"),
        "f-good.jpg": jpeg,
        "g-lying.png": jpeg,
        "h-noname": jpeg,
        "i-turned.png": encoded(photo.transpose(Image.Transpose.ROTATE_90), "PNG", exif=turned),
        "sub/j-moving.gif": encoded(photo.quantize(), "GIF", save_all=True, append_images=[scene(400, 300, 2)]),
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    code, lines, words = vigil(tmp_path)
    assert code == 0
    assert [line["path"] for line in lines] == [str(tmp_path / name) for name in files]
    by_name = dict(zip(files, lines, strict=True))
    notes = {name: line["note"] for name, line in by_name.items() if line.get("note")}
    assert notes == {
        "a-bomb.png": "too many pixels: 50000 x 50000, the limit is 200000000 in all",
        "b-cut.jpg": "truncated JPEG: 143 of 300 rows could be decoded",
        "d-hollow.png": "empty file",
    }
    assert by_name["c-text.jpg"]["media_type"] == "text/plain"
    alone = [name for name, line in by_name.items() if line["pdq"] is None]
    assert alone == ["a-bomb.png", "c-text.jpg", "d-hollow.png"]
    assert by_name["a-bomb.png"]["sha256"] == hashlib.sha256(files["a-bomb.png"]).hexdigest()
    assert words.endswith("10 files: 7 fingerprinted, 2 by digests alone, 1 empty.\n")
    good = [line for name, line in by_name.items() if name not in (*alone, "b-cut.jpg")]
    moving = by_name["sub/j-moving.gif"]
    assert all(list(line) == KEYS for line in good if line is not moving)
    assert list(moving) == [*KEYS, "frames", "duration", "note"]
    assert [frame["seconds"] for frame in moving["frames"]] == [0.0, 0.1]
    assert moving["frames"][0] == {"seconds": 0.0, "pdq": moving["pdq"], "quality": moving["pdq_quality"]}
    assert (moving["duration"], moving["note"]) == (0.2, None)
    assert by_name["e-plain.png"]["pdq_quality"] == 0
    assert by_name["g-lying.png"]["media_type"] == "image/jpeg"
    assert {**by_name["h-noname"], "path": ""} == {**by_name["f-good.jpg"], "path": ""}
    assert by_name["f-good.jpg"]["sha256"] == hashlib.sha256(jpeg).hexdigest()
    assert by_name["f-good.jpg"]["md5"] == hashlib.md5(jpeg, usedforsecurity=False).hexdigest()
    assert by_name["f-good.jpg"]["sha1"] == hashlib.sha1(jpeg, usedforsecurity=False).hexdigest()
    for name in ("i-turned.png", "sub/j-moving.gif"):
        assert bits(by_name[name]["pdq"], by_name["f-good.jpg"]["pdq"]) <= 31, name


def bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_good_files_end_in_exit_code_nought(vectors: Path) -> None:
    code, lines, words = vigil(vectors / "pdq" / "small.jpg", vectors / "pdq" / "aaa-orig.jpg")
    assert (code, words) == (0, "2 files: 2 fingerprinted.\n")
    assert [line["pdq_quality"] for line in lines] == [0, 100]
    assert lines[0]["pdq"] == "0007001f003f003f007f00ff00ff00ff01ff01ff01ff03ff03ff03ff03ff03ff"


def test_paths_are_printed_as_they_were_typed(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 \x1b[2J.png")
    (tmp_path / name).write_bytes(encoded(scene(), "PNG"))
    code, [found, gone], _words = vigil(name, "gone", cwd=tmp_path)
    assert code == 1
    assert found["path"] == name
    assert gone == {"path": "gone", "error": "no such file or folder"}
    shown = subprocess.run([*COMMAND, name], capture_output=True, check=True, cwd=tmp_path, env=ENVIRONMENT).stdout
    assert b"\x1b" not in shown


def test_people_are_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "plain.png").write_bytes(encoded(Image.new("RGB", (90, 60), "navy"), "PNG"))
    done = subprocess.run(
        [*COMMAND, "plain.png", "gone"], capture_output=True, check=False, cwd=tmp_path, env=ENVIRONMENT, text=True
    )
    assert done.returncode == 1
    assert "quality 0: a picture without detail; it never matches by PDQ" in done.stdout
    assert "gone: no such file or folder" in done.stdout
    assert done.stderr == "2 files: 1 fingerprinted, 1 unreadable.\n"


def test_people_are_told_what_moves_and_where_it_was_cut_off(tmp_path: Path) -> None:
    shown = [scene(200, 150, seed) for seed in range(1, 9)]
    whole = encoded(shown[0], "GIF", save_all=True, append_images=shown[1:], duration=500)
    (tmp_path / "moving.gif").write_bytes(whole)
    (tmp_path / "cut.gif").write_bytes(whole[: len(whole) * 6 // 10])
    done = subprocess.run(
        [*COMMAND, "moving.gif", "cut.gif"], capture_output=True, check=True, cwd=tmp_path, env=ENVIRONMENT, text=True
    )
    of_whole, of_cut = done.stdout.split("cut.gif\n")
    assert "  moving   4.0 seconds, 8 frames of it hashed\n" in of_whole
    assert "      0.5 s " in of_whole
    assert of_whole.endswith("            and 3 more frames (all of them: --json)\n")
    assert "frames were read: truncated GIF\n" in of_cut


def test_an_empty_folder_is_told_of(tmp_path: Path) -> None:
    assert vigil(tmp_path) == (0, [], "no files found\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument"),
        (("--workers", "0", "x"), "--workers"),
        (("--colour", "x"), "No such option"),
    ],
)
def test_a_slip_of_the_keyboard_is_a_usage_error(arguments: tuple[str, ...], message: str) -> None:
    code, [line], words = vigil(*arguments)
    assert code == 2
    assert line["kind"] == "usage"
    assert message in line["error"]
    assert line["remedy"] in words


def test_no_command_starts_slowly() -> None:
    """What only a worker needs is not imported to print a page of help."""
    program = (
        "import sys; from node.cli.main import run; run(['--help']); run(['fingerprint', '--help'])\n"
        "sys.exit(', '.join({'numpy', 'PIL', 'numba', 'imagehash', 'grpc', 'sqlalchemy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, cwd=ROOT, env=ENVIRONMENT, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_reads_files_is_loaded_by_workers_alone() -> None:
    """A command that has files read loads no decoder and no compiler in its own process."""
    program = (
        "import sys; import node.media.pool\n"
        "sys.exit(', '.join({'numpy', 'PIL', 'av', 'numba', 'imagehash', 'tifffile'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, cwd=ROOT, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interrupt_ends_it_and_its_workers(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number:03}.png").write_bytes(encoded(scene(300, 200, number), "PNG"))
    running = subprocess.Popen(
        [*COMMAND, "--json", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=ENVIRONMENT
    )
    assert running.stdout is not None
    assert json.loads(running.stdout.readline())["pdq"]
    workers = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    assert workers
    running.send_signal(signal.SIGINT)
    _out, words = running.communicate()
    assert running.returncode == 130
    assert words == b"error: interrupted\n"
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]


def test_a_reader_that_closes_our_output_ends_it_quietly(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number:03}.png").write_bytes(encoded(scene(60, 40, number), "PNG"))
    running = subprocess.Popen(
        [*COMMAND, "--json", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=ENVIRONMENT
    )
    assert running.stdout is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait() == 1
