"""The parts of the stores in memory that a node and a hub have alike: settings and history."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.domain.index_ports import StoreLine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(slots=True)
class Common:
    """Settings and history, of a node as of a hub."""

    settings: dict[str, bytes] = field(default_factory=dict)
    line: StoreLine = field(default_factory=lambda: StoreLine(identity=secrets.token_bytes(16), changes=0, forgotten=0))


class MemoryCommon:
    """`SettingWriter` and `LineReader` over `Common`."""

    def __init__(self, common: Common) -> None:
        self._common = common

    def line(self) -> StoreLine:
        return self._common.line

    def setting(self, name: str) -> bytes:
        return self._common.settings.get(name, b"")

    def settings_named(self, names: Sequence[str]) -> Mapping[str, bytes]:
        return {name: self._common.settings[name] for name in names if name in self._common.settings}

    def settings_under(self, prefix: str, after: str = "", limit: int = 1_000) -> list[tuple[str, bytes]]:
        names = sorted(name for name in self._common.settings if name.startswith(prefix) and name > max(prefix, after))
        return [(name, self._common.settings[name]) for name in names[:limit]]

    def count_settings(self, prefix: str) -> int:
        return len(self.settings_under(prefix, limit=len(self._common.settings)))

    def set_setting(self, name: str, value: bytes) -> None:
        self._common.settings[name] = value

    def forget_settings(self, names: Sequence[str]) -> None:
        for name in names:
            self._common.settings.pop(name, None)
