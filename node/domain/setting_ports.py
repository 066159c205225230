"""The ports of the store for settings: small durable values by name.

Rules this module upholds:

- They are part of every database (`node.domain.stores`), and its rules apply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SettingReader(Protocol):
    """Reads settings."""

    def setting(self, name: str) -> bytes:
        """A small durable value by name, b"" if it was never set."""
        ...

    def settings_named(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Those of these values that were set."""
        ...

    def settings_under(self, prefix: str, after: str = "", limit: int = 1_000) -> list[tuple[str, bytes]]:
        """(Name, value) of at most `limit` values whose names begin with `prefix` and stand after `after`, in order."""
        ...

    def count_settings(self, prefix: str) -> int:
        """How many values have names that begin with `prefix`, which ends with "/"."""
        ...


class SettingWriter(SettingReader, Protocol):
    """Writes them."""

    def set_setting(self, name: str, value: bytes) -> None: ...

    def forget_settings(self, names: Sequence[str]) -> None:
        """Deletes these values, those that were set."""
        ...
