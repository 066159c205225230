"""The text of a change of the policy, for the commands that show it or sign it.

Rules this module upholds:

- A person sees every change of a policy before it is signed.
"""

from __future__ import annotations

from node.cli.output import Line, plain


def number_words(value: float) -> str:
    """A number for people."""
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
