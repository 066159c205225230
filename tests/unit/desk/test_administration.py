"""The pages of administrators, auditors and operators: state, people, audit log. No hash is on any of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus

import httpx
import pytest

from node.desk.ports import Line
from node.domain.caller import Role
from node.errors import Misuse, VigilError
from tests.unit.desk.desk_daemon import DeskDaemon, one

HASH = "ab" * 32
ALARM = {
    "alarm": "fork",
    "log": f"test.vigil/JP/log/1#{HASH}",
    "at": 1_700_000_000,
    "held": HASH,
    "shown": HASH,
    "evidence": {"held": HASH, "shown": HASH},
    "what": "JP showed two logs",
    "remedy": "tell the hub's operator",
}
NODE = {
    "node": "FR",
    "federation": "test.vigil",
    "exercise": False,
    "state": "active",
    "hub": "reachable",
    "certificate_expires": 1_800_000_000,
    "roster_version": 4,
    "roster_expires": 1_800_000_000,
    "roster_stale": False,
    "waiting": 2,
    "published": 1_234,
    "log_epoch": 1,
    "holdings": {"national": 7, "hit-no-hit": 5},
    "hits": {"total": 9, "new": 3, "hidden": 0},
    "hits_aside": {},
    "hits_left_out": 0,
    "not_matched_yet": 6,
    "held_questions": 1,
    "new_alerts": 2,
    "alarms": [ALARM],
}
LOG = {
    "member": "JP",
    "name": "Japan <b>",
    "state": "suspended",
    "log": f"test.vigil/JP/log/1#{HASH}",
    "size": 4_000,
    "hub_size": 4_100,
    "lag": 100,
    "held": 10,
    "not_for_us": 0,
    "purged": 0,
    "quarantined": 0,
    "frozen": "two logs were shown",
    "missing": 0,
    "given_up": 0,
    "stopped": None,
    "paused": None,
}
SILENT = {"member": "BR", "name": "Brazil", "state": "active", "log": None}
HUB = {
    "hub": "test.vigil",
    "daemon": True,
    "roster_version": 4,
    "roster_expires": 1_800_000_000,
    "authority_signs_again_by": 1_800_000_000,
    "roster_stale": True,
    "new_keys": None,
    "attending": 2,
    "own_log": None,
    "notices_waiting": 5,
}
AT_HUB = {
    "member": "JP",
    "name": "Japan <b>",
    "state": "active",
    "attending": True,
    "size": 4_000,
    "cosigned": HASH,
    "certificate_expires": 1_800_000_000,
    "frozen": None,
    "trouble": "a package could not be made",
    "alarms": [],
}
SUSPENDED = AT_HUB | {"member": "BR", "name": "Brazil", "state": "suspended", "attending": False}
PETITION = {
    "member": "ZA",
    "name": "South Africa",
    "state": "pending",
    "attending": False,
    "requested_at": 1_700_000_000,
}
OFFICER = {
    "name": "Anna <i>",
    "role": "investigator",
    "user": "anna",
    "uid": 1_000,
    "disabled": False,
    "added_at": 1_700_000_000,
    "changed_at": 1_700_000_000,
}
SESSION = {
    "session": 7,
    "officer": "Anna <i>",
    "role": "investigator",
    "method": "code",
    "made_at": 1_700_000_000,
    "seen_at": 1_700_000_000,
    "ends_at": 1_700_000_000,
}
ENTRY = {
    "index": 120,
    "kind": "act",
    "state": "held",
    "at": 1_700_000_000,
    "what": "suspend",
    "officer": "Olga",
    "member": "JP",
    "outcome": "refused",
    "why": "no such <member>",
    "record": f"test.vigil/JP/log/1#{HASH}",
    "bundle_sha256": HASH,
}


def world(**changed: list[Line] | VigilError) -> DeskDaemon:
    answers: dict[str, list[Line] | VigilError] = {
        "status": [NODE, LOG, SILENT],
        "officers": [OFFICER, OFFICER | {"name": "Old", "disabled": True}],
        "desk-sessions": [SESSION],
        "read-audit": [ENTRY],
        "desk-invite": [{"officer": "Anna <i>", "code": "AAAA-BBBB"}],
        "suspend": [{"member": "JP", "state": "suspended"}],
        "unsuspend": [{"member": "BR", "state": "active"}],
        "officer-add": [OFFICER],
        "officer-disable": [{"name": "Anna <i>", "disabled": True, "changed": True}],
        "officer-enable": [{"name": "Old", "disabled": False, "changed": True}],
        "desk-revoke": [{"ended": 1}],
    }
    answers.update(changed)
    return DeskDaemon(answers=answers)


def visit(
    daemon: DeskDaemon, send: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]], role: Role = Role.ADMINISTRATOR
) -> httpx.Response:
    """The response to one request, of an administrator unless it is said otherwise."""
    return one(daemon, send, role)


async def _post(path: str, data: dict[str, str], client: httpx.AsyncClient) -> httpx.Response:
    return await client.post(path, data=data)


def at_hub(**changed: list[Line] | VigilError) -> DeskDaemon:
    return world(**{"status": [HUB, AT_HUB, SUSPENDED, PETITION], **changed})


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.OPERATOR])
@pytest.mark.parametrize("path", ["/state", "/officers", "/audit"])
def test_no_page_has_a_hash(role: Role, path: str) -> None:
    daemon = at_hub() if role is Role.OPERATOR else world()
    page = visit(daemon, lambda client: client.get(path), role)
    if role is Role.AUDITOR and path == "/officers":
        assert page.status_code == HTTPStatus.FORBIDDEN
    else:
        assert page.status_code == HTTPStatus.OK
    assert HASH not in page.text


@pytest.mark.parametrize(("role", "page"), [(Role.ADMINISTRATOR, "/state"), (Role.AUDITOR, "/state")])
def test_who_has_no_case_begins_with_the_state(role: Role, page: str) -> None:
    assert visit(world(), lambda client: client.get("/"), role).headers["location"] == page


def test_the_state_of_a_node_says_what_needs_somebody() -> None:
    page = visit(world(), lambda client: client.get("/state")).text
    for text in (
        "JP showed two logs",
        "tell the hub&#39;s operator",
        "1,234",
        "2 wait for the hub",
        "version 4",
        "100",
    ):
        assert text in page
    assert "two logs were shown" in page
    assert "Japan &lt;b&gt;" in page


def test_a_node_that_is_suspended_shows_the_reason() -> None:
    since = {"state": "suspended", "suspension_reason": "a <key> leaked", "suspended_since": 1_700_000_000}
    page = visit(world(status=[NODE | since]), lambda client: client.get("/state")).text
    assert "a &lt;key&gt; leaked" in page


def test_the_state_of_a_hub_shows_members_petitions_and_what_is_late() -> None:
    page = visit(at_hub(), lambda client: client.get("/state"), Role.OPERATOR).text
    for text in ("out of date", "a package could not be made", "South Africa", "asks to join", ">5<"):
        assert text in page


def test_a_member_is_suspended_only_if_its_id_is_typed() -> None:
    form = {"member": "JP", "reason": "a lost key"}
    daemon = at_hub()
    wrong = visit(daemon, lambda client: client.post("/members/suspend", data=form | {"typed": "BR"}), Role.OPERATOR)
    assert wrong.status_code == HTTPStatus.CONFLICT
    assert "a lost key" in wrong.text
    assert daemon.of("suspend") == []
    right = visit(daemon, lambda client: client.post("/members/suspend", data=form | {"typed": " JP "}), Role.OPERATOR)
    assert right.headers["location"] == "/state"
    assert daemon.of("suspend") == [{"member": "JP", "reason": "a lost key"}]


def test_a_suspension_ends() -> None:
    daemon = at_hub()
    visit(daemon, lambda client: client.post("/members/readmit", data={"member": "BR"}), Role.OPERATOR)
    assert daemon.of("unsuspend") == [{"member": "BR"}]


def test_people_shows_officers_and_open_sessions() -> None:
    page = visit(world(), lambda client: client.get("/officers")).text
    for text in ("Anna &lt;i&gt;", "disabled", "Enable", "Sign out"):
        assert text in page


def test_a_code_is_in_the_answer_to_its_post_and_is_not_kept() -> None:
    daemon = world()
    made = visit(daemon, lambda client: client.post("/officers/invite", data={"name": "Anna <i>"}))
    assert "AAAA-BBBB" in made.text
    assert made.headers["cache-control"] == "no-store"
    assert "AAAA-BBBB" not in visit(daemon, lambda client: client.get("/officers")).text


def test_an_officer_is_added_disabled_enabled_and_signed_out() -> None:
    daemon = world()
    sent: list[tuple[str, dict[str, str]]] = [
        ("add", {"name": " New ", "role": "auditor", "user": ""}),
        ("disable", {"name": "Anna <i>"}),
        ("enable", {"name": "Old"}),
        ("revoke", {"session": "7"}),
    ]
    for name, data in sent:
        answer = visit(daemon, partial(_post, f"/officers/{name}", data))
        assert answer.headers["location"] == "/officers"
    assert daemon.of("officer-add") == [{"name": "New", "role": "auditor", "user": ""}]
    assert daemon.of("officer-disable") == [{"name": "Anna <i>"}]
    assert daemon.of("officer-enable") == [{"name": "Old"}]
    assert daemon.of("desk-revoke") == [{"sessions": [7]}]


def test_an_officer_that_cannot_be_added_leaves_the_form_as_it_was_typed() -> None:
    daemon = world(**{"officer-add": Misuse("this name is taken", remedy="choose another one")})
    page = visit(
        daemon, lambda client: client.post("/officers/add", data={"name": "Anna", "role": "auditor", "user": "x"})
    )
    assert page.status_code == HTTPStatus.CONFLICT
    for text in ("this name is taken", "choose another one", 'value="Anna"', '<option value="auditor" selected>'):
        assert text in page.text


def test_the_audit_log_is_shown_newest_first_and_in_pages() -> None:
    daemon = world(**{"read-audit": [ENTRY | {"index": at} for at in range(120, 123)]})
    page = visit(daemon, lambda client: client.get("/audit"), Role.AUDITOR).text
    assert page.index(">122<") < page.index(">120<")
    assert "no such &lt;member&gt;" in page
    assert "?before=120" in page
    visit(daemon, lambda client: client.get("/audit?before=120"), Role.AUDITOR)
    visit(daemon, lambda client: client.get("/audit?before=40"), Role.AUDITOR)
    assert daemon.of("read-audit") == [{"limit": 100}, {"limit": 100, "after": 20}, {"limit": 40, "after": 0}]
