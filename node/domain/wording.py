"""What a person wants to state, as far as given: the part of the statement and the part of the handling.

Rules this module upholds:

- None means "not given": a contribution then has the default, a correction the earlier value.
- One set of words applies to many items, and is compared with each one's record.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, TypeVar

from node.domain.statements import Category, Contribution, Tri
from node.errors import Misuse

if TYPE_CHECKING:
    from node.domain.handling import Handling
    from node.domain.ids import MemberId, RecordId

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The statement about an item. `baseline` belongs to the category, and may be given alone in a correction."""

    category: Category | None = None
    baseline: Tri | None = None
    series: str | None = None
    victim_identified: Tri | None = None
    offender_identified: Tri | None = None
    tags: tuple[str, ...] | None = None
    language: str | None = None

    def of(self, before: Contribution) -> Contribution:
        """`before` with the given values. Raises `Misuse` for a baseline without a category."""
        category = self.category or before.category
        if self.baseline is not None:
            if category is None:
                raise Misuse("a baseline needs a category", remedy="give --category as well")
            category = replace(category, baseline=self.baseline)
        return replace(
            before,
            category=category,
            series=_given(self.series, before.series),
            victim_identified=_given(self.victim_identified, before.victim_identified),
            offender_identified=_given(self.offender_identified, before.offender_identified),
            tags=_given(self.tags, before.tags),
            language=_given(self.language, before.language),
        )

    def over(self, default: Wording) -> Wording:
        """The given values, or `default` where none is given."""
        return Wording(
            **{each.name: _given(getattr(self, each.name), getattr(default, each.name)) for each in fields(self)}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Who may read it, for what, until when. `everyone`: every member; `audience`: only these; neither: not given.

    `group`: a group as a person names it, whose members are not known yet (`usecases.group_audience` replaces it by
    `audience`, and by `shared_with`, the group's first version).
    """

    everyone: bool = False
    audience: tuple[MemberId, ...] | None = None
    group: str = ""
    shared_with: RecordId | None = None
    purposes: tuple[str, ...] | None = None
    code: str | None = None
    retain_until_day: int | None = None

    def of(self, before: Handling) -> Handling:
        """`before` with the given values. Raises `Misuse` for a group whose members are not known yet."""
        if self.group:
            raise Misuse("this command does not know the members of a group", remedy="name the members themselves")
        return replace(
            before,
            audience=None if self.everyone else _given(self.audience, before.audience),
            purposes=_given(self.purposes, before.purposes),
            code=_given(self.code, before.code),
            retain_until_day=_given(self.retain_until_day, before.retain_until_day),
        )

    @property
    def names_readers(self) -> bool:
        """Whether it says who may read it."""
        return self.everyone or self.audience is not None or bool(self.group)


def differences(before: Contribution | Handling, after: Contribution | Handling) -> tuple[str, ...]:
    """The names of the fields in which two of one kind differ. Fingerprints and media type belong to the item."""
    own = {"fingerprints", "media_type"}
    names = [each.name for each in fields(before) if each.name not in own]
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))


def _given(value: T | None, before: T) -> T:
    return before if value is None else value
