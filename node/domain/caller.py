"""Who runs a command. It travels beside the command and is no argument of it, so no command decides who asked.

Rules this module upholds:

- A name is one line of printable text, as the person gave it. It proves nothing: whoever may use the node may give it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.errors import Malformed

MAX_OFFICER: Final = 128
"""Characters of an officer's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`officer`: the name for the audit log; "" where no person runs the command, or none was named."""

    officer: str = ""


NOBODY: Final = Caller()


def officer_name(text: str) -> str:
    """`text` as the name of an officer, without spaces around it. Raises `Malformed`."""
    name = text.strip()
    if not name or len(name) > MAX_OFFICER or not name.isprintable():
        raise Malformed(
            "this is not the name of an officer", remedy=f"give 1 to {MAX_OFFICER} printable characters on one line"
        )
    return name
