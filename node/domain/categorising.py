"""What officers say about their own holdings, before anything is shared. Local only.

Rules this module upholds:

- A holding has one present categorisation, or none. A new one adds a version, and the former ones stay, with who made
  them and when.
- It has the words of a statement, so that a contribution takes them over as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from node.domain.statements import Contribution
from node.domain.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorisation:
    """One version of what is said about a holding. `version` from 1, 0 before it is stored; `at` Unix seconds.

    Empty words: the categorisation was taken back.
    """

    holding: int
    at: int
    officer: str = ""
    wording: Wording = field(default_factory=Wording)
    version: int = 0

    @property
    def statement(self) -> Contribution:
        """The words as a statement without fingerprints, for showing them."""
        return self.wording.of(Contribution(fingerprints=()))

    @property
    def says_something(self) -> bool:
        """Whether any word is given."""
        return self.wording != Wording()


def over_own(given: Wording, own: Wording) -> Wording:
    """The words for a record: those that are `given` for it, else the holding's `own`. A given category leaves out the
    baseline of another category.
    """
    if given.category is not None and given.category != own.category:
        own = replace(own, baseline=None)
    return given.over(own)


class CategorisationReader(Protocol):
    """Reads categorisations."""

    def categorisations(self, holdings: Sequence[int]) -> Mapping[int, Categorisation]:
        """The present one of each of these holdings, if any."""
        ...

    def categorisation_history(self, holding: int, limit: int) -> list[Categorisation]:
        """The versions for one holding, the newest first; at most `limit`."""
        ...


class CategorisationWriter(CategorisationReader, Protocol):
    """Writes them. A holding that is deleted loses all of them (`HoldingWriter.delete_holding`)."""

    def put_categorisations(self, said: Sequence[Categorisation]) -> None:
        """Adds the next version for each of these holdings, at most one per holding; `version` is ignored."""
        ...
