"""Gives an error the codes and parameters of its texts, for a face that speaks another language.

Rules this module upholds:

- The daemon that made the text says which template it is from: `messages.txt` is read from the same source (a test
  compares them). No face has to guess it from English.
- An error is never changed otherwise, and a text without a template has no code.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from node.domain.messages import Templates

if TYPE_CHECKING:
    from node.errors import VigilError


def give_codes(error: VigilError) -> None:
    """Sets `said` and `said_remedy`. Blocks for a moment at the first call, which reads the templates."""
    templates = _templates()
    error.said = templates.recognise(str(error))
    error.said_remedy = templates.recognise(error.remedy) if error.remedy else None


@cache
def _templates() -> Templates:
    return Templates((resources.files("node.control") / "messages.txt").read_text(encoding="utf-8").splitlines())
