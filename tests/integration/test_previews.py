"""Previews in a real node: made by the command, kept by the daemon, shown at the desk, gone with the holding."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from node.app.desk_process import SocketDaemon
from node.app.sessions import socket_path
from node.errors import NotFound, Refused
from tests.integration.pictures import picture
from tests.integration.processes import Federation, Line, federation, vigil

WANTED = {"VIGIL_PREVIEWS": "yes", "VIGIL_PREVIEW_BUDGET": "3"}
INGEST = ("ingest", "--case", "T-1", "--json")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("previews"), "FR") as running:
        running.stop("FR")
        running.start("FR", WANTED)
        yield running


def at_the_desk(made: Federation, token: str, command: str, arguments: Line | None = None) -> list[Line]:
    """What the daemon answers to the desk in a session."""

    async def run() -> list[Line]:
        daemon = SocketDaemon(socket_path(made.home("FR")))
        return [line async for line in daemon.call(command, arguments or {}, bytes.fromhex(token))]

    return asyncio.run(run())


def segments(made: Federation) -> bytes:
    folder = made.home("FR").previews
    return b"".join(each.read_bytes() for each in sorted(folder.glob("*.seg"))) if folder.exists() else b""


def test_a_preview_is_made_shown_once_and_destroyed(made: Federation, tmp_path: Path) -> None:
    home = made.home("FR").folder
    picture(tmp_path / "in" / "one.jpg", 1)
    picture(tmp_path / "in" / "two.jpg", 2)
    ran = vigil(home, *INGEST, str(tmp_path / "in"))
    assert ran.returncode == 0, ran.stderr
    taken = [json.loads(line) for line in ran.stdout.splitlines()]
    one = next(line["holding"] for line in taken if str(line.get("path", "")).endswith("one.jpg"))
    assert len(segments(made)) > 1_000

    made.run("FR", "officer-add", {"name": "Ada", "role": "investigator"})
    code = made.run("FR", "desk-invite", {"officer": "Ada"})[0]["code"]
    (signed_in,) = at_the_desk(made, "", "sign-in-code", {"code": code})
    token = signed_in["token"]
    assert signed_in["previews"] is True

    (covered,) = at_the_desk(made, token, "sheet-covered", {"holdings": [one], "places": [0]})
    assert (covered["missing"], Image.open(BytesIO(b64decode(covered["sprite"]))).size) == ([], (320, 32))

    (granted,) = at_the_desk(made, token, "reveal", {"holding": one, "slot": 1})
    (shown,) = at_the_desk(made, token, "revealed", {"grant": granted["grant"]})
    clear = b64decode(shown["image"])
    with Image.open(tmp_path / "in" / "one.jpg") as original:
        assert max(Image.open(BytesIO(clear)).size) == min(max(original.size), 256)
    assert clear[:64] not in segments(made)
    with pytest.raises(NotFound):
        at_the_desk(made, token, "revealed", {"grant": granted["grant"]})

    at_the_desk(made, token, "reveal", {"holding": one, "slot": 1})
    at_the_desk(made, token, "reveal", {"holding": one, "slot": 1})
    with pytest.raises(Refused, match="limit"):
        at_the_desk(made, token, "reveal", {"holding": one, "slot": 1})
    assert at_the_desk(made, token, "media-views")[0]["today"] == 3
    audit = made.run("FR", "read-audit", {})
    assert sum("clear preview" in json.dumps(line) and '"Ada"' in json.dumps(line) for line in audit) == 3

    before = segments(made)
    made.run("FR", "delete", {"holdings": [str(one)], "yes": True})
    after = segments(made)
    assert len([piece for piece in range(0, len(before) - 64, 64) if before[piece : piece + 64] not in after]) > 10
    with pytest.raises(NotFound):
        at_the_desk(made, token, "reveal", {"holding": one, "slot": 1})


def test_a_node_that_wants_none_any_more_has_none(made: Federation, tmp_path: Path) -> None:
    home = made.home("FR").folder
    picture(tmp_path / "in" / "three.jpg", 3)
    assert vigil(home, *INGEST, str(tmp_path / "in")).returncode == 0
    assert segments(made)
    made.stop("FR")
    made.start("FR")
    assert not segments(made)
    picture(tmp_path / "in" / "four.jpg", 4)
    assert vigil(home, *INGEST, str(tmp_path / "in")).returncode == 0
    assert not segments(made)
    ran = vigil(home, *INGEST, "--previews", str(tmp_path / "in"))
    assert ran.returncode != 0
    assert "keeps no previews" in ran.stderr
