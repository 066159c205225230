"""Threads and messages as text for people.

Rules this module upholds:

- Every text of another member goes through `plain`. The lines of a message are indented.
- What is not shown is said: messages that are not for this node, over a bound, or of members outside the thread.
"""

from __future__ import annotations

from typing import Final

from node.cli.output import Line, plain
from node.cli.statement_words import why_words
from node.cli.words import below, count, day_words, moment, record_name
from node.domain.consultations import MOST_AFTER

_INDENT: Final = 4
_MORE: Final = 2
_ABSENT: Final = {
    "not for us": "not for this node: their authors can share them (vigil consult share)",
    "deleted": "deleted",
    "not here": "not here yet, or invented",
}
_STEPS: Final = {"close": " closes the thread", "open": " opened the thread"}


def members_words(members: list[str] | str | None) -> str:
    """Who is in a thread."""
    if members is None:
        return "unknown: the opening is not here"
    return members if isinstance(members, str) else plain(", ".join(members))


def told_words(line: Line, done: str) -> str:
    """What an act made, and how far it has come."""
    words = f"{done} {record_name(line['thread'])} ({members_words(line['members'])})."
    if not line["records"]:
        return f"{words} It had not left this node."
    if not line["queued"] and not line["signed"]:
        return f"{words} Published: the hub has confirmed it."
    waits = "It is in our signed log. The hub has not confirmed it yet."
    return (
        f"{words} {'It is stored here and has not left this node yet.' if line['queued'] else waits} {why_words(line)}"
    )


def listed_words(line: Line) -> str:
    """A thread in the list, in lines that fit a terminal."""
    unread = f", {line['unread']:,} unread" if line["unread"] else ""
    marks = [word for word, name in (("closed", "closed"), ("left", "muted")) if line[name]]
    marks += [] if line["sent"] else ["not sent yet"]
    state = f" ({', '.join(marks)})" if marks else ""
    last = line["last"]
    more = [
        f"{members_words(line['members'])}; last: {plain(last['member'])}, {moment(last['at'])}",
        f"case {plain(', '.join(line['cases']))}" if line["cases"] else "",
    ]
    head = f"{record_name(line['thread'])}  {count(line['messages'], 'message')}{unread}{state}"
    return "\n".join([head, below(_MORE, plain(line["subject"])), *(below(_MORE, words) for words in more if words)])


def list_end_words(line: Line) -> str:
    """The end of the list."""
    if not line["listed"]:
        return "no threads"
    shown = f"showing {count(line['listed'], 'thread')}"
    return f"{shown}; the next: --after {record_name(line['next'])}" if line["next"] else shown


def thread_words(line: Line) -> str:
    """A thread: its subject, who is in it, and what is not shown."""
    state = " (closed)" if line["closed"] else ""
    words = [
        f"Thread {record_name(line['thread'])}{state}",
        below(_MORE, plain(line["subject"] or "its opening is not here")),
        below(_MORE, f"members: {members_words(line['members'])}; opened by {plain(line['opener'])}"),
    ]
    words += [below(_MORE, f"case {plain(', '.join(line['cases']))}")] if line["cases"] else []
    words += [below(_MORE, f"about the query {line['query']}" + _answer_words(line))] if line["query"] else []
    words += [below(_MORE, each) for each in _missing_words(line)]
    return "\n".join(words)


def _answer_words(line: Line) -> str:
    return f", which this node answered: {plain(line['own_answer'])}" if line["own_answer"] else ""


def _missing_words(line: Line) -> list[str]:
    found = [
        f"{_at_least(number)}{count(number, 'message')} of this thread {_ABSENT.get(why, plain(why))}"
        for why, number in line["absent"].items()
    ]
    if line["left_out"]:
        whose = ", ".join(f"{number:,} of {plain(member)}" for member, number in line["left_out"].items())
        found.append(f"left out, because there are too many: {whose}")
    if line["uncounted"]:
        found.append(f"{count(line['uncounted'], 'message')} of members that are not in this thread left out")
    return found


def _at_least(number: int) -> str:
    """Messages that no message here names are not known."""
    return "at least " if number >= MOST_AFTER else ""


def message_words(line: Line) -> str:
    """A message: who said it, when, and its text in indented lines."""
    marks = [word for word, name in (("unread", "unread"), ("changed", "changed")) if line[name]]
    marks += ["not sent yet"] if line["publication"] == "queued" else []
    state = f" ({', '.join(marks)})" if marks else ""
    said = f"{plain(line['member'])}{_STEPS.get(line['step'], '')}"
    head = f"{line['number']:>5}  {said}, {moment(line['at'])}, {record_name(line['record'])}{state}"
    text = line["text"].split("\n") if line["text"] else []
    about = [f"about {', '.join(record_name(each) for each in line['about'])}"] if line["about"] else []
    until = (line["handling"] or {}).get("retain_until_day")
    kept = [f"deleted everywhere after {day_words(until)}"] if until else []
    return "\n".join([head, *(below(_INDENT, plain(each)) for each in (*text, *about, *kept))])
