"""vigil hits: what is asked, and what people are told."""

from __future__ import annotations

from tests.unit.cli.conftest import Node, Vigil
from tests.unit.cli.hit_lines import DECISION, DETAIL, HIT, RECORD, SUMMARY


def test_a_hit_is_a_row_and_the_summary_says_how_many_there_are(vigil: Vigil, node: Node) -> None:
    node.answers["hits-list"] = [HIT, SUMMARY]
    ran = vigil("hits")
    assert ran.code == 0
    for words in (
        "C-1",
        "JP",
        "abababab",
        "PDQ 12 bits away",
        "turned 90",
        "icse:1:2",
        "Bridge",
        "hit 9 (new)",
        "1 hit shown of 419.",
        "All: 3 new.",
    ):
        assert words in " ".join(ran.out.split())
    assert "\x1b" not in ran.out
    assert node.call("hits-list").arguments == {
        "case": "", "unseen": False, "show_all": False, "limit": 100, "after": 0,
    }  # fmt: skip
    assert vigil("hits", "--json").lines == [HIT, SUMMARY]


def test_what_is_asked_for_is_asked(vigil: Vigil, node: Node) -> None:
    node.answers["hits-list"] = [SUMMARY | {"hits": 0}]
    assert vigil("hits", "--case", "C-1", "--new", "--show-all", "--limit", 5, "--after", 40).code == 0
    assert node.call("hits-list").arguments == {
        "case": "C-1", "unseen": False, "show_all": True, "limit": 5, "after": 40, "states": ["new"],
    }  # fmt: skip
    node.calls.clear()
    assert vigil("hits", "--state", "rejected", "--state", "unsure", "--unseen").code == 0
    assert node.call("hits-list").arguments["states"] == ["rejected", "unsure"]
    assert node.call("hits-list").arguments["unseen"] is True
    assert vigil("hits", "--state", "wrong").code == 2


def test_what_is_missing_from_the_list_is_said(vigil: Vigil, node: Node) -> None:
    left_out = [
        {"record": RECORD, "holding": None, "left_out": 1_500},
        {"record": None, "holding": 4, "left_out": 1},
    ]
    more = {"hidden": 2, "next": 9, "not_matched_yet": 1_200, "left_out": left_out}
    node.answers["hits-list"] = [HIT, SUMMARY | more]
    words = vigil("hits").out
    for said in (
        "hides 2 more hits: vigil hits --show-all",
        "vigil hits --after 9",
        "1,200 records of other members",
        "record abababab",
        "about 1,500 hits not kept",
        "holding 4: about 1 hit not kept",
    ):
        assert said in words


def test_a_video_and_a_weak_hit_say_what_they_are(vigil: Vigil, node: Node) -> None:
    shares = {
        "query_percent": 80, "compared_percent": 55, "query_moments": 9, "compared_frames": 12, "radius": 31,
    }  # fmt: skip
    video = HIT | {"algorithm": "vpdq", "shares": shares, "orientation": "original", "category": None}
    weak = HIT | {"algorithm": "md5", "distance": None, "weak": True, "orientation": None, "series": None}
    node.answers["hits-list"] = [video, weak, SUMMARY]
    words = " ".join(vigil("hits").out.split())
    assert "80 % of the frames" in words
    assert "MD5 the same" in words


def test_a_hit_by_a_look_says_on_which_background(vigil: Vigil, node: Node) -> None:
    node.answers["hits-list"] = [HIT | {"shown_on": "white"}, SUMMARY]
    assert "as shown on white" in " ".join(vigil("hits").out.split())


def test_hits_on_lists_come_next_and_say_that_no_member_signed_them(vigil: Vigil, node: Node) -> None:
    row = {"name": "US set", "provider": "US", "row": 12, "record": 3, "line": None, "case": "K-9"}
    row |= {"child_abuse": True, "disputes": 0}
    listed = HIT | {"list": row, "record": None, "signed": False, "algorithm": "md5", "distance": None, "weak": True}
    listed |= {"hit": "7/r12", "state": "unsure"}
    held = {"holding": 7, "cases": ["C-1"], "allowed": False, "hits": [listed], "left_out": 4, "rejected": 0}
    lists = {"holdings": 1, "scanned": 2_000, "hidden": 3, "rejected": 2, "next": 41}
    same = [{"list": "US set", "provider": "US"}]
    node.answers["hits-list"] = [HIT, held, SUMMARY | {"lists": lists, "same_name": same}]
    words = " ".join(vigil("hits", "--case", "C-1").out.split())
    for said in (
        "holding 7, case C-1",
        "list US set (US), row 12, case K-9 of the list, signed by no member: MD5 the same",
        "hit 7/r12 (unsure)",
        "2 rejected hits on them not shown: vigil hits --state rejected",
        "and 4 more rows",
        "1 holding of 2,000 that were searched for matches a list.",
        "The allow-list hides 3 more holdings: vigil hits --show-all",
        "vigil hits --lists-after 41",
        "A case with this reference also came with: US set (US). It is another case.",
    ):
        assert said in words
    node.calls.clear()
    node.answers["hits-list"] = [held, SUMMARY | {"hits": 0, "lists": lists}]
    assert vigil("hits", "--lists-after", 41).code == 0
    assert node.call("hits-list").arguments["lists_after"] == 41
    for more in (("--unseen",), ("--member", "JP"), ("--after", 3)):
        assert vigil("hits", "--lists-after", 41, *more).code == 2


