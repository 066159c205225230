"""What people read instead of JSON: a hit, an outcome, a time, each said once for all commands.

Rules this module upholds:

- A hit is called a lead or a hit, never a verdict, and says who says so and how near it is.
- "No answer" is never worded as "no hit", and what was not searched is said.
- Every text that came from elsewhere goes through `plain`. Lines keep to 80 columns as far as names allow.
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
WIDTH: Final = 80
"""Columns of a terminal that nobody has widened."""
"""Hex digits by which a record is shown; eight are enough to name it in a command."""
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
"""How a copy lies to what it is a copy of. Turned: degrees counter-clockwise. `--json` has the exact names."""

_RECORD_HERE: Final = {
    "gone": "our copy of that log has the record without its body",
    "not-here": "NOT in our copy of that log: not followed yet, or made up",
}
"""How a record that another member names stands here, where it is not here whole."""
MEANING: Final = {
    "held": "a person there will decide",
    "refused": "refused to answer",
    "error": "could not answer",
    "offline": "not reached: ask again later",
    "timeout": "no answer in time",
    "bad-signature": "its answer does not verify, and does not count",
    "not-asked": "not asked",
}
"""What a state means that is no answer to the question."""


def subject_name(hit: Line) -> str:
    """What a hit is about, as the person called it; of a hit on a question as a whole, how many subjects it may be."""
    if hit["subject"] is None and hit.get("subjects"):
        return f"one or more of the {count(hit['subjects'], 'subject')} asked about; which, is not told"
    part = hit.get("part") or hit.get("place")
    return plain(hit["subject"] or "") + (f" {INSIDE} {plain(part_words(part))}" if part else "")


def record_name(record: str | None) -> str:
    """A record as people name it: the first digits of its leaf hash; a hyphen where there is none."""
    return record.partition("#")[2][:SHORT] if record else "-"


def speaker(origin: str) -> str:
    """Who says it: the member of a log's origin, or the member itself."""
    parts = origin.split("/")
    return plain(parts[1] if len(parts) > 1 else origin)


def hit_words(hit: Line) -> str:
    """A hit in one line or two: who, by what, how near; then what the owner says of it."""
    if hit["distance"] is not None:
        algorithm = ALGORITHM_BY_NAME.get(hit["algorithm"])
        near = f"{hit['distance']} {f'of {PDQ_BITS} ' if algorithm and algorithm.of_pdq else ''}bits away"
    else:
        near = "the same" if hit["record"] or hit.get("holding") else "matching file held; details not disclosed"
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
    about = ["found without the plain borders"] if hit.get("trimmed") else []
    about += [f"as shown on {plain(hit['shown_on'])}"] if hit.get("shown_on") else []
    about += ["MD5 or SHA-1 only; can be forged"] if hit.get("weak") else []
    about += [_RECORD_HERE[hit["record_here"]]] if hit.get("record_here") in _RECORD_HERE else []
    about += ["known to be harmless (allow-list)"] if hit.get("allowed") else []
    about += _member_words(hit)
    cases = f"case {plain(', '.join(hit['cases']))}" if hit.get("cases") else ""
    said = "; ".join(statement_words(hit))
    more = [*_video_words(hit), said, handling_words(hit.get("handling")), cases, "; ".join(about)]
    return "\n".join([line, *(_INDENT * 2 + words for words in more if words)])


def _member_words(hit: Line) -> list[str]:
    """How the member stands whose record it is, and how many hits of it are like this one."""
    words = [f"of a {hit['standing']} member"] if hit.get("standing") else []
    more = hit.get("alike", 1) - 1
    return [*words, f"{count(more, 'more hit')} of this member just like it"] if more else words


def aside_words(line: Line, command: str = "") -> list[str]:
    """What a summary says of hits that are not shown because their member is muted or suspended; none where none.
    `command`: that shows them, where it is another than the one that was run.
    """
    words, show = [], f"{command} --show-all".strip()
    for how, remedy in (("suspended", show), ("muted", f"{show}, or vigil mute MEMBER --lift")):
        for member, number in (line.get(how) or {}).items():
            words.append(f"{count(number, 'hit')} of {plain(member)} not shown: {how}. To see them: {remedy}")
    return words


def grouped_words(line: Line) -> list[str]:
    """What a summary says of hits that are like those shown, or past what is shown of one member; none where none."""
    members = line.get("grouped_by_member") or {}
    return [
        f"{count(number, 'more hit')} of {plain(member)} not shown: like those shown, or too many of one member"
        for member, number in members.items()
    ]


