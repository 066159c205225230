"""Alarms: events that a person must deal with. They stay until then, across restarts.

Rules this module upholds:

- An alarm is durable before the event that it is about continues. Status and doctor show it until a person acknowledges
  it, which is an audited act.
- It holds names, counts and times, never contents.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from node.domain.homes import ALARMS, HUB_BEHIND
from node.domain.texts import checked_text
from node.errors import Misuse, NotFound
from node.usecases.acts import perform

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from node.domain.ports import Clock
    from node.domain.setting_ports import SettingReader
    from node.domain.stores import LogStore
    from node.usecases.audit import AuditLog

MAX_ALARMS: Final = 100
MAX_REASON: Final = 1_000
"""Most characters of a person's remark on alarms."""
FOREIGN_REMEDY: Final = (
    "someone else may have this node's log key, or a second node runs with the same keys: stop that node, call the "
    "hub's operator and the federation's authority, and change the keys (certs/CEREMONIES.md, ceremony 4); then run "
    "vigil node acknowledge"
)
ROLLBACK_REMEDY: Final = (
    "call the hub's operator. If the hub was restored from a backup, the members submit the missing entries again. If "
    "it was not restored, someone shows members an older state: keep the evidence (vigil node status --json) and tell "
    "the federation's authority. Then run vigil node acknowledge"
)

