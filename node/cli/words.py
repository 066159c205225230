"""The text that people read instead of JSON: outcomes, counts, times, tables. All commands share it.

Rules this module upholds:

- "No answer" is never written as "no hit". The text says what was not searched.
- Every text from outside goes through `plain`. Lines fit 80 columns if the names allow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Final

from rich import box
from rich.table import Table

from node.cli.output import Line, plain
from node.domain.algorithms import ALGORITHM_BY_NAME
from node.domain.calendar import spell_day, spell_moment
from node.domain.queries import ANSWERED

SHORT: Final = 12
"""Hex digits that are shown of a record's hash; eight are enough to name it in a command."""
WIDTH: Final = 80
"""Columns of a default terminal."""
MEANING: Final = {
    "held": "a person there will decide",
    "refused": "refused to answer",
    "error": "could not answer",
    "offline": "not reached: ask again later",
    "timeout": "no answer in time",
    "bad-signature": "its answer is not validly signed, and does not count",
    "not-asked": "not asked",
}
"""The meaning of each state that does not answer the query."""


def record_name(record: str | None) -> str:
    """The short name of a record: the first digits of its leaf hash; a hyphen if there is no record."""
    return record.partition("#")[2][:SHORT] if record else "-"


def speaker(origin: str) -> str:
    """The member that reports it: the member of a log's origin, or the member itself."""
    parts = origin.split("/")
    return plain(parts[1] if len(parts) > 1 else origin)


def outcome_note(outcome: Line) -> str:
    """Further facts about a member's state."""
    state = outcome["outcome"]
    # "not asked: not asked" would say nothing; if there is a reason, it is shown. An error that no member signed is
    # ours or the hub's: it says nothing about that member.
    unsigned = state == "not-asked" or (state == "error" and outcome.get("searched") is None)
    notes = [MEANING[state]] if state in MEANING and not (unsigned and outcome.get("reason")) else []
    if outcome.get("reason") and plain(outcome["reason"]) not in notes:
        notes.append(plain(outcome["reason"]))
    # One hash of a kind may be below the quality floor while another hash of the same kind is not.
    some = dict.fromkeys(outcome.get("searched") or (), "some ")
    notes += [f"{some.get(name, '')}{kind_words(name)} not compared" for name in outcome.get("not_searched") or ()]
    if outcome.get("reduced"):
        notes.append("reduced: no orientations")
    if outcome.get("answer_refused"):
        notes.append("its answer is kept as evidence")
    return "; ".join(notes)


def outcome_words(outcome: Line) -> str:
    """A member's state when it arrives, in one line."""
    late = "late: " if outcome.get("late") else ""
    hits = f", {count(outcome['hits'], 'hit')}" if outcome.get("hits") else ""
    note = outcome_note(outcome)
    return f"{plain(outcome['member']):<6} {late}{state_words(outcome['outcome'])}{hits}" + (
        f" ({note})" if note else ""
    )


def state_words(state: str) -> str:
    """The text of a state. Only a signed no-hit reads "no hit"."""
    return "no hit" if state == "no-hit" else plain(state)


def unanswered(outcomes: dict[str, str]) -> list[str]:
    """The members whose state does not answer the query."""
    return [member for member, state in outcomes.items() if state not in {each.value for each in ANSWERED}]


def kind_words(name: str) -> str:
    """The usual name of a kind of fingerprint."""
    known = ALGORITHM_BY_NAME.get(name)
    return known.label if known else plain(name)


def join(names: Sequence[str]) -> str:
    """Names separated by commas, each through `plain`."""
    return ", ".join(map(plain, names))


def count(number: int, noun: str) -> str:
    """`1 hit`, `2 hits`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def below(indent: int, words: str) -> str:
    """Text below its line, indented by `indent` columns and broken to fit a terminal."""
    return fill(
        words,
        width=WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def ranges_words(numbers: Sequence[int]) -> str:
    """Whole numbers in ascending order, with ranges: "1 to 10, 12"."""
    runs: list[tuple[int, int]] = []
    for each in sorted(numbers):
        if runs and each <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], each)
        else:
            runs.append((each, each))
    return ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in runs)


def not_matched_words(line: Line) -> str:
    """Says that some records were not compared yet, and what to do."""
    return (
        f"{count(line['not_matched_yet'], 'record')} of other members not compared with our holdings yet. The running "
        f"node (vigil node run) does this; look again later."
    )


def value_words(value: object) -> str:
    """A value of a status line: yes or no for flags, a list with commas, a hyphen for nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{plain(name)}: {value_words(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(value_words, value)) or "none"
    return "-" if value is None else plain(value)


def moment(seconds: float | None) -> str:
    """Unix seconds as local time, to the minute."""
    if seconds is None:
        return "-"
    return spell_moment(seconds, "%Y-%m-%d %H:%M")


def clock_time(seconds: float) -> str:
    """Unix seconds as the local time of day, to the second."""
    return spell_moment(seconds, "%H:%M:%S")


def day_words(days: int | None) -> str:
    """Days since 1970 as a date."""
    return spell_day(days) if days else "-"


def new_table(*columns: str, right: tuple[str, ...] = (), folds: tuple[str, ...] = ()) -> Table:
    """A table without a frame, with a rule under the head. If it is too wide, the columns in `folds` are folded."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="")
    for column in columns:
        table.add_column(
            column, justify="right" if column in right else "left", overflow="fold", no_wrap=column not in folds
        )
    return table
