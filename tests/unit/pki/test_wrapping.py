"""Secrets at rest open with their passphrase and label, and in no other way."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import ConfigError, Damaged, StoreError
from node.pki import files, wrapping
from node.pki.wrapping import Passphrase, unwrap, wrap

EMPTY = Passphrase(b"", allow_empty=True)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real passphrase at the lowest cost that a reader accepts."""
    monkeypatch.setattr(wrapping, "SCRYPT_LOG2_N", wrapping.EMPTY_LOG2_N)


def test_what_is_wrapped_opens_with_the_same_passphrase_and_label(cheap: None) -> None:
    wrapped = wrap(b"a key", Passphrase(b"horse"), label="keys")
    assert unwrap(wrapped, Passphrase(b"horse"), label="keys") == b"a key"
    assert b"a key" not in wrapped


def test_a_wrong_passphrase_gives_a_clear_error(cheap: None) -> None:
    wrapped = wrap(b"a key", Passphrase(b"horse"), label="keys")
    with pytest.raises(Damaged, match="passphrase is wrong") as caught:
        unwrap(wrapped, Passphrase(b"donkey"), label="keys")
    assert "VIGIL_PASSPHRASE" in caught.value.remedy


def test_a_file_of_one_thing_does_not_open_as_another() -> None:
    wrapped = wrap(b"a key", EMPTY, label="node keys")
    with pytest.raises(Damaged):
        unwrap(wrapped, EMPTY, label="hub keys")


@settings(max_examples=60)
@given(secret=st.binary(max_size=40), place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_flipped_bit_opens(secret: bytes, place: int, bit: int) -> None:
    wrapped = bytearray(wrap(secret, EMPTY, label="keys"))
    wrapped[place % len(wrapped)] ^= 1 << bit
    with pytest.raises(Damaged):
        unwrap(bytes(wrapped), EMPTY, label="keys")


@given(cut=st.integers(min_value=0, max_value=80))
def test_a_shortened_file_does_not_open(cut: int) -> None:
    wrapped = wrap(bytes(32), EMPTY, label="keys")
    with pytest.raises(Damaged):
        unwrap(wrapped[:cut], EMPTY, label="keys")


@pytest.mark.parametrize("log2_n", [0, 9, 21, 63, 255])
def test_a_cost_outside_the_bounds_is_refused_before_it_is_paid(log2_n: int) -> None:
    wrapped = bytearray(wrap(b"", EMPTY, label="keys"))
    wrapped[len(wrapping.MAGIC)] = log2_n
    with pytest.raises(Damaged, match="form"):
        unwrap(bytes(wrapped), EMPTY, label="keys")


def test_an_empty_passphrase_is_refused_unless_it_is_allowed() -> None:
    with pytest.raises(ConfigError, match="passphrase is empty"):
        Passphrase(b"")
    assert Passphrase(b"", allow_empty=True).secret == b""


def test_a_passphrase_shows_in_no_repr() -> None:
    assert "horse" not in repr(Passphrase(b"horse"))


def test_files_are_their_owners_alone_and_leave_nothing_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    files.write_atomic(path, b"one")
    files.write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["keys"]


def test_a_write_that_fails_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys"
    files.write_atomic(path, b"one")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match="no space left"):
        files.write_atomic(path, b"two")
    assert path.read_bytes() == b"one"
    assert [each.name for each in tmp_path.iterdir()] == ["keys"]


def test_an_error_of_the_disk_names_no_path(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        files.write_atomic(tmp_path / "absent" / "keys", b"one")
    assert str(tmp_path) not in str(caught.value)
