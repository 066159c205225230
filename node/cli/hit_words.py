"""The review of a hit as people read it: its state, its decisions, and what became of the record.

Rules this module upholds:

- A decision is shown with the officer and the time. A note is shown as text, without characters that could control a
  terminal.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from node.cli.list_hits import row_hit_words
from node.cli.output import Line, Output, plain
from node.cli.records import print_record
from node.cli.search_words import stored_near_words
from node.cli.words import below, day_words, join, moment

_INDENT: Final = 4


class State(StrEnum):
    """What officers say about a hit."""

    NEW = "new"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNSURE = "unsure"


def state_counts_words(line: Line, *, shows_rejected: bool) -> str:
    """How many hits are in each state that a listing shows, and how many of them nobody has listed before."""
    names = ["new", "confirmed", "unsure", *(["rejected"] if shows_rejected else [])]
    words = [f"{line[name]:,} {name}" for name in names if line[name] or name == "new"]
    return ", ".join(words) + (f" ({line['unseen']:,} not listed before)" if line["unseen"] else "")


def decided_words(line: Line) -> str:
    """Who decided, and when; "" if nobody has."""
    if not line["decided"]:
        return ""
    changed = "; the record was corrected since" if line["changed_since"] else ""
    return _decision_words(line["decided"]) + changed


def _decision_words(decision: Line) -> str:
    who = plain(decision["officer"] or "an officer without a name")
    role = f" ({plain(decision['role'])})" if decision["role"] else ""
    other = ", about another hit on the same file" if decision["followed"] else ""
    return f"{decision['state']} by {who}{role}, {moment(decision['at'])}{other}"


def life_words(line: Line) -> str:
    """What became of the record; "" if there is nothing to say."""
    became = line["became"]
    words = []
    if became["retracted_day"] is not None:
        words.append(f"retracted on {day_words(became['retracted_day'])}")
    words += ["expired"] if became["expired"] else []
    words += ["corrected, and the correction is no hit"] if became["corrected"] and line["ended"] else []
    return "; ".join(words)


def _opinion_words(line: Line) -> str:
    """Who confirms or disputes the record, by name; "" if nobody does."""
    said = ((how, line["became"][f"{how}_by"]) for how in ("confirmed", "disputed"))
    return "; ".join(f"{how} by {join(members)}" for how, members in said if members)


def print_hit(output: Output, line: Line) -> None:
    """One hit with everything that a decision needs."""
    cases = f", case {plain(', '.join(line['cases']))}" if line["cases"] else ""
    output.say(f"Hit {plain(line['hit'])}: {line['state']}, holding {line['holding']}{cases}")
    if line["on"] is not None:
        on = line["on"]
        near = "the record is here no longer" if on["ended"] else stored_near_words(on)
        output.say(below(_INDENT, near))
        output.say(below(_INDENT, f"first found {moment(on['first_seen'])}, last {moment(on['last_seen'])}"))
        for words in filter(
            None, (life_words(on), _opinion_words(on), decided_words(on) if on["changed_since"] else "")
        ):
            output.say(below(_INDENT, words))
    elif line["evidence"] is None:
        output.say(below(_INDENT, "the two are not near each other any longer"))
    elif line["row"] is not None:
        output.say(row_hit_words(line["evidence"]))
    else:
        output.say(below(_INDENT, f"holding {line['other']}: {stored_near_words(line['evidence'])}"))
    if line["record"] is not None:
        print_record(output, line["record"])
    _print_decisions(output, line)


def _print_decisions(output: Output, line: Line) -> None:
    output.say(f"Decisions: {len(line['history']) or 'none'}")
    for decision in line["history"]:
        output.say(below(_INDENT, _decision_words(decision)))
        if decision["note"]:
            output.say(below(2 * _INDENT, plain(decision["note"])))
    if line["earlier"]:
        output.say("About a former file of the other side:")
        for decision in line["earlier"]:
            output.say(below(_INDENT, _decision_words(decision)))
