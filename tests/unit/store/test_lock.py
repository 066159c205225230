"""One process owns a folder."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from node.errors import AlreadyRunning, StoreError
from node.store.lock import LOCK_NAME, own

_HOLDER = """
import sys
from pathlib import Path
from node.store.lock import own
with own(Path(sys.argv[1])):
    print("owned", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that owns `folder` until its standard input ends."""
    command = [sys.executable, "-c", _HOLDER, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "owned\n"
    return process


def test_a_folder_that_another_process_owns_is_refused_with_its_pid(tmp_path: Path) -> None:
    other = holder(tmp_path)
    try:
        with pytest.raises(AlreadyRunning, match=f"process {other.pid} ") as caught, own(tmp_path):
            pass
        assert "daemon" in caught.value.remedy
    finally:
        other.communicate()
    with own(tmp_path):
        assert (tmp_path / LOCK_NAME).read_text() == f"{os.getpid()}\n"
    assert (tmp_path / LOCK_NAME).read_text() == ""


def test_an_owner_that_was_killed_owns_nothing_more(tmp_path: Path) -> None:
    other = holder(tmp_path)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    with own(tmp_path):
        pass


def test_two_blocks_of_one_process_do_not_both_own(tmp_path: Path) -> None:
    with own(tmp_path), pytest.raises(AlreadyRunning, match=f"process {os.getpid()} "), own(tmp_path):
        pass


def test_a_worker_that_outlives_its_owner_does_not_keep_the_lock(tmp_path: Path) -> None:
    with own(tmp_path):
        command = [sys.executable, "-c", "print('running', flush=True); input()"]
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False)
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"running\n"
    try:
        with own(tmp_path):
            pass
    finally:
        worker.communicate(b"\n")


def test_the_file_is_for_its_owner_alone_and_stays(tmp_path: Path) -> None:
    with own(tmp_path):
        assert stat.S_IMODE((tmp_path / LOCK_NAME).stat().st_mode) == 0o600
    assert (tmp_path / LOCK_NAME).exists()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError), own(tmp_path / "nowhere"):
        pass


def test_an_error_inside_the_block_passes_and_frees_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), own(tmp_path):
        raise ZeroDivisionError
    with own(tmp_path):
        pass
