"""A text of a person: from the command line, or from standard input.

Rules this module upholds:

- Standard input is for texts that other users of the machine must not see in the list of processes.
- No text is read without end.
"""

from __future__ import annotations

import sys
from typing import Final

from node.cli.output import Output
from node.errors import Misuse

STANDARD_INPUT: Final = "-"
"""A text that says: read standard input."""
_MAX_INPUT: Final = 1 << 20
"""Most characters that are read from standard input; far more than any text may have."""


def text_or_input(text: str | None, output: Output, what: str) -> str:
    """`text`, or standard input if it is None or `-`. `what`: its name. Raises `Misuse` if it is far too long."""
    if text is not None and text != STANDARD_INPUT:
        return text
    if sys.stdin.isatty():
        output.note(f"Type the {what}. End it with Ctrl-D on a line of its own.")
    found = sys.stdin.read(_MAX_INPUT + 1)
    if len(found) > _MAX_INPUT:
        raise Misuse(f"the text on standard input is far too long for a {what}", remedy="shorten it")
    return found
