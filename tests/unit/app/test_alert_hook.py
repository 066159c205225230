"""The administrator's command and mail for alerts: no shell, nothing in the environment, and within their time."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from node.app.alert_hook import hook_of, run_command, send_mail
from node.config import parse
from node.errors import ConfigError, Unavailable

NODE = {"role": "node", "federation": "test.vigil", "member": "FR", "hub": "h:1", "enrolment": "h:2"}


def script(folder: Path, text: str) -> str:
    path = folder / "hook"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def test_the_command_gets_the_message_as_its_one_argument(tmp_path: Path) -> None:
    run_command(script(tmp_path, f'echo "$#|$1" > {tmp_path}/told; pwd >> {tmp_path}/told'), "Vigil: 1 new alert; $(x)")
    assert (tmp_path / "told").read_text() == "1|Vigil: 1 new alert; $(x)\n/\n"


def test_the_command_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    run_command(script(tmp_path, f"/usr/bin/env > {tmp_path}/seen"), "x")
    assert "secret" not in (tmp_path / "seen").read_text()


@pytest.mark.parametrize(("text", "words"), [("exit 3", "code 3"), ("sleep 60", "more than")])
def test_a_command_that_fails_or_hangs_is_trouble(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Unavailable, match=words):
        run_command(script(tmp_path, text), "x", seconds=0.5)


def test_a_command_that_is_not_there_is_trouble(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be run"):
        run_command(str(tmp_path / "none"), "x")


def test_mail_goes_to_the_relay_with_the_message_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        got: list[bytes] = []
        thread = threading.Thread(target=_relay, args=(server, got))
        thread.start()
        send_mail("duty@police.example", "Vigil: 2 new alerts", ("127.0.0.1", server.getsockname()[1]))
        thread.join()
    mail = b"".join(got).decode()
    assert "Subject: Vigil: 2 new alerts" in mail
    assert "To: duty@police.example" in mail


def _relay(server: socket.socket, got: list[bytes]) -> None:
    """As much of a mail relay as one mail needs."""
    connection, _ = server.accept()
    with connection, connection.makefile("rwb") as file:
        file.write(b"220 relay\r\n")
        file.flush()
        is_text = False
        for line in file:
            got.append(line)
            if is_text and line != b".\r\n":
                continue
            is_text = line.upper() == b"DATA\r\n"
            ended = line.upper() == b"QUIT\r\n"
            file.write(b"354 go on\r\n" if is_text else b"221 bye\r\n" if ended else b"250 ok\r\n")
            file.flush()
            if ended:
                return


def test_mail_without_a_relay_is_trouble() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unavailable, match="was not sent"):
        send_mail("duty@police.example", "x", ("127.0.0.1", port))


def test_the_settings_are_checked() -> None:
    assert hook_of(parse(NODE, {})) is None
    assert hook_of(parse({**NODE, "alert_mail": "duty@police.example"}, {})) is not None
    for wrong in ({"alert_command": "notify"}, {"alert_mail": "a@b, c@d"}, {"alert_mail": "a\nb"}):
        with pytest.raises(ConfigError):
            parse({**NODE, **wrong}, {})
    with pytest.raises(ConfigError, match="only a node"):
        parse({**NODE, "role": "hub", "member": "", "alert_mail": "duty"}, {})
