"""A change of the policy in people's words, for whoever shows it and for whoever signs it.

Rules this module upholds:

- Nothing of a policy is signed unseen.
"""

from __future__ import annotations

from node.cli.output import Line, plain


def number_words(value: float) -> str:
    """A number as a person reads it."""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def change_words(changed: list[Line]) -> list[str]:
    """One line for each number."""
    return [
        f"  {plain(each['name'])}: {number_words(each['from'])} becomes {number_words(each['to'])}" for each in changed
    ]


def policy_words(line: Line) -> str:
    """What the next signature changes."""
    head = f"The policy changes: version {line['former_version']} becomes {line['policy']}."
    return "\n".join([head, *change_words(line["changed"])])
