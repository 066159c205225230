"""link and links: what is sent to the node, and what people read."""

import pytest

from tests.unit.cli.conftest import Line, Node, Vigil

LEAF, OTHER = "9f" * 32, "20" * 32
RECORD, LINK = f"vigil.example/FR/log/1#{LEAF}", f"vigil.example/JP/log/1#{'5c' * 32}"


def link(**changes: object) -> Line:
    return {
        "link": LINK,
        "member": "JP",
        "relation": "same-victim",
        "certainty": "probable",
        "records": [RECORD, f"vigil.example/BR/log/1#{OTHER}"],
        "note": None,
        "language": None,
        "issued_day": 20_000,
        "depth": 0,
        "closes_cycle": False,
        "publication": None,
        "confirmed": 0,
        "disputed": 0,
        "verified_as": [],
        "opinions_set_aside": 0,
        "confirmed_by": [],
        "disputed_by": [],
    } | changes


def record(**changes: object) -> Line:
    return {"record": RECORD, "newest": RECORD, "member": "FR", "sight": "read", "depth": 0, "series": None} | changes


def summary(**changes: object) -> Line:
    return {
        "links": 1, "records": 2, "shown_links": 1, "shown_records": 2, "left_out": 0, "beyond": 0, "cycles": 0,
        "contradictions": 0, "whole": True,
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    ("words", "command", "arguments"),
    [
        (
            ["link", LEAF, OTHER, "--relation", "same-victim"],
            "link",
            {"records": [LEAF, OTHER], "relation": "same-victim", "handling": {}},
        ),
        (
            [
                "link",
                LEAF,
                OTHER,
                "--relation",
                "copy",
                "--certainty",
                "possible",
                "--note",
                "a crop",
                "--audience",
                "JP",
            ],
            "link",
            {
                "records": [LEAF, OTHER],
                "relation": "copy",
                "certainty": "possible",
                "note": "a crop",
                "handling": {"audience": ["JP"]},
            },
        ),
        (
            ["link", "--revise", LEAF, "--certainty", "certain"],
            "link-revise",
            {"link": LEAF, "certainty": "certain", "handling": {}},
        ),
    ],
)
def test_what_is_linked_is_sent_as_given(
    vigil: Vigil, node: Node, words: list[str], command: str, arguments: Line
) -> None:
    node.answers[command] = [{"link": LINK, "state": "linked", "publication": "published", "why": None}]
    ran = vigil(*words, "--json")
    assert ran.code == 0
    assert node.call(command).arguments == arguments
    assert ran.lines == node.answers[command]


@pytest.mark.parametrize(
    "words",
    [["link", LEAF, OTHER], ["link", "--relation", "copy"], ["link", "--revise", LEAF], ["links"],
     ["links", LEAF, "--mine"], ["links", "--mine", "--depth", "2"], ["link", LEAF, "no record", "--relation", "copy"]],
)  # fmt: skip
def test_a_command_line_that_says_too_little_or_too_much_is_a_usage_error(vigil: Vigil, words: list[str]) -> None:
    assert vigil(*words, "--json").code == 2


@pytest.mark.parametrize(
    ("words", "command", "arguments"),
    [
        (["links", LEAF], "links", {"record": LEAF, "series": "", "limit": 100}),
        (
            ["links", "--series", "Bridge", "--relation", "same-series", "--depth", "2", "--limit", "5"],
            "links",
            {"record": "", "series": "Bridge", "relation": "same-series", "depth": 2, "limit": 5},
        ),
        (["links", "--mine", "--after", "7"], "links-mine", {"after": 7, "limit": 100}),
    ],
)
def test_what_is_asked_for_is_sent_as_given(
    vigil: Vigil, node: Node, words: list[str], command: str, arguments: Line
) -> None:
    node.answers[command] = [{"shown_links": 0, "next": None} if command == "links-mine" else summary()]
    ran = vigil(*words, "--json")
    assert ran.code == 0
    assert node.call(command).arguments == arguments


def test_people_read_who_says_a_link_who_disputes_it_and_what_is_left_out(vigil: Vigil, node: Node) -> None:
    node.answers["links"] = [
        link(note="the \x1b[31msame room", disputed=1, disputed_by=["DE"], confirmed=1, confirmed_by=["FR"]),
        link(publication="queued", closes_cycle=True),
        record(series="Bridge"),
        record(sight="hidden", record=LINK, newest=LINK, member="JP"),
        {"contradiction": "disputed", "about": LINK, "records": []},
        summary(left_out=3, cycles=1, whole=False),
    ]
    out = vigil("links", LEAF).out
    for words in (
        "same-victim (probable)", "said by JP on 2024-10-04", "confirmed by FR", "disputed by DE", "not sent yet",
        "hang together without it", "series Bridge", "may not read", "Contradiction at", "3 links not shown",
        "not everything could be read",
    ):  # fmt: skip
        assert words in " ".join(out.split()), words
    assert "\x1b" not in out
