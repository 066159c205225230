"""What this node remembers of its own watches, so that a withdrawn one can still be followed.

Rules this module upholds:

- The statement itself loses its body when it is withdrawn. Who was asked, for which case and until when stays here, in
  a setting, until the last reply to it has expired. It has no fingerprint and no name of a file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from node.domain.ids import MemberId, RecordId
from node.errors import Damaged
from node.usecases.watch_replies import KEPT_DAYS

if TYPE_CHECKING:
    from node.domain.setting_ports import SettingReader, SettingWriter

_PREFIX: Final = "own-watch/"
MOST_LISTED: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWatch:
    """A watch of ours. `members`: those asked. `at`, `withdrawn_at`: Unix seconds, 0 while it stands. `until_day`: days
    since 1970. `officer` "" if nobody named.
    """

    record: RecordId
    case: str
    purpose: str
    legal_basis: str
    members: tuple[MemberId, ...]
    subjects: int
    fingerprints: int
    until_day: int
    at: int
    officer: str = ""
    withdrawn_at: int = 0


def note_own_watch(tx: SettingWriter, watch: OwnWatch) -> None:
    """Remembers it, in the transaction that states it or changes it."""
    said = {name: value for name, value in asdict(watch).items() if name != "record"}
    tx.set_setting(_PREFIX + str(watch.record), json.dumps(said).encode())


def own_watch(tx: SettingReader, record: RecordId) -> OwnWatch | None:
    """The watch of this name. Raises `Damaged`."""
    value = tx.setting(_PREFIX + str(record))
    return _read(_PREFIX + str(record), value) if value else None


def own_watches(tx: SettingReader) -> list[OwnWatch]:
    """All that are remembered, the newest first. Raises `Damaged`."""
    found = [_read(*each) for each in tx.settings_under(_PREFIX, limit=MOST_LISTED)]
    return sorted(found, key=lambda each: (each.at, str(each.record)), reverse=True)


def forget_own_watches(tx: SettingWriter, today: int) -> int:
    """Forgets those to which nothing more can be said; returns how many. `today`: days since 1970."""
    over = [each for each in own_watches(tx) if each.until_day + KEPT_DAYS < today]
    tx.forget_settings([_PREFIX + str(each.record) for each in over])
    return len(over)


def _read(name: str, value: bytes) -> OwnWatch:
    try:
        said = json.loads(value)
        members = tuple(MemberId(each) for each in said.pop("members"))
        return OwnWatch(record=RecordId.parse(name.removeprefix(_PREFIX)), members=members, **said)
    except (ValueError, TypeError, KeyError) as error:
        raise Damaged(
            "what this node remembers of a watch cannot be read", remedy="run fsck, then restore the newest backup"
        ) from error
