"""Clear previews: asked for by a POST, given once by an address, and never in a page or a cache."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from node.domain.caller import Role
from node.errors import NotFound, Refused, VigilError
from tests.unit.desk.desk_daemon import DeskDaemon, one

GRANT = "ab" * 32
PICTURE = b"\xff\xd8 a picture \xff\xd9"
SCRIPT = {"hx-request": "true"}


def granted(**changed: Any) -> dict[str, Any]:
    line: dict[str, Any] = {"grant": GRANT, "until": 1_700_000_030, "still": 1, "stills": 1}
    return line | {"today": 3, "left": None, "minutes": 12, "break_due": False} | changed


def holding(media_type: str = "image/jpeg") -> dict[str, Any]:
    return {
        "holding": 7,
        "cases": ["A-1"],
        "media_type": media_type,
        "size": 1_000,
        "note": None,
        "level": "national",
        "added_at": 1_700_000_000,
        "record": None,
        "hits": 0,
        "says": None,
        "said": [],
        "files": [],
        "part_of": [],
        "part_of_total": 0,
        "parts": 0,
        "entities": [],
        "original": False,
        "fingerprints": None,
    }


def ask(daemon: DeskDaemon, *, script: bool = True, role: Role = Role.INVESTIGATOR, **form: str) -> httpx.Response:
    data = {"holding": "7", "slot": "2"} | form
    headers = SCRIPT if script else {}
    return one(daemon, lambda client: client.post("/media/reveal", data=data, headers=headers), role)


def test_a_script_gets_an_address_and_the_officers_count() -> None:
    daemon = DeskDaemon(answers={"reveal": [granted()]})
    response = ask(daemon)
    assert daemon.of("reveal") == [{"holding": 7, "slot": 2}]
    assert response.json() == {
        "address": f"/media/{GRANT}",
        "until": 1_700_000_030,
        "count": "You have looked at 3 clear previews today.",
        "rest": "",
    }
    assert response.headers["cache-control"] == "no-store"


def test_without_a_script_the_picture_follows() -> None:
    response = ask(DeskDaemon(answers={"reveal": [granted()]}), script=False)
    assert (response.status_code, response.headers["location"]) == (HTTPStatus.SEE_OTHER, f"/media/{GRANT}")


def test_a_budget_and_a_break_are_said() -> None:
    told = ask(DeskDaemon(answers={"reveal": [granted(today=1, left=1, minutes=50, break_due=True)]})).json()
    assert told["count"] == "You have looked at 1 clear preview today. 1 more is allowed."
    assert told["rest"] == "You have looked at previews for 50 minutes. Take a break now."


@pytest.mark.parametrize("error", [NotFound("there is no preview of this holding"), Refused("that is the limit")])
def test_a_refusal_is_said_and_gives_no_address(error: VigilError) -> None:
    response = ask(DeskDaemon(answers={"reveal": error}))
    assert response.status_code >= HTTPStatus.BAD_REQUEST
    assert GRANT not in response.text
    assert response.headers["vigil-fault"]


def test_an_address_gives_the_picture_and_no_cache_keeps_it() -> None:
    line = {"image": base64.b64encode(PICTURE).decode(), "media_type": "image/jpeg"}
    daemon = DeskDaemon(answers={"revealed": [line]})
    response = one(daemon, lambda client: client.get(f"/media/{GRANT}"))
    assert daemon.of("revealed") == [{"grant": GRANT}]
    assert response.content == PICTURE
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "image/png", ""])
def test_what_is_no_preview_is_not_shown(media_type: str) -> None:
    line = {"image": base64.b64encode(b"<script>").decode(), "media_type": media_type}
    response = one(DeskDaemon(answers={"revealed": [line]}), lambda client: client.get(f"/media/{GRANT}"))
    assert response.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    assert response.content == b""


def test_an_address_that_was_used_gives_nothing() -> None:
    daemon = DeskDaemon(answers={"revealed": NotFound("this address counts no more")})
    response = one(daemon, lambda client: client.get(f"/media/{GRANT}"))
    assert response.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.RELEASER, Role.OPERATOR])
def test_only_roles_with_media_see_a_picture(role: Role) -> None:
    daemon = DeskDaemon(answers={"reveal": [granted()], "revealed": [{"image": "", "media_type": "image/jpeg"}]})
    assert ask(daemon, role=role).status_code == HTTPStatus.FORBIDDEN
    shown = one(daemon, lambda client: client.get(f"/media/{GRANT}"), role)
    assert shown.status_code == HTTPStatus.FORBIDDEN
    assert daemon.of("reveal") == daemon.of("revealed") == []


@pytest.mark.parametrize(
    ("role", "previews", "shown"),
    [
        (Role.INVESTIGATOR, True, True),
        (Role.MEDIA_REVIEWER, True, True),
        (Role.RELEASER, True, False),
        (Role.INVESTIGATOR, False, False),
    ],
)
def test_a_holding_offers_its_preview_covered(role: Role, previews: bool, shown: bool) -> None:
    daemon = DeskDaemon(answers={"holding": [holding()]}, previews=previews)
    page = one(daemon, lambda client: client.get("/holdings/7"), role)
    assert page.status_code == HTTPStatus.OK
    assert ('action="/media/reveal"' in page.text) == shown
    assert ('name="holding" value="7"' in page.text) == shown
    assert "<img" not in page.text
    assert daemon.of("reveal") == []


@pytest.mark.parametrize(("media_type", "slots"), [("image/jpeg", 1), ("video/mp4", 3)])
def test_a_film_has_three_stills(media_type: str, slots: int) -> None:
    daemon = DeskDaemon(answers={"holding": [holding(media_type)]})
    assert f'data-slots="{slots}"' in one(daemon, lambda client: client.get("/holdings/7")).text


@pytest.mark.parametrize(
    ("role", "left", "count", "more"),
    [
        (Role.INVESTIGATOR, None, True, False),
        (Role.MEDIA_REVIEWER, 488, True, True),
        (Role.RELEASER, None, False, False),
        (Role.AUDITOR, None, False, False),
    ],
)
def test_officers_see_their_own_count(role: Role, left: int | None, count: bool, more: bool) -> None:
    views = {"today": 12, "left": left, "minutes": 0, "break_due": False}
    daemon = DeskDaemon(answers={"media-views": [views]})
    page = one(daemon, lambda client: client.get("/me"), role)
    assert page.status_code == HTTPStatus.OK
    assert ("Clear previews today" in page.text) == count
    assert ('<dd class="number">488</dd>' in page.text) == more
    assert len(daemon.of("media-views")) == count


def test_a_node_without_previews_is_asked_for_no_count() -> None:
    daemon = DeskDaemon(previews=False)
    assert one(daemon, lambda client: client.get("/me")).status_code == HTTPStatus.OK
    assert daemon.of("media-views") == []
