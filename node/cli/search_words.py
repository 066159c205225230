"""The text of hits that people read instead of JSON, and of what a search left out.

Rules this module upholds:

- A hit is called a lead or a hit, never a verdict. It says who reports it and how near it is.
- What is not shown is counted, with the command that shows it.
- Every text from outside goes through `plain`. Lines fit 80 columns if the names allow it.
"""

from __future__ import annotations

from typing import Final

from node.cli.output import Line, plain
from node.cli.part_words import part_words
from node.cli.statement_words import handling_words, statement_words
from node.cli.words import SHORT, count, kind_words, record_name, speaker
from node.domain.algorithms import ALGORITHM_BY_NAME
from node.domain.fingerprint_kinds import PDQ_BITS
from node.domain.holdings import INSIDE

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


def subject_name(hit: Line) -> str:
    """The name of a hit's subject; for a hit on a whole query, the number of possible subjects."""
    if hit["subject"] is None and hit.get("subjects"):
        return f"one or more of the {count(hit['subjects'], 'subject')} asked about; the member does not say which"
    part = hit.get("part") or hit.get("place")
    return plain(hit["subject"] or "") + (f" {INSIDE} {plain(part_words(part))}" if part else "")


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
