"""`vigil node status` for people: the state of this node, and of each member's log.

Rules this module upholds:

- Problems come first, with what to do about each.
- A connection shows its present state and since when. If it does not work, it also shows why, and when the next try is.
"""

from __future__ import annotations

from typing import Final

from node.cli.output import Line, Output, plain
from node.cli.search_words import aside_words
from node.cli.usage_words import alarm_words, used_words
from node.cli.words import clock_time, count, moment, new_table, value_words

_SHOWN: Final = frozenset({
    "node", "federation", "state", "suspension_reason", "suspended_since", "hub", "certificate_expires",
    "roster_version", "roster_expires", "roster_stale", "published", "waiting", "log_epoch", "holdings", "hits",
    "hits_aside", "hits_left_out", "not_matched_yet", "connections", "alarms", "held_questions", "paused_logs",
    "exercise", "new_alerts",
})  # fmt: skip
"""Fields with a fixed place in the text of `status`; the others follow by name."""
_LABELS: Final = {"attending": "Answering queries", "due_work": "Background jobs"}


def node_words(line: Line) -> str:
    """The node itself: its alarms first, then one row per fact."""
    roster = "none yet" if line["roster_version"] is None else f"version {line['roster_version']}"
    if line["roster_version"] is not None:
        roster += f", {'STALE since' if line['roster_stale'] else 'fresh until'} {moment(line['roster_expires'])}"
    holdings = ", ".join(f"{number:,} {level}" for level, number in line["holdings"].items()) or "none"
    certificate = moment(line["certificate_expires"]) if line["certificate_expires"] else "none yet"
    rows = [
        ("Node", f"{line['node']} in {line['federation']}" + (": an EXERCISE" if line.get("exercise") else "")),
        ("State", _state_words(line)),
        ("Hub", line["hub"]),
        ("Certificate", f"until {certificate}" if line["certificate_expires"] else certificate),
        ("Roster", roster),
        ("Our log", _own_log_words(line)),
        ("Holdings", holdings),
    ]
    if line.get("hits"):
        rows += [("Hits" if not at else "", words) for at, words in enumerate(_hits_words(line))]
    new = line.get("new_alerts", 0)
    rows += [("Alerts", f"{new:,} new" + (": vigil alerts --new" if new else ""))]
    rows += [
        (_LABELS.get(name, name.replace("_", " ").capitalize()), _standing_words(name, value, line))
        for name, value in line.items()
        if name not in _SHOWN
    ]
    alarms = [alarm_words(each) for each in line.get("alarms", ())]
    return "\n".join([*alarms, *(f"{name:<18} {plain(value)}" for name, value in rows)])


def _state_words(line: Line) -> str:
    if not line.get("suspension_reason"):
        return str(line["state"])
    since = moment(line["suspended_since"])
    return f"{line['state']} since {since}. The hub's operator says: {line['suspension_reason']}"


def _hits_words(line: Line) -> list[str]:
    """The hits of our holdings on other members' records, and what the number does not include."""
    hits = line["hits"]
    words = [f"{hits['total']:,}, {hits['new']:,} new" + (": vigil hits --new" if hits["new"] else "")]
    words += [f"{hits['hidden']:,} more hidden by the allow-list"] if hits["hidden"] else []
    words += aside_words(line.get("hits_aside", {}), "vigil hits")
    words += ["more found than kept: vigil hits"] if line["hits_left_out"] else []
    words += [f"{count(line['not_matched_yet'], 'record')} not compared yet"] if line["not_matched_yet"] else []
    return words


def _own_log_words(line: Line) -> str:
    words = f"{line['published']:,} published, {line['waiting']:,} waiting"
    epoch = line.get("log_epoch", 1)
    return words if epoch == 1 else f"{words}; epoch {epoch}, after a change of keys"


def _log_name(line: Line, members: list[Line]) -> str:
    """The member, and the epoch of its log if there are several."""
    logs = [each for each in members if each["member"] == line["member"]]
    return plain(line["member"] if len(logs) == 1 else f"{line['member']} (epoch {line['log'].rpartition('/')[2]})")


def _standing_words(name: str, value: object, line: Line) -> str:
    """A value of status. For a connection to the hub also since when, and the next try."""
    stands = line.get("connections", {}).get(name)
    if stands is None:
        return value_words(value)
    if stands["works"]:
        return f"{'yes' if name == 'attending' else 'OK'}, since {moment(stands['since'])}"
    words = f"{'no' if name == 'attending' else 'not now'}, since {moment(stands['since'])}: "
    words += stands["fault"] or "connecting"
    return words + (f" (next try {clock_time(stands['next_try'])})" if stands["next_try"] else "")


def _state_word(line: Line) -> str:
    """The state of a log; the worst state wins."""
    for name in ("frozen", "stopped", "paused"):
        if line.get(name):
            return name.upper()
    return plain(line["state"])


def print_members(output: Output, members: list[Line]) -> None:
    """The members' logs, one row per log."""
    if not members:
        return
    table = new_table(
        "Member",
        "State",
        "Entries",
        "Lag",
        "Held",
        "Missing",
        "Set aside",
        "Used",
        right=("Entries", "Lag", "Held", "Used"),
    )
    for line in members:
        if line["log"] is None:
            table.add_row(plain(line["member"]), plain(line["state"]), "no log yet")
            continue
        table.add_row(
            _log_name(line, members),
            _state_word(line),
            f"{line['size']:,}",
            "?" if line["lag"] is None else f"{line['lag']:,}",
            f"{line['held']:,}",
            f"{line['missing']:,}" if line["missing"] else "",
            f"{line['quarantined']:,}" if line["quarantined"] else "",
            used_words(line),
        )
    output.say(table)
    for line in members:
        if line.get("frozen"):
            output.say(f"{plain(line['member'])} is frozen: {plain(line['frozen'])}")
        elif line.get("stopped"):
            output.say(
                f"{plain(line['member'])} is stopped: {plain(line['stopped'])}. The node tries it again; all other "
                f"logs continue."
            )
        if line.get("paused"):
            output.say(f"{plain(_log_name(line, members))} is paused: {plain(line['paused'])}")
        if line.get("given_up"):
            output.say(
                f"{plain(line['member'])}: {line['given_up']:,} bodies never arrived, and this node no longer "
                f"asks for them"
            )
