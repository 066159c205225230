"""A confined worker can do what decoding needs, and nothing else."""

import errno
import json
import os
import platform
import struct
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.material import VideoFingerprints
from node.errors import MediaError
from node.media import calls, confine, landlock, pool, seccomp
from node.media.calls import ALLOWED, COMMON_FROM, MACHINES, MISSED, Machine
from node.media.course import Examined
from node.media.seccomp import Ports
from tests.conftest import absent
from tests.kinds import documents, holders
from tests.unit.media.hostile import originals
from tests.unit.media.listening import told_of
from tests.unit.media.pictures import encoded, scene
from tests.unit.media.videos import Scene, write_loud, write_video

ALLOW, REFUSE, END = 0x7FFF0000, 0x00050000, 0x80000000
PORTS = Ports(tasks=0, written=(1, 2, 3), scratch=4)
WE = 1234
BOUND = (
    "write",
    "writev",
    "pwrite64",
    "ftruncate",
    "recvmsg",
    "fcntl",
    "prctl",
    "mmap",
    "mprotect",
    "madvise",
    "clone",
    "tgkill",
    "prlimit64",
)
"""Calls whose arguments decide."""


# --- the filter as the kernel runs it ---------------------------------------------------------------------------------


def verdict(machine: Machine, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the filter says of a call, by an interpreter of the classic BPF that it is written in."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, machine.audit if audit is None else audit, 0, *words)
    code = list(struct.iter_unpack("=HBBI", seccomp.program(machine, PORTS, process=WE)))
    assert len(code) <= 4096  # BPF_MAXINSNS
    at = accumulator = 0
    while True:
        operation, when_true, when_false, value = code[at]
        at += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x15:
                at += when_true if accumulator == value else when_false
            case 0x35:
                at += when_true if accumulator >= value else when_false
            case 0x45:
                at += when_true if accumulator & value else when_false
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(operation)


@pytest.fixture(params=sorted(MACHINES))
def machine(request: pytest.FixtureRequest) -> Machine:
    return MACHINES[request.param]


def test_what_decoding_needs_is_allowed(machine: Machine) -> None:
    for name in ALLOWED:
        if name in machine.numbers:
            assert verdict(machine, machine.numbers[name]) == ALLOW, name


def test_what_a_library_does_without_is_refused_by_a_number(machine: Machine) -> None:
    for name, number in MISSED.items():
        if name in machine.numbers:
            assert verdict(machine, machine.numbers[name]) == REFUSE | number, name


def test_each_call_that_is_numbered_has_a_rule(machine: Machine) -> None:
    assert set(machine.numbers) <= {*ALLOWED, *MISSED, *BOUND}


@pytest.mark.parametrize("name", sorted(MACHINES))
@given(number=st.integers(0, 2**32 - 1), arguments=st.lists(st.integers(0, 2**64 - 1), min_size=6, max_size=6))
def test_nothing_that_is_not_named_is_allowed(name: str, number: int, arguments: list[int]) -> None:
    machine = MACHINES[name]
    if number not in machine.numbers.values():
        expected = REFUSE | errno.ENOSYS if COMMON_FROM <= number < machine.foreign_from else END
        assert verdict(machine, number, *arguments) == expected


def test_another_machines_calls_end_the_worker(machine: Machine) -> None:
    i386 = 0x40000003
    assert verdict(machine, machine.numbers["read"], audit=i386) == END
    assert verdict(machine, 0x40000000 + machine.numbers["read"]) == END


@pytest.mark.parametrize(
    ("call", "good", "bad"),
    [
        ("write", (3, 0, 1), (0, 0, 1)),
        ("write", (1,), (4,)),
        ("writev", (2,), (0,)),
        ("pwrite64", (4,), (3,)),
        ("ftruncate", (4,), (0,)),
        ("recvmsg", (0,), (3,)),
        ("fcntl", (3, 1030), (3, 8)),
        ("fcntl", (3, 3), (3, 4)),
        ("prctl", (15,), (4,)),
        ("mmap", (0, 4096, 3), (0, 4096, 5)),
        ("mprotect", (0, 4096, 1), (0, 4096, 4)),
        ("madvise", (0, 4096, 4), (0, 4096, 100)),
        ("clone", (0x3D0F00,), (0x1200011,)),
        ("clone", (0x10000,), (0x10010000,)),
        ("clone", (0x10000,), (0x10000 | 0x80,)),
        ("tgkill", (WE, WE, 6), (1, 1, 9)),
        ("prlimit64", (0, 0), (1, 0)),
    ],
)
def test_a_call_is_bound_to_arguments_that_reach_nobody_else(
    machine: Machine, call: str, good: tuple[int, ...], bad: tuple[int, ...]
) -> None:
    assert verdict(machine, machine.numbers[call], *good) == ALLOW
    assert verdict(machine, machine.numbers[call], *bad) != ALLOW


def test_the_filter_of_this_machine_is_known() -> None:
    assert platform.machine() in MACHINES
    assert platform.machine() in seccomp.SECCOMP


# --- what a decoder that was taken over finds -------------------------------------------------------------------------


def test_every_escape_is_refused(tmp_path: Path) -> None:
    """Of everything that was tried once, and of every number that is not named."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.unit.media.escapes", tmp_path], capture_output=True, text=True, check=True
    )
    outcomes = {line["attempt"]: line["outcome"] for line in map(json.loads, told.stdout.splitlines())}
    assert outcomes.pop("the other process") == "alive"
    assert len(outcomes) > 300
    assert [name for name, outcome in outcomes.items() if not outcome.startswith(("refused ", "stopped "))] == []
    assert [path.name for path in tmp_path.iterdir()] == ["evidence"]


def in_a_child(code: str) -> str:
    """What a new process prints; its confinement is its own."""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return told.stdout.strip()


def test_landlock_alone_refuses_every_file() -> None:
    if not landlock.version():
        absent("this kernel has no Landlock")
    code = """
import ctypes
from node.media import landlock
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
assert landlock.refuse_everything()
try:
    open("/etc/passwd")
except PermissionError:
    print("refused")
"""
    assert in_a_child(code) == "refused"


def test_a_thread_that_ran_before_is_confined_too() -> None:
    code = """
import os, threading
from node.media import confine
from node.media.seccomp import Ports
go = threading.Event()
def later():
    go.wait()
    try:
        os.open("/etc/passwd", os.O_RDONLY)
    except PermissionError:
        os.write(1, b"refused")
    os._exit(0)
thread = threading.Thread(target=later)
thread.start()
confine.confine(Ports(tasks=0, written=(1, 2), scratch=3), 0)
go.set()
thread.join()
"""
    assert in_a_child(code) == "refused"


def test_a_worker_of_root_is_nobody() -> None:
    if os.geteuid() != 0:
        absent("only root can become another user")
    code = """
import os
from node.media import confine
confine.drop_privileges()
said = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
assert set(said["Uid"].split()) == set(said["Gid"].split()) == {str(confine.USERS_FROM + os.getpid())}, said
assert said["Groups"].split() == []
assert not any(int(said[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"))
print("nobody")
"""
    assert in_a_child(code) == "nobody"


def test_a_machine_without_a_filter_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "limit_resources", lambda _room: None)
    monkeypatch.setattr(confine, "drop_privileges", lambda: None)
    monkeypatch.setattr(landlock, "refuse_everything", lambda: False)
    monkeypatch.setattr(seccomp, "install", lambda *_: False)
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: _Agreeing())
    with pytest.raises(confine.Unconfined):
        confine.confine(PORTS, 0)


class _Agreeing:
    """A C library whose every call succeeds and does nothing."""

    @staticmethod
    def prctl(*_: int) -> int:
        return 0


# --- and what it can still do -----------------------------------------------------------------------------------------


def test_a_confined_worker_reads_what_an_unconfined_process_reads(tmp_path: Path, vectors: Path) -> None:
    """Every kind of picture, film and holder, whole and odd: the same fingerprints, notes, words and parts."""
    for name, data in originals().items():
        (tmp_path / name).write_bytes(data)
    for suffix in (".mp4", ".webm", ".avi", ".ts", ".mpg", ".mkv"):
        write_video(tmp_path / f"film{suffix}", Scene(3), seconds=1, rate=25 if suffix == ".mpg" else 10)
    for name, data in _holders().items():
        (tmp_path / f"{name}.held").write_bytes(data)
    write_loud(tmp_path / "loud.mkv", tmp_path / "film.mp4", seconds=1)
    files = [path for folder in (tmp_path, vectors / "files", vectors / "video") for path in folder.rglob("*")]
    files = sorted(path for path in files if path.is_file())
    assert [_said(each) for each in pool.fingerprint_files(files, workers=2)] == [
        _said(each) for path in files for each in told_of(path)
    ]


def _holders() -> dict[str, bytes]:
    """Files that hold a JPEG, a PNG and a text, one in the other."""
    pictures = [encoded(scene(80, 60), "JPEG"), encoded(scene(80, 60, 3), "PNG")]
    members = {"a.jpg": pictures[0], "b.png": pictures[1], "c.txt": b"text"}
    made = {
        "zip": holders.zip_of(members), "tar": holders.tar_of(members), "7z": holders.seven_zip_of(members),
        "rar": holders.rar_of(members), "cab": holders.cab_of(members), "ar": holders.ar_of(members),
        "cpio": holders.cpio_of(members), "gz": holders.gzip_of(pictures[0]), "bz2": holders.bzip2_of(pictures[0]),
        "xz": holders.xz_of(pictures[0]), "letter": documents.old_letter_of(pictures),
        "sheet": documents.old_sheet_of(pictures), "outlook": documents.outlook_message_of(members),
        "thumbs": documents.thumbs_db_of(pictures), "thumbcache": documents.thumbcache_of(pictures),
        "message": documents.message_of(members), "winmail": documents.winmail_of(members),
        "rtf": documents.rich_text_of(pictures),
    }  # fmt: skip
    return {**made, "mailbox": documents.mailbox_of([made["message"]] * 2), "all": holders.zip_of(made)}


def _said(each: Examined) -> object:
    """What matters of a result. A decoder fills missing parts of a damaged film with what is in memory. Such a frame
    shows nothing (quality 0), is never searched, and its hash is not the same twice.
    """
    said = str(each.result) if isinstance(each.result, MediaError) else each.result
    if isinstance(said, VideoFingerprints):
        said = replace(said, frames=tuple(replace(f, pdq=f.pdq if f.quality else b"") for f in said.frames))
    return each.path, each.place, said


def test_a_worker_holds_no_descriptor_but_its_own(tmp_path: Path) -> None:
    """Not the database, not a socket of the command that started it."""
    (tmp_path / "a.png").write_bytes(originals()["png"])
    secret = os.open(tmp_path / "secret", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(secret, True)
    results = pool.fingerprint_files([tmp_path / "a.png"] * 3, workers=1)
    before = _children()
    try:
        next(results)
        (worker,) = _children() - before
        held = {str(entry.readlink()) for entry in Path(f"/proc/{worker}/fd").iterdir()}
    except PermissionError:
        absent("only root may look into a confined worker")
    finally:
        results.close()  # type: ignore[attr-defined]  # an Iterator that is a generator
        os.close(secret)
    names = {name.split(":")[0] for name in held}
    assert names - {name for name in names if name.endswith("(deleted)")} <= {
        "socket", "pipe", os.devnull, f"/proc/{worker}/status", str(tmp_path / "a.png"),
    }  # fmt: skip
    assert sum(name.endswith("(deleted)") for name in names) == 1  # the scratch file


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())


def test_numbers_are_those_of_the_kernels_tables(machine: Machine) -> None:
    """No number stands for two calls, and those that all machines share are the same."""
    assert len(set(machine.numbers.values())) == len(machine.numbers)
    shared = {name for name, number in machine.numbers.items() if number >= calls.COMMON_FROM}
    assert all(each.numbers[name] == machine.numbers[name] for each in MACHINES.values() for name in shared)
