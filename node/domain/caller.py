"""Who runs a command. The caller is sent beside the command and is not an argument of it, so no command can set it.

Rules this module upholds:

- A name is one line of printable text, as the person gave it. It proves nothing: any user of the node may give any
  name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.domain.texts import checked_text

MAX_OFFICER: Final = 128
"""Most characters of an officer's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`officer`: the name for the audit log; "" if no person runs the command, or none was named."""

    officer: str = ""


NOBODY: Final = Caller()


def officer_name(text: str) -> str:
    """`text` as the name of an officer, without surrounding spaces. Raises `Malformed`."""
    return checked_text(text.strip(), MAX_OFFICER, "the name of an officer")
