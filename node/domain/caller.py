"""Who runs a command. It travels beside the command and is no argument of it, so no command decides who asked.

Rules this module upholds:

- A name is one line of printable text, as the person gave it. It proves nothing: whoever may use the node may give it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.domain.texts import checked_text

MAX_OFFICER: Final = 128
"""Characters of an officer's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`officer`: the name for the audit log; "" where no person runs the command, or none was named."""

    officer: str = ""


NOBODY: Final = Caller()


def officer_name(text: str) -> str:
    """`text` as the name of an officer, without spaces around it. Raises `Malformed`."""
    return checked_text(text.strip(), MAX_OFFICER, "the name of an officer")
