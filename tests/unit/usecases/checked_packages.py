"""Packages of the logs of two members, and the check of a package by one that follows them."""

from __future__ import annotations

from dataclasses import replace

from node.domain.batch import BodyState, Package
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin
from node.domain.log_ports import LogState
from node.domain.roster import Roster
from node.tlog import merkle
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.replica import Position, Rules, Verified, verify_package
from node.wire.convert_records import decode_handling
from tests.simulator.federation import Log, Speaker, roster

FR, JP = Speaker.named("FR"), Speaker.named("JP")
ROSTER = roster(FR, JP)
ONLY_DE = Handling(audience=(MemberId("DE"),))
ONLY_JP = Handling(audience=(MemberId("JP"),))
HELD, NOT_FOR_US, PURGED, MISSING, QUARANTINED = map(int, BodyState)


def start(origin: Origin = FR.origin, **state: object) -> Position:
    """The position of a node that has nothing of a log yet, with these changes."""
    empty = LogState(number=1, origin=origin, size=0, root=merkle.EMPTY_ROOT)
    return Position(state=replace(empty, **state), edge=(), tree=merkle.CompactRange())  # type: ignore[arg-type]


def check(
    package: Package,
    at: Position | None = None,
    *,
    reader: str | None = "JP",
    hub: bool = True,
    strict: bool = False,
    known: Roster = ROSTER,
    expired_before: int = 0,
) -> Verified:
    """What `verify_package` makes of a package, for JP that follows the hub unless it is said otherwise."""
    copy = Copy(reader=None if reader is None else MemberId(reader), strict=strict, expired_before=expired_before)
    rules = Rules(roster=known, copy=copy, cosigned=hub)
    return verify_package(at or start(), package, rules, Handlings(decode_handling))


def log_of(count: int, speaker: Speaker = FR) -> Log:
    """A log with this many pictures."""
    log = Log(speaker)
    log.pictures(range(count))
    return log