FALSE_NOTICE_REMEDY: Final = (
    "the hub, or someone who has the key of its own log, publishes in the name of members: keep the evidence (vigil "
    "records --json) and tell the federation's authority; then run vigil node acknowledge"
)
INDEX_REMEDY: Final = (
    "stop the node, delete the folder index/ of its home, and start it again (it is rebuilt from the database); then "
    "run vigil node fsck and vigil node acknowledge, and repeat the searches since then"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignAppend:
    """Entries `first` to `size` - 1 of our own log `log` came from the hub and were not written here. `at`: Unix
    seconds.
    """

    log: str
    first: int
    size: int
    at: int

    @property
    def remedy(self) -> str:
        """What to do."""
        return FOREIGN_REMEDY

    def words(self) -> str:
        """What happened, for a person."""
        count = self.size - self.first
        return (
            f"{count:,} {'entry' if count == 1 else 'entries'} of our own log (from number {self.first:,} on) were not "
            "written by this node"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRollback:
    """The hub shows less of a log than it has cosigned: `shown` entries of `log`, while this node holds the hub's
    cosignature on `held` entries; `logs` logs are affected in all. `evidence`: both signed notes, the later one first;
    the other is "" if the hub shows none. `at`: Unix seconds.
    """

    log: str
    held: int
    shown: int
    logs: int
    evidence: tuple[str, str]
    at: int

    @property
    def remedy(self) -> str:
        """What to do."""
        return ROLLBACK_REMEDY

    def words(self) -> str:
        """What happened, for a person."""
        more = f", and less of {self.logs - 1:,} more" if self.logs > 1 else ""
        return (
            f"the hub was rolled back: it shows {self.shown:,} entries of the log {self.log}{more}, and this node "
            f"holds its cosignature on {self.held:,}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexDisagreement:
    """The search index proposed `hits` hits of one search that are not in the database, twice in a row. They may have
    displaced real hits, so a search may miss something. `log`: our own. `at`: Unix seconds.
    """

    log: str
    hits: int
    at: int

    @property
    def remedy(self) -> str:
        """What to do."""
        return INDEX_REMEDY

    def words(self) -> str:
        """What happened, for a person."""
        hits = "1 hit of one search is" if self.hits == 1 else f"{self.hits:,} hits of one search are"
        return f"the search index and the database disagree: {hits} not in the database"


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseNotice:
    """`notices` entries of the hub's own log `log` published what no member asked for; they were set aside. `at`: Unix
    seconds.
    """

    log: str
    notices: int
    at: int

    @property
    def remedy(self) -> str:
        """What to do."""
        return FALSE_NOTICE_REMEDY

    def words(self) -> str:
        """What happened, for a person."""
        what = "a notice" if self.notices == 1 else f"{self.notices:,} notices"
        return f"the hub published {what} that no member asked for; nothing is searched for it"


Alarm = ForeignAppend | HubRollback | IndexDisagreement | FalseNotice
_KINDS: Final[dict[str, type[Alarm]]] = {
    "foreign-append": ForeignAppend,
    "hub-rollback": HubRollback,
    "index-disagreement": IndexDisagreement,
    "false-notice": FalseNotice,
}
"""Name in `--json`. An alarm from an earlier version has no name and is of the first kind."""


def alarm_kind(alarm: Alarm) -> str:
    """The name of what happened."""
    return next(name for name, kind in _KINDS.items() if isinstance(alarm, kind))


def unpack_alarms(value: bytes) -> list[Alarm]:
    """The value of the setting `ALARMS`, oldest first."""
    return [_unpacked(each) for each in json.loads(value)] if value else []


def _unpacked(each: dict[str, Any]) -> Alarm:
    kind = _KINDS[each.pop("alarm", "foreign-append")]
    return HubRollback(**each | {"evidence": tuple(each["evidence"])}) if kind is HubRollback else kind(**each)


def alarms(tx: SettingReader) -> list[Alarm]:
    """The alarms that nobody has acknowledged."""
    return unpack_alarms(tx.setting(ALARMS))


def _pack(found: Sequence[Alarm]) -> bytes:
    return json.dumps([{"alarm": alarm_kind(each), **asdict(each)} for each in found]).encode("ascii")


class Alarms:
    """The alarms of one node. Blocking: never on the event loop."""

    def __init__(self, *, store: LogStore, audit: AuditLog, clock: Clock, log: str) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._log = log

    def foreign_append(self, size: int, hub_size: int) -> None:
        """The hub has entries [size, hub_size) of our own log that were not written here. Durable on return.

        If the same entries are found again (because adopting them was interrupted), the alarm is the same.
        """
        with self._store.write() as tx:
            known = alarms(tx)
            new = ForeignAppend(log=self._log, first=size, size=hub_size, at=int(self._clock()))
            foreign = [each for each in known if isinstance(each, ForeignAppend)]
            if any(each.log == new.log and each.first <= new.first and new.size <= each.size for each in foreign):
                return
            tx.set_setting(ALARMS, _pack([*known, new][:MAX_ALARMS]))

    def hub_rolled_back(self, behind: Sequence[HubRollback], caught_up: Collection[str]) -> None:
        """The hub shows less of these logs than it has cosigned; the logs in `caught_up` are complete again. Durable on
        return.

        One alarm covers all of them. It is not raised again before the hub has caught up or has lost more: for a log
        whose member has left, the hub may never catch up.
        """
        with self._store.write() as tx:
            value = tx.setting(HUB_BEHIND)
            before: dict[str, int] = json.loads(value) if value else {}
            told = {log: shown for log, shown in before.items() if log not in caught_up}
            fresh = [each for each in behind if each.shown < told.get(each.log, each.shown + 1)]
            told |= {each.log: each.shown for each in fresh}
            if told != before:
                tx.set_setting(HUB_BEHIND, json.dumps(told).encode("ascii"))
            if fresh:
                known = alarms(tx)
                standing = next((each for each in known if isinstance(each, HubRollback)), None)
                first = standing or fresh[0]
                logs = len(fresh) + (standing.logs if standing else 0)
                others = [each for each in known if each is not standing]
                tx.set_setting(ALARMS, _pack([*others, replace(first, logs=logs)][:MAX_ALARMS]))

    def index_disagrees(self, hits: int) -> None:
        """The index proposes hits that are not in the database. Durable on return; one alarm covers all."""
        with self._store.write() as tx:
            known = alarms(tx)
            if any(isinstance(each, IndexDisagreement) for each in known):
                return
            new = IndexDisagreement(log=self._log, hits=hits, at=int(self._clock()))
            tx.set_setting(ALARMS, _pack([*known, new][:MAX_ALARMS]))

    def false_notices(self, log: str, notices: int) -> None:
        """The hub published what no member asked for. Durable on return; one alarm covers all of one log."""
        with self._store.write() as tx:
            known = alarms(tx)
            standing = [each for each in known if isinstance(each, FalseNotice) and each.log == log]
            others = [each for each in known if each not in standing]
            count = notices + sum(each.notices for each in standing)
            new = FalseNotice(log=log, notices=count, at=int(self._clock()))
            tx.set_setting(ALARMS, _pack([*others, new][:MAX_ALARMS]))

    def acknowledge(self, reason: str) -> int:
        """A person has dealt with all alarms; returns how many. Raises `NotFound` if there are none, `Misuse` if the
        reason is not a text.
        """
        checked_text(reason, MAX_REASON, "the reason", Misuse)

        def clear() -> int:
            with self._store.write() as tx:
                count = len(alarms(tx))
                tx.set_setting(ALARMS, b"")
            if not count:
                raise NotFound("there is no alarm to acknowledge")
            return count

        return perform(self._audit, "acknowledge", clear, reason=reason)
