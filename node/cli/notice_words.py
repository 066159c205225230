"""A notice in words, as a member and the hub's operator see it.

Rules this module upholds:

- Every text from others goes through `plain`. No hash is shown, only how many there are of each kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.cli.output import plain
from node.cli.words import count, record_name

if TYPE_CHECKING:
    from node.cli.output import Line

_STATES: Final = {
    "queued": "not sent yet",
    "waiting": "waits for the hub's operator",
    "published": "published",
    "amended": "published; a change waits for the hub's operator",
    "refused": "refused by the hub's operator",
    "withdrawn": "withdrawn by the hub's operator",
    "retracted": "ended by the member that requested it",
    "expired": "expired",
}
_DAYS: Final = (("consent recorded", "consent_day"), ("since", "since"), ("until", "until"))


def notice_words(line: Line) -> str:
    """A notice in two or three lines."""
    state = _STATES.get(line["state"], plain(line["state"]))
    if line["colour"] is None:
        return f"{record_name(line['notice'])}  {plain(line['member'])}: {state}"
    days = "; ".join(f"{what} {plain(line[name])}" for what, name in _DAYS if line[name])
    kinds = ", ".join(f"{number:,} {plain(name)}" for name, number in sorted(line["fingerprints"].items()))
    what = f"{plain(line['colour'])} notice {plain(line['reference'])} of {plain(line['member'])}"
    words = [
        f"{record_name(line['notice'])}  {what}: {state}",
        f"    {count(sum(line['fingerprints'].values()), 'fingerprint')} ({kinds})" + (f"; {days}" if days else ""),
    ]
    return "\n".join([*words, *([f"    Reason: {plain(line['reason'])}"] if line["reason"] else [])])