def stored_hit_words(hit: Line) -> str:
    """How near a holding and a record are, and what the record says, in one line."""
    said = [*statement_words(hit), handling_words(hit.get("handling"))]
    return "; ".join([stored_near_words(hit), *(words for words in said if words)])


def stored_near_words(hit: Line) -> str:
    """How near a holding and a record are."""
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
    """What a hit by frames of videos says beside its distance: a line of shares, and one of times."""
    shares, lines = hit.get("shares"), []
    if shares:
        asked = f"{shares['query_percent']} % of its {count(shares['query_moments'], 'moment')}"
        there = f"{shares['compared_percent']} % of {count(shares['compared_frames'], 'frame')}"
        lines.append(f"{asked}, {there} there, within {shares['radius']} bits")
    asked_at, found_at = hit.get("subject_seconds"), hit.get("seconds")
    times = [f"at {clock_words(found_at)} there"] if found_at is not None else []
    times += [f"at {clock_words(asked_at)} of what was asked"] if asked_at is not None else []
    return [*lines, ", ".join(times)] if times else lines


def clock_words(seconds: float) -> str:
    """Seconds from the start of a video, as players show them."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def outcome_note(outcome: Line) -> str:
    """What has to be known about a member's state beside the state itself."""
    state = outcome["outcome"]
    # "not asked: not asked" would say nothing; with a reason, the reason does. An error that no member signed is ours,
    # or the hub's: what that member could do is not known.
    unsigned = state == "not-asked" or (state == "error" and outcome.get("searched") is None)
    notes = [MEANING[state]] if state in MEANING and not (unsigned and outcome.get("reason")) else []
    if outcome.get("reason") and plain(outcome["reason"]) not in notes:
        notes.append(plain(outcome["reason"]))
    # One hash of a kind may be below the quality floor, and another of the same kind not.
    some = dict.fromkeys(outcome.get("searched") or (), "some ")
    notes += [f"{some.get(name, '')}{kind_words(name)} not compared" for name in outcome.get("not_searched") or ()]
    if outcome.get("reduced"):
        notes.append("reduced: no orientations")
    if outcome.get("answer_refused"):
        notes.append("its answer is kept as evidence")
    return "; ".join(notes)


def outcome_words(outcome: Line) -> str:
    """A member's state as it comes in, in a line."""
    late = "late: " if outcome.get("late") else ""
    hits = f", {count(outcome['hits'], 'hit')}" if outcome.get("hits") else ""
    note = outcome_note(outcome)
    return f"{plain(outcome['member']):<6} {late}{state_words(outcome['outcome'])}{hits}" + (
        f" ({note})" if note else ""
    )


def state_words(state: str) -> str:
    """A state as people read it. Only a signed no-hit reads "no hit"."""
    return "no hit" if state == "no-hit" else plain(state)


def unanswered(outcomes: dict[str, str]) -> list[str]:
    """The members whose state does not answer the question."""
    return [member for member, state in outcomes.items() if state not in {each.value for each in ANSWERED}]


def kind_words(name: str) -> str:
    """A kind of fingerprint as people write it."""
    known = ALGORITHM_BY_NAME.get(name)
    return known.label if known else plain(name)


def join(names: Sequence[str]) -> str:
    """Names in a row, each of them plain."""
    return ", ".join(map(plain, names))


def count(number: int, noun: str) -> str:
    """`1 hit`, `2 hits`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def below(indent: int, words: str) -> str:
    """Words below a line that they belong to, indented by `indent` columns and broken to fit a terminal."""
    return fill(
        words,
        width=WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def ranges_words(numbers: Sequence[int]) -> str:
    """Whole numbers, ascending, with neighbours drawn together: "1 to 10, 12"."""
    runs: list[tuple[int, int]] = []
    for each in sorted(numbers):
        if runs and each <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], each)
        else:
            runs.append((each, each))
    return ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in runs)


def not_matched_words(line: Line) -> str:
    """That some records were not compared yet, and what to do."""
    return (
        f"{count(line['not_matched_yet'], 'record')} of other members not compared with our holdings yet: "
        "the running node (vigil node run) does it; look again later."
    )


def value_words(value: object) -> str:
    """A value of a status line: yes and no for flags, a list in a row, a hyphen for nothing."""
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
    """A table in the house's dress: no frame, a rule under the head. Where it is too wide, the columns `folds` give."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="")
    for column in columns:
        table.add_column(
            column, justify="right" if column in right else "left", overflow="fold", no_wrap=column not in folds
        )
    return table
