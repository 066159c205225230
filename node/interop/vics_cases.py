"""A case of VICS: all that a file says of it beside its media.

Rules this module upholds:

- Everything is kept, as it is written: contacts, dates and fields that nobody knows too. It stays in the store.
- A total is compared with what there is, and not believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from node.domain.references import At, ListCase
from node.interop.hash_values import size
from node.interop.json_records import MAX_VALUE, JsonReader
from node.interop.reading import Broken
from node.interop.vics_fields import has_hash_field, short_text

MEDIA: Final = "Media"
_NUMBERS: Final = ("CaseNumber", "CaseID", "Case No.")
"""Fields that name a case, the best one first."""


def is_case(fields: Mapping[str, Any]) -> bool:
    """Whether an object is a case and no record: it has a list of media, or a name of a case and no hash."""
    if isinstance(fields.get(MEDIA), list):
        return True
    return not has_hash_field(fields) and any(name in fields for name in (MEDIA, *_NUMBERS))


class CaseFields:
    """The fields of one object, in their order. `at`: where it begins; `count`: the records that it has."""

    def __init__(self, at: At) -> None:
        self.at = at
        self.count = 0
        self.fields: dict[str, Any] = {}
        self._said: list[str] = []
        self._length = 0

    @classmethod
    def of(cls, reader: JsonReader) -> CaseFields:
        """All fields of the object that comes next, without its media."""
        made = cls(reader.here())
        for name, said in reader.members():
            is_list = name == MEDIA and reader.next_is("[")
            value, text = reader.value()
            if not is_list:
                made.add(name, value, said, text)
        return made

    def add(self, name: str, value: Any, said_name: str, said: str) -> None:  # noqa: ANN401 (JSON has any shape)
        """Takes a field. Raises `Broken` if there is too much of them."""
        self._length += len(said_name) + len(said) + 2
        if self._length > MAX_VALUE:
            raise Broken(f"an object of more than {MAX_VALUE >> 20} MiB", self.at)
        self.fields[name] = value
        self._said.append(f"{said_name}:{said}")

    def __len__(self) -> int:
        return len(self._said)

    @property
    def said(self) -> str:
        """The fields as one object."""
        return "{" + ",".join(self._said) + "}"

    @property
    def case(self) -> ListCase:
        """The case, as far as it is known. One without a name is named by its place."""
        names = (short_text(self.fields.get(name), {}) for name in _NUMBERS)
        return ListCase(at=self.at, number=next(filter(None, names), f"case at byte {self.at.offset}"), said=self.said)

    @property
    def is_miscounted(self) -> bool:
        """Whether a total is stated that is not `count`."""
        total, bad = size(self.fields.get("TotalMediaFiles"))
        return bad or total not in (-1, self.count)
