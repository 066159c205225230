"""The steps of the demonstration in which countries work together, and the sentence for each step.

Rules this module upholds:

- Every figure shown comes from a command's output.
- A step with a wrong result is reported and counted, and the exit code is 1.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from node.demo.copies import make_copy
from node.demo.federation import HUB, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from node.demo.scenario import Telling
    from node.demo.stage import Line, Stage

NOTICE: Final = "2026/117"
MOST: Final = 1_000
"""Most lines of a list that are read."""
WATCH_DAYS: Final = 30
_HALF_SIZE: Final = 0
"""The number of this edit in `copies.EDITS`."""


def show(stage: Stage, tell: Telling, pictures: Path) -> Line:
    """All steps. `pictures`: the folder with a folder for each country. Returns their part of the summary."""
    theirs, ours = known_in_both(stage)
    held = next((pictures / "BR").glob("IMG_0011.*"))
    return {
        "links": link_two_countries(stage, tell, theirs, ours),
        "messages": consult(stage, tell, theirs),
        "watch_hits": watch(stage, tell, next((pictures / "JP").glob("IMG_0010.*"))),
        "notice_hits": find_a_missing_person(stage, tell, held),
    }


def known_in_both(stage: Stage) -> tuple[str, str]:
    """A record of France, and the record that Japan made of its copy of the same picture."""
    found = stage.ask("JP", "hits-list", {"limit": MOST})
    hit = next(line for line in found if line.get("member") == "FR" and not line["ended"])
    (holding,) = stage.run("holdings", str(hit["holding"]), home="JP").lines
    return str(hit["record"]), str(holding["record"])


def link_two_countries(stage: Stage, tell: Telling, theirs: str, ours: str) -> int:
    """Japan links its own record with one of France, France confirms that, and Brazil sees it. Returns the number of
    links that Brazil sees around France's record.
    """
    about = ("--relation", "copy", "--certainty", "certain", "--note", "the same picture, edited")
    link = str(stage.run("link", theirs, ours, *about, home="JP").last["link"])
    tell.say("Japan stated a link: its own record and one of France are copies of one picture.")
    wait_until(lambda: link in links_around(stage, "FR", theirs), "France has Japan's link")
    stage.run("opine", link, "confirm", home="FR")
    wait_until(lambda: _confirmed(stage, "BR", theirs, link) == ["FR"], "Brazil sees that France confirms the link")
    seen = links_around(stage, "BR", theirs)
    tell.say("France confirmed the link in its own log, and Brazil sees who says it and who confirms it.")
    tell.expect("the link is Japan's own statement", seen[link]["member"] == "JP")
    return len(seen)


def links_around(stage: Stage, country: str, record: str) -> dict[str, Line]:
    """The links that this country sees around a record, by their names."""
    return {str(line["link"]): line for line in stage.ask(country, "links", {"record": record}) if "link" in line}


def _confirmed(stage: Stage, country: str, record: str, link: str) -> list[str]:
    line = links_around(stage, country, record).get(link)
    return [] if line is None else list(line["confirmed_by"])


def consult(stage: Stage, tell: Telling, record: str) -> int:
    """France asks Japan about a record of France, and Japan answers. Returns the number of messages of the thread."""
    question = ("Do you know this place? The record is ours.", "--to", "JP", "--subject", "Where was this taken?")
    opened = stage.run("consult", "open", *question, "--about", record, home="FR")
    thread = str(opened.last["thread"])
    wait_until(lambda: _unread(stage, "JP", thread) == 1, "Japan has France's question")
    tell.say(
        "France opened a consultation with Japan about one of its records. Brazil learns only that an entry exists."
    )
    stage.run("consult", "reply", thread, "Yes. We have the same place in a series of last year.", home="JP")
    wait_until(lambda: _unread(stage, "FR", thread) == 1, "France has Japan's answer")
    shown = stage.run("consult", "show", thread, home="FR").lines
    messages = [line for line in shown if "text" in line]
    tell.say(f"Japan answered: {messages[-1]['text']}")
    tell.expect("the answer is signed by Japan", messages[-1]["member"] == "JP")
    tell.expect("Brazil is not in the thread", _unread(stage, "BR", thread) is None)
    stage.run("consult", "close", thread, home="FR")
    return len(messages)


def _unread(stage: Stage, country: str, thread: str) -> int | None:
    """How many messages of the thread nobody there has read; None if the country does not see the thread."""
    for line in stage.ask(country, "consult-list", {"unread": False, "closed": False, "limit": MOST, "after": ""}):
        if line.get("thread") == thread:
            return int(line["unread"])
    return None


def watch(stage: Stage, tell: Telling, wanted: Path) -> int:
    """Japan watches for one of its pictures, Brazil takes an edited copy in later, and Japan has an alert. Returns the
    number of hits that Brazil told of.
    """
    last_day = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=WATCH_DAYS)).isoformat()
    terms = ("--case", "DEMO-1", "--legal-basis", "demonstration", "--to", "BR", "--until", last_day, "--no-ask-now")
    watched = str(stage.run("watch", "add", str(wanted), *terms, home="JP").lines[0]["watch"])
    wait_until(lambda: _told(stage, watched)["state"] == "kept", "Brazil keeps Japan's watch")
    tell.say(f"Japan asked Brazil to watch for one picture until {last_day}. Brazil's node keeps the watch.")
    arrived = stage.folder / "arrived.jpg"
    edit = make_copy(wanted, arrived, _HALF_SIZE)
    stage.run("ingest", str(arrived), "--case", "DEMO-2", "--level", "hit-no-hit", home="BR")
    wait_until(lambda: bool(_alerts(stage, watched)), "Japan has an alert")
    (alert,) = _alerts(stage, watched)
    tell.say(
        f"Later Brazil took in a copy ({edit}): its node answered, and Japan has an alert of case {alert['case']}."
    )
    return int(_told(stage, watched)["hits"])


def _told(stage: Stage, watched: str) -> Line:
    """What Brazil says about Japan's watch."""
    (line,) = (each for each in stage.ask("JP", "watch-list", {"case": ""}) if each["watch"] == watched)
    said: Line = line["asked"]["BR"]
    return said


