"""Consultations between three countries, with a hub and nodes as processes: one is away and answers later, one joins
late, a message is retracted, and who is not asked learns nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from node.control.lines import subject_line
from node.usecases.intake import subject_of
from tests.integration.processes import Federation, Line, federation, until, vigil
from tests.simulator.asking import prints

SUBJECT, TEXT = "the blue room", "Do you know this place?"


class Speakers:
    """What each country types."""

    def __init__(self, made: Federation) -> None:
        self.made = made

    def lines(self, name: str, *words: str, code: int = 0) -> list[Line]:
        done = vigil(self.made.home(name).folder, "consult", *words, "--json")
        assert done.returncode == code, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    def words(self, name: str, *words: str) -> str:
        """What a person sees."""
        done = vigil(self.made.home(name).folder, "consult", *words)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def threads(self, name: str, **how: Any) -> list[Line]:
        return self.made.run(name, "consult-list", how)[:-1]

    def texts(self, name: str, thread: str) -> list[str]:
        """Without marking anything as read."""
        try:
            *messages, _ = self.made.run(name, "consult-show", {"thread": thread, "peek": True})
        except Exception as error:  # noqa: BLE001 (the thread is not here yet)
            return [type(error).__name__]
        return [each["text"] for each in messages]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Speakers]:
    with federation(tmp_path_factory.mktemp("federation"), "DE", "FR", "JP") as running:
        until(lambda: running.attending() == 3, "all nodes hold their streams")
        yield Speakers(running)


def test_a_consultation_from_its_opening_to_its_end(said: Speakers) -> None:
    made = said.made
    made.stop("JP")
    (opened,) = said.lines("FR", "open", TEXT, "--to", "JP", "--subject", SUBJECT)
    assert (opened["published"], opened["members"]) == (1, ["FR", "JP"])
    thread = opened["thread"]
    (second,) = said.lines("FR", "reply", thread, "a mistake")

    made.start("JP")
    until(lambda: said.texts("JP", thread) == [TEXT, "a mistake"], "what was said meanwhile has come")
    (listed,) = said.threads("JP", unread=True)
    assert (listed["subject"], listed["unread"], listed["last"]["member"]) == (SUBJECT, 2, "FR")
    short = thread.partition("#")[2][:12]
    shown = said.words("JP", "show", short)
    assert SUBJECT in shown
    assert "FR opened the thread" in shown
    assert said.threads("JP", unread=True) == []

    (answered,) = said.lines("JP", "reply", short, "We do.")
    until(lambda: said.texts("FR", thread) == [TEXT, "a mistake", "We do."], "the answer has come")
    (line,) = said.threads("FR")
    assert (line["unread"], line["last"]["record"]) == (1, answered["records"][0])
    assert "1 unread" in said.words("FR", "list")

    (gone,) = said.lines("FR", "retract", second["records"][0], "--reason", "mistake")
    assert gone["published"] == 1
    until(lambda: said.texts("JP", thread) == [TEXT, "We do."], "the retracted message is deleted")

    assert said.threads("DE") == []
    assert not any(SUBJECT in json.dumps(line) for line in made.run("DE", "records", {}))
    said.lines("DE", "show", thread, code=1)
    (joined,) = said.lines("FR", "add", thread, "DE")
    assert joined["members"] == ["DE", "FR", "JP"]
    until(lambda: said.texts("DE", thread) == [TEXT], "who joined late has the opening")
    assert "1 message of this thread not for this node" in " ".join(said.words("DE", "show", thread).split())
    until(lambda: said.threads("JP")[0]["members"] == ["DE", "FR", "JP"], "JP knows who joined")
    (shared,) = said.lines("JP", "share", thread)
    assert len(shared["records"]) == 1
    until(lambda: said.texts("DE", thread) == [TEXT, "We do."], "the earlier answer was shared")

    said.lines("FR", "remove", thread, "DE")
    (closed,) = said.lines("FR", "close", thread, "Found. Thank you.")
    assert closed["members"] == ["FR", "JP"]
    until(lambda: said.threads("JP", closed=True), "the thread is closed for all")
    said.lines("JP", "reply", thread, "too late", code=4)
    said.lines("JP", "close", thread, code=4)
    until(lambda: said.threads("DE") == [], "who was removed has the opening no more")
    assert said.texts("DE", thread) == ["We do."]


def test_a_member_leaves_a_thread_and_marks_it_as_read(said: Speakers) -> None:
    (opened,) = said.lines("FR", "open", "-", "--to", "JP", "--subject", "another", code=2)
    assert "subject and a text" in opened["error"]
    (opened,) = said.lines("FR", "open", "again", "--to", "JP", "--subject", "another")
    thread = opened["thread"]
    until(lambda: said.texts("JP", thread) == ["again"], "the thread has come")

    def is_unread() -> bool:
        return thread in {each["thread"] for each in said.threads("JP", unread=True)}

    assert is_unread()
    (left,) = said.lines("JP", "leave", thread)
    assert (left["muted"], is_unread()) == (True, False)
    (back,) = said.lines("JP", "leave", thread, "--rejoin")
    assert (back["muted"], is_unread()) == (False, True)
    (read,) = said.lines("JP", "mark-read", thread)
    assert (read["read"], is_unread()) == (1, False)


def test_a_thread_about_a_query_shows_each_member_its_own_answer(said: Speakers) -> None:
    made = said.made
    terms = {"case": "C-1", "purpose": "victim-identification", "legal_basis": "a test", "to": ["JP"], "budget": 20.0}
    asked = made.run("FR", "query", terms, [subject_line(subject_of(prints(1), "a picture"))])[-1]
    assert asked["outcomes"] == {"DE": "not-asked", "JP": "no-hit"}
    (opened,) = said.lines("FR", "open", "Sure?", "--to", "DE,JP", "--subject", "a", "--about-query", asked["query"])
    thread = opened["thread"]
    for name, answer in (("JP", "no-hit"), ("DE", None)):
        until(lambda name=name: said.texts(name, thread) == ["Sure?"], "the thread has come")  # type: ignore[misc]
        *_, shown = made.run(name, "consult-show", {"thread": thread})
        assert shown["own_answer"] == answer
