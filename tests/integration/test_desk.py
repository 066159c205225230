"""A desk as a process of its own beside a node: TLS, sign-in by a code, and a daemon that goes and comes back."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from tests.integration.processes import Daemon, Federation, environment, federation, vigil

OFFICER = "Anna Durand"


@contextmanager
def desk(made: Federation, name: str) -> Iterator[str]:
    """`vigil desk run` of a home; gives its address."""
    log = made.root / f"{name}-desk.log"
    with log.open("a") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "node.cli.main", "desk", "run", "--listen", "127.0.0.1:0", "--json"],
            env={key: value for key, value in environment(made.root / name).items() if key != "VIGIL_PASSPHRASE"},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    daemon = Daemon(process, log)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log.read_text()[-2000:]
        yield str(json.loads(line)["address"])
    finally:
        assert daemon.stop() == 0, log.read_text()[-2000:]
    assert OFFICER not in log.read_text()


def browser(made: Federation, name: str, address: str) -> httpx.Client:
    """A client that trusts the desk's certificate alone, and sends what a browser sends with a form."""
    context = ssl.create_default_context(cafile=str(made.root / name / "desk" / "desk.pem"))
    headers = {"origin": address, "sec-fetch-site": "same-origin", "accept-language": "fr"}
    return httpx.Client(base_url=address, verify=context, headers=headers)


def code(made: Federation, name: str) -> str:
    """A one-time code, as the administrator makes it."""
    done = vigil(made.root / name, "desk", "invite", OFFICER, "--json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["code"])


def sign_in(made: Federation, name: str, client: httpx.Client) -> None:
    answer = client.post("/sign-in/code", data={"code": code(made, name), "next": "/desk"})
    assert (answer.status_code, answer.headers["location"]) == (HTTPStatus.SEE_OTHER, "/desk")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), "FR") as running:
        done = vigil(running.root / "FR", "node", "officers", "add", OFFICER, "--role", "investigator")
        assert done.returncode == 0, done.stderr
        yield running


def test_an_officer_signs_in_with_a_code_once_and_signs_out(made: Federation) -> None:
    with desk(made, "FR") as address, browser(made, "FR", address) as client:
        assert client.get("/desk").headers["location"] == "/sign-in?next=/desk"
        once = code(made, "FR")
        answer = client.post("/sign-in/code", data={"code": once})
        assert answer.status_code == HTTPStatus.SEE_OTHER
        cookie = answer.headers["set-cookie"]
        assert re.match(r"__Host-[^;]+;", cookie)
        assert {"httponly", "secure", "samesite=strict", "path=/"} <= {
            each.strip().lower() for each in cookie.split(";")
        }
        board = client.get("/desk")
        assert board.status_code == HTTPStatus.OK
        assert '<html lang="fr"' in board.text
        assert OFFICER in board.text
        assert "default-src 'none'" in board.headers["content-security-policy"]
        with browser(made, "FR", address) as second:
            assert second.post("/sign-in/code", data={"code": once}).status_code == HTTPStatus.FORBIDDEN
        kept = dict(client.cookies)
        assert client.post("/sign-out").headers["location"] == "/sign-in"
        with browser(made, "FR", address) as replay:
            replay.cookies.update(kept)
            assert replay.get("/desk").status_code == HTTPStatus.SEE_OTHER


def test_a_form_of_another_site_is_refused(made: Federation) -> None:
    with desk(made, "FR") as address, browser(made, "FR", address) as client:
        sign_in(made, "FR", client)
        for headers in (
            {"origin": "https://elsewhere.example"},
            {"sec-fetch-site": "cross-site"},
            {"host": "elsewhere"},
        ):
            answer = client.post("/sign-out", headers=headers)
            assert answer.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST}
        assert client.get("/desk").status_code == HTTPStatus.OK


def test_a_revoked_session_and_a_disabled_officer_have_no_page(made: Federation) -> None:
    home = made.root / "FR"
    with desk(made, "FR") as address, browser(made, "FR", address) as client:
        sign_in(made, "FR", client)
        assert vigil(home, "desk", "revoke", "--all-of", OFFICER).returncode == 0
        assert client.get("/desk").status_code == HTTPStatus.SEE_OTHER
        sign_in(made, "FR", client)
        assert vigil(home, "node", "officers", "disable", OFFICER).returncode == 0
        assert client.get("/desk").status_code == HTTPStatus.SEE_OTHER
        assert vigil(home, "node", "officers", "enable", OFFICER).returncode == 0


def test_a_desk_outlives_its_daemon_and_says_when_it_is_away(made: Federation) -> None:
    with desk(made, "FR") as address, browser(made, "FR", address) as client:
        sign_in(made, "FR", client)
        made.stop("FR")
        away = client.get("/desk", headers={"accept-language": "en"})
        assert away.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "start the daemon" in away.text
        made.start("FR")
        assert client.get("/desk").status_code == HTTPStatus.OK


def test_the_audit_log_has_each_sign_in(made: Federation) -> None:
    done = vigil(made.root / "FR", "audit", "--json")
    acts = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert any(OFFICER in json.dumps(each) and "sign" in json.dumps(each) for each in acts)


def test_a_desk_whose_client_authority_is_missing_does_not_start(made: Federation, tmp_path: Path) -> None:
    """A missing file must not switch the check of certificates off."""
    done = vigil(
        made.root / "FR", "desk", "run", "--listen", "127.0.0.1:0", "--client-ca", str(tmp_path / "missing.pem")
    )
    assert done.returncode == 2
    assert "--client-ca" in done.stderr


def test_a_desk_whose_port_is_taken_says_so(made: Federation) -> None:
    with desk(made, "FR") as address:
        port = address.rpartition(":")[2]
        done = vigil(made.root / "FR", "desk", "run", "--listen", f"127.0.0.1:{port}")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"127.0.0.1:{port}" in done.stderr
