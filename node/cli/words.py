"""The text that people read instead of JSON: hits, outcomes, times. All commands share it.

Rules this module upholds:

- A hit is called a lead or a hit, never a verdict. It says who reports it and how near it is.
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
from node.cli.part_words import part_words
from node.cli.statement_words import handling_words, statement_words
from node.domain.algorithms import ALGORITHM_BY_NAME
from node.domain.calendar import spell_day, spell_moment
from node.domain.fingerprint_kinds import PDQ_BITS
from node.domain.holdings import INSIDE
from node.domain.queries import ANSWERED

SHORT: Final = 12
"""Hex digits that are shown of a record's hash; eight are enough to name it in a command."""
WIDTH: Final = 80
"""Columns of a default terminal."""
_INDENT: Final = "  "
ORIENTED: Final = {
    "rotate90": "turned 90",
    "rotate180": "turned 180",
    "rotate270": "turned 270",
    "flip": "flipped",
    "flop": "mirrored",
    "transpose": "mirrored, turned",
    "transverse": "mirrored, turned",
}
"""The orientation of a copy relative to its original. Turned: degrees counter-clockwise. `--json` has the exact names.
"""

_RECORD_HERE: Final = {
    "gone": "our copy of that log has the record without its body",
    "not-here": "NOT in our copy of that log: not received yet, or invented",
}
"""The state here of a record that another member names, if it is not complete here."""
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


def subject_name(hit: Line) -> str:
    """The name of a hit's subject; for a hit on a whole query, the number of possible subjects."""
    if hit["subject"] is None and hit.get("subjects"):
        return f"one or more of the {count(hit['subjects'], 'subject')} asked about; the member does not say which"
    part = hit.get("part") or hit.get("place")
    return plain(hit["subject"] or "") + (f" {INSIDE} {plain(part_words(part))}" if part else "")


def record_name(record: str | None) -> str:
    """The short name of a record: the first digits of its leaf hash; a hyphen if there is no record."""
    return record.partition("#")[2][:SHORT] if record else "-"


def speaker(origin: str) -> str:
    """The member that reports it: the member of a log's origin, or the member itself."""
    parts = origin.split("/")
    return plain(parts[1] if len(parts) > 1 else origin)


def hit_words(hit: Line) -> str:
    """A hit in one or two lines: member, algorithm, distance; then the owner's statement."""
    if hit["distance"] is not None:
        algorithm = ALGORITHM_BY_NAME.get(hit["algorithm"])
        near = f"{hit['distance']} {f'of {PDQ_BITS} ' if algorithm and algorithm.of_pdq else ''}bits away"
    else:
        known = hit["record"] or hit.get("holding") or hit.get("list")
        near = "the same" if known else "matching file held; details not disclosed"
    parts = [near]
    if hit["quality"] is not None and hit["quality"] >= 0:
        parts.append(f"quality {hit['quality']}")
    if hit["orientation"] not in (None, "original"):
        parts.append(ORIENTED.get(hit["orientation"], plain(hit["orientation"])))
    if hit.get("holding"):
        parts.append(f"holding {hit['holding']}")
    what = f"{plain(hit['algorithm']):<7} {', '.join(parts)}"
    line = f"{_INDENT}{speaker(hit['origin']):<6} {what:<56} "
    line = f"{line}{record_name(hit['record']):>{SHORT}}".rstrip(" -")
    of_list = [list_words(hit["list"])] if hit.get("list") else []
    of_list += [hit_notice_words(hit["notice"])] if hit.get("notice") else []
    about = ["found without the plain borders"] if hit.get("trimmed") else []
    about += [f"as shown on {plain(hit['shown_on'])}"] if hit.get("shown_on") else []
    about += ["MD5 or SHA-1 only; can be forged"] if hit.get("weak") else []
    about += [_RECORD_HERE[hit["record_here"]]] if hit.get("record_here") in _RECORD_HERE else []
    about += ["known to be harmless (allow-list)"] if hit.get("allowed") else []
    about += [f"reviewed before: {plain(hit['review'])}"] if hit.get("review") else []
    about += _member_words(hit)
    cases = f"case {plain(', '.join(hit['cases']))}" if hit.get("cases") else ""
    said = "; ".join(statement_words(hit))
    more = [*of_list, *_video_words(hit), said, handling_words(hit.get("handling")), cases, "; ".join(about)]
    return "\n".join([line, *(_INDENT * 2 + words for words in more if words)])