def _alerts(stage: Stage, watched: str) -> list[Line]:
    return [
        each
        for each in stage.ask("JP", "alerts", {"new": True, "case": ""})
        if (each["what"], each["about"], each["member"]) == ("watch-answered", watched, "BR")
    ]


def find_a_missing_person(stage: Stage, tell: Telling, held: Path) -> int:
    """France asks for a yellow notice with a published photograph, the hub's operator publishes it, and Brazil finds it
    in what it holds. `held`: a picture that Brazil took in. Returns the number of Brazil's hits.
    """
    published = stage.folder / "published.jpg"
    edit = make_copy(held, published, _HALF_SIZE)
    about = ("--colour", "yellow", "--reference", NOTICE, "--consent-day", "2026-01-15")
    asked = stage.run("notice", "request", *about, str(published), home="FR")
    notice = str(asked.last["notice"])
    tell.expect("the request of the notice is at the hub", asked.last["published"])
    stage.run("hub", "notices", "publish", notice, "--reason", "consent is recorded", home=HUB)
    tell.say(f"France asked for yellow notice {NOTICE} with one photograph, and the hub's operator published it.")

    def found() -> list[Line]:
        return [line for line in stage.ask("BR", "hits-list", {"limit": MOST}) if _is_of_notice(line)]

    wait_until(lambda: bool(found()), "Brazil finds the photograph of the notice")
    hits = found()
    tell.say(
        f"Brazil's node searched at once and found it in holding {hits[0]['holding']} ({edit}): a lead for an officer. "
        "Only hashes, a reference and days travelled."
    )
    return len(hits)


def _is_of_notice(line: Line) -> bool:
    return (line.get("notice") or {}).get("reference") == NOTICE
