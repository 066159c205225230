"""The headers by which a peer knows a node: which files are taken, and that nothing of them is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from node.app.peer_credentials import Credentials, read_credentials
from node.errors import Misuse


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret-name"
    path.touch(0o600)
    return path


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("Authorization: k3y\n", {"Authorization": "k3y"}),
        ("Authorization:Bearer a.b-c=", {"Authorization": "Bearer a.b-c="}),
        (
            "# StopNCII\n\nx-functions-key: a\r\nOcp-Apim-Subscription-Key: b \n",
            {"x-functions-key": "a", "Ocp-Apim-Subscription-Key": "b"},
        ),
    ],
)
def test_a_file_has_a_header_a_line(file: Path, text: str, headers: dict[str, str]) -> None:
    file.write_text(text)
    assert dict(read_credentials(str(file)).headers) == headers


def test_without_a_file_there_are_none() -> None:
    assert read_credentials("") == Credentials()


@pytest.mark.parametrize(
    "text",
    [
        "", "# nothing\n", "s3cret", "Authorization s3cret", "Authorization: ", ": s3cret", "Author ization: s3cret",
        "Host: s3cret", "Content-Length: 3", "Authorization: s3cret\nauthorization: other", "Authorization: s3cret\0",
        "Authorization: s3cret\x0bx: y", "Authorization: s3cr\u00e9t", "A: " + "s3cret" * 4_000,
    ],
)  # fmt: skip
def test_what_is_no_header_is_refused_without_a_word_of_it(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(Misuse, match="credentials of the peer") as caught:
        read_credentials(str(file))
    assert "s3cr" not in f"{caught.value}{caught.value.remedy}"
    assert "secret-name" not in f"{caught.value}{caught.value.remedy}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_file_that_others_can_reach_is_refused(file: Path, mode: int) -> None:
    file.write_text("Authorization: s3cret")
    file.chmod(mode)
    with pytest.raises(Misuse, match="other users") as caught:
        read_credentials(str(file))
    assert "chmod 600" in caught.value.remedy


def test_a_file_of_another_user_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("Authorization: s3cret")
    if os.geteuid() == 0:
        os.chown(file, 12_345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    with pytest.raises(Misuse, match="other users"):
        read_credentials(str(file))


def test_what_is_no_file_is_told_without_its_path(file: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "secret-pipe", 0o600)
    for path in (tmp_path / "secret-absent", tmp_path, tmp_path / "secret-pipe"):
        with pytest.raises(Misuse, match="cannot be read") as caught:
            read_credentials(str(path))
        assert "secret" not in f"{caught.value}"


def test_the_values_are_in_no_text_of_the_object(file: Path) -> None:
    file.write_text("Authorization: s3cret")
    assert "s3cret" not in repr(read_credentials(str(file)))