def hit_notice_words(notice: Line) -> str:
    """The published notice that a hit is on."""
    what = "WARNING, green notice" if notice["colour"] == "green" else f"{plain(notice['colour'])} notice"
    return f"{what} {plain(notice['reference'])}, requested by {plain(notice['requested_by'])}"


def list_words(row: Line) -> str:
    """The row of a list that was found."""
    provider = f" ({plain(row['provider'])})" if row["provider"] else ""
    parts = [f"list {plain(row['name'])}{provider}, row {row['row']}"]
    parts += [f"case {plain(row['case'])} of the list"] if row["case"] else []
    parts += ["not a list of child abuse material"] if not row["child_abuse"] else []
    parts += [f"disputed by {row['disputes']}"] if row["disputes"] else []
    return ", ".join([*parts, "signed by no member"])


def same_name_words(line: Line) -> list[str]:
    """Says that lists have cases with the reference of a case of this node."""
    names = [
        plain(each["list"]) + (f" ({plain(each['provider'])})" if each["provider"] else "")
        for each in line.get("same_name") or ()
    ]
    return [f"A case with this reference also came with: {', '.join(names)}. It is another case."] if names else []


def _member_words(hit: Line) -> list[str]:
    """The standing of the record's member, and how many of its hits are like this one."""
    words = [f"of a {hit['standing']} member"] if hit.get("standing") else []
    more = hit.get("alike", 1) - 1
    whose = "list" if hit.get("list") else "member"
    return [*words, f"{count(more, 'more hit')} of this {whose} just like it"] if more else words


def aside_words(line: Line, command: str = "") -> list[str]:
    """The lines of a summary about hits that are hidden because their member is muted or suspended; empty if there are
    none. `command`: the command that shows them, if it is not the one that was run.
    """
    words, show = [], f"{command} --show-all".strip()
    for how, remedy in (("suspended", show), ("muted", f"{show}, or vigil mute MEMBER --lift")):
        for member, number in (line.get(how) or {}).items():
            words.append(f"{count(number, 'hit')} of {plain(member)} not shown: {how}. To see them: {remedy}")
    return words


def grouped_words(line: Line) -> list[str]:
    """The lines of a summary about hits that are similar to shown hits, or above the limit per member; empty if there
    are none.
    """
    members = line.get("grouped_by_member") or {}
    return [
        f"{count(number, 'more hit')} of {plain(member)} not shown: like those shown, or too many of one member"
        for member, number in members.items()
    ]


def stored_hit_words(hit: Line) -> str:
    """The distance between a holding and a record, and what the record says, in one line."""
    said = [*statement_words(hit), handling_words(hit.get("handling"))]
    return "; ".join([stored_near_words(hit), *(words for words in said if words)])


def stored_near_words(hit: Line) -> str:
    """The distance between a holding and a record."""
    near = f"{hit['distance']} bits away" if hit["distance"] is not None else "the same"
    parts = [f"{kind_words(hit['algorithm'] or '')} {near}"]
    if hit["orientation"] not in (None, "original"):
        parts.append(ORIENTED.get(hit["orientation"], plain(hit["orientation"])))
    if hit["shares"]:
        parts.append(f"{max(hit['shares']['query_percent'], hit['shares']['compared_percent'])} % of the frames")
    parts += [f"as shown on {plain(hit['shown_on'])}"] if hit.get("shown_on") else []
    parts += ["MD5 or SHA-1 only; can be forged"] if hit["weak"] else []
    parts += ["known to be harmless (allow-list)"] if hit["allowed"] else []
    return ", ".join([*parts, *_member_words(hit)])


def _video_words(hit: Line) -> list[str]:
    """The extra lines of a hit by video frames: one line of shares, and one line of times."""
    shares, lines = hit.get("shares"), []
    if shares:
        asked = f"{shares['query_percent']} % of its {count(shares['query_moments'], 'moment')}"
        there = f"{shares['compared_percent']} % of {count(shares['compared_frames'], 'frame')}"
        lines.append(f"{asked}, {there} there, within {shares['radius']} bits")
    asked_at, found_at = hit.get("subject_seconds"), hit.get("seconds")
    times = [f"at {clock_words(found_at)} there"] if found_at is not None else []
    times += [f"at {clock_words(asked_at)} of the file that you asked about"] if asked_at is not None else []
    return [*lines, ", ".join(times)] if times else lines


def clock_words(seconds: float) -> str:
    """Seconds from the start of a video, in the format of video players."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


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