def test_a_decided_hit_says_who_decided_and_what_became_of_the_record(vigil: Vigil, node: Node) -> None:
    became = {
        "corrected": True,
        "retracted_day": 19_675,
        "expired": False,
        "confirmed_by": ["DE"],
        "disputed_by": ["BR"],
    }
    decided = {"state": "confirmed", "new": False, "decided": DECISION | {"state": "confirmed"}, "ended": True}
    node.answers["hits-list"] = [
        HIT | decided | {"became": became, "changed_since": True},
        SUMMARY | {"new": 0, "confirmed": 1, "rejected": 2, "unseen": 1},
    ]
    words = " ".join(vigil("hits").out.split())
    for said in (
        "hit 9 (confirmed)",
        "the record is here no longer",
        "confirmed by A. Durand (investigator), 2023-11-14",
        "the record was corrected since",
        "retracted on 2023-11-14",
        "0 new, 1 confirmed (1 not listed before)",
        "2 rejected hits: vigil hits --state rejected",
    ):
        assert said in words


def test_one_hit_is_shown_with_its_decisions(vigil: Vigil, node: Node) -> None:
    node.answers["hit-show"] = [DETAIL]
    ran = vigil("hits", "show", "9")
    words = " ".join(ran.out.split())
    assert node.call("hit-show").arguments == {"hit": "9"}
    for said in (
        "Hit 9: rejected, holding 7, case C-1",
        "PDQ 12 bits away",
        "Decisions: 1 ",
        "A. Durand",
        "another room",
    ):
        assert said in words
    assert vigil("hits", "show", "9", "--json").lines == [DETAIL]


def test_two_holdings_and_rows_are_shown_too(vigil: Vigil, node: Node) -> None:
    bare = DETAIL | {"on": None, "history": [], "decisions": 0, "state": "new"}
    node.answers["hit-show"] = [bare | {"hit": "7/h9", "other": 9, "evidence": HIT}]
    assert "holding 9: PDQ 12 bits away" in vigil("hits", "show", "7/h9").out
    row = {"name": "US set", "provider": "US", "row": 12, "record": 3, "line": None, "case": None}
    evidence = HIT | {"list": row | {"child_abuse": True, "disputes": 0}}
    node.answers["hit-show"] = [bare | {"hit": "7/r12", "row": {}, "list": "US set", "evidence": evidence}]
    assert "list US set (US), row 12" in " ".join(vigil("hits", "show", "7/r12").out.split())
    node.answers["hit-show"] = [bare | {"hit": "7/r12", "row": {}, "list": "US set", "earlier": [DECISION]}]
    words = " ".join(vigil("hits", "show", "7/r12").out.split())
    assert "not near each other any longer" in words
    assert "About a former file of the other side: rejected by A. Durand" in words


def test_the_count_is_of_the_states_that_are_listed(vigil: Vigil, node: Node) -> None:
    node.answers["hits-list"] = [HIT, SUMMARY | {"total": 2, "new": 2, "rejected": 3}]
    assert "1 hit shown of 2." in vigil("hits").out
    assert "3 rejected hits: vigil hits --state rejected" in vigil("hits").out
    for words in (["--state", "rejected"], ["--show-all"]):
        out = vigil("hits", *words).out
        assert "1 hit shown of 5." in out
        assert "All: 2 new, 3 rejected." in out
        assert "vigil hits --state rejected" not in out


def test_the_members_that_confirm_or_dispute_a_record_are_named_with_its_hit_and_counted_in_the_list(
    vigil: Vigil, node: Node
) -> None:
    became = HIT["became"] | {"confirmed_by": ["DE", "JP"], "disputed_by": ["BR"]}
    hit = HIT | {"became": became, "confirmed": 2, "disputed": 1}
    node.answers["hit-show"] = [DETAIL | {"on": hit}]
    assert "confirmed by DE, JP; disputed by BR" in " ".join(vigil("hits", "show", "9").out.split())
    node.answers["hits-list"] = [hit, SUMMARY]
    out = vigil("hits").out
    assert "confirmed by 2, disputed by 1" in out
    assert "DE" not in out
