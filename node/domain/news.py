"""News: how far a person has seen what happens on this node, and how much came since. The values, and the port.

Rules this module upholds:

- A mark is made of numbers that only grow, so whoever was away asks with the last mark and misses nothing. Nothing has
  to be kept for a listener.
- News are counts. They name no hit, no case and no member.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol

from node.errors import Malformed

_MARK: Final = re.compile(r"(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The newest numbers of hits, alerts, and outcomes of questions."""

    hits: int = 0
    alerts: int = 0
    outcomes: int = 0

    def __str__(self) -> str:
        """As it is sent to a listener."""
        return f"{self.hits}.{self.alerts}.{self.outcomes}"

    @classmethod
    def parse(cls, text: str) -> Mark:
        """Raises `Malformed` unless `text` is exactly what `str` prints."""
        found = _MARK.fullmatch(text)
        if found is None:
            raise Malformed("this is no mark of news", remedy="load the page again")
        hits, alerts, outcomes = map(int, found.groups())
        return cls(hits=hits, alerts=alerts, outcomes=outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What came since a mark. `hits`: that nobody has decided about and the allow-list does not hide; `alerts`: that
    nobody has seen; `answers`: outcomes of our questions. `mark`: the newest.
    """

    mark: Mark
    hits: int = 0
    alerts: int = 0
    answers: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.hits or self.alerts or self.answers)


class NewsReader(Protocol):
    """Reads news."""

    def newest(self) -> Mark:
        """The present mark. It costs three look-ups in an index."""
        ...

    def news_since(self, mark: Mark) -> News:
        """What came since."""
        ...
