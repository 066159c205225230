"""A hub that misbehaves: the real one, with what it says turned into a lie on the way to one member.

Rules this module upholds:

- It has what a compromised hub would have: everything the members sent, and the hub's own cosigning key. It has no
  member's key, but for the one test where the member itself signs two histories.
- Each lie is one function from what the hub would have said to what it says instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from node.domain.batch import Package
from node.domain.envelope import Disclosure
from node.domain.ids import MemberId, Origin
from node.domain.queries import LogView
from node.domain.services import Carrier, Head
from node.sync.streams import reading
from tests.simulator.federation import Log, Speaker, entry_of, picture
from tests.simulator.world import Hub, Wire

Lie = Callable[[Package], Sequence[Package]]
"""From a package to what is sent in its place: nothing, another, or several."""


def truth(package: Package) -> Sequence[Package]:
    return (package,)


@dataclass
class HostileWire:
    """`services.Carrier` of one member through a hub that lies about the log of `victim`, and about no other."""

    honest: Carrier
    victim: Origin
    lie: Lie = truth
    told: int = 0
    heads_lie: Callable[[Head], Head] = field(default=lambda head: head)
    extra: Sequence[Package] = ()

    async def heads(self, origins: Sequence[Origin]) -> list[Head]:
        heads = await self.honest.heads(origins)
        return [self.heads_lie(each) if each.origin == self.victim else each for each in heads]

    async def submit(self, package: Package) -> Head:
        return await self.honest.submit(package)

    async def follow(self, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
        for package in self.extra:
            yield package
        async with reading(self.honest.follow(cursors)) as packages:
            async for package in packages:
                if package.origin != self.victim:
                    yield package
                    continue
                for each in self.lie(package):
                    self.told += 1
                    yield each

    async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        return await self.honest.bodies(origin, indices)


def hostile(hub: Hub, member: MemberId, victim: Origin, lie: Lie = truth, **more: object) -> HostileWire:
    return HostileWire(Wire(hub, member), victim, lie, **more)  # type: ignore[arg-type]


# --- lies -------------------------------------------------------------------------------------------------------------


def _without(package: Package, gone: int) -> Package:
    def cut(column: Sequence[bytes]) -> list[bytes]:
        return [each for at, each in enumerate(column) if at != gone]

    return replace(
        package,
        entries=cut(package.entries),
        nonces=cut(package.nonces),
        bodies=cut(package.bodies),
        handling_nonces=cut(package.handling_nonces),
        handlings=cut(package.handlings),
    )


def drop_an_entry(package: Package) -> Sequence[Package]:
    return (_without(package, len(package.entries) // 2),)


def drop_the_first_package(package: Package) -> Sequence[Package]:
    return () if package.start == 0 else (package,)


def reorder_entries(package: Package) -> Sequence[Package]:
    def turned(column: Sequence[bytes]) -> list[bytes]:
        return list(reversed(column))

    return (
        replace(
            package,
            entries=turned(package.entries),
            nonces=turned(package.nonces),
            bodies=turned(package.bodies),
            handling_nonces=turned(package.handling_nonces),
            handlings=turned(package.handlings),
        ),
    )


def edit_an_entry(package: Package) -> Sequence[Package]:
    first = package.entries[0]
    return (replace(package, entries=[first[:-1] + bytes([first[-1] ^ 1]), *package.entries[1:]]),)


def edit_a_body(package: Package) -> Sequence[Package]:
    return (replace(package, bodies=[package.bodies[0] + b"!", *package.bodies[1:]]),)


def withhold_bodies(package: Package) -> Sequence[Package]:
    nothing = [b""] * len(package.entries)
    return (replace(package, nonces=nothing, bodies=nothing, handling_nonces=nothing, handlings=nothing),)


def invent_an_entry(package: Package) -> Sequence[Package]:
    """An entry more, under the checkpoint that the member signed."""
    entry, shown = entry_of(package.origin, picture(666))
    return (
        replace(
            package,
            entries=[*package.entries, entry],
            nonces=[*package.nonces, shown.nonce],
            bodies=[*package.bodies, shown.body],
            handling_nonces=[*package.handling_nonces, shown.handling_nonce],
            handlings=[*package.handlings, shown.handling],
        ),
    )


def invent_a_history(package: Package) -> Sequence[Package]:
    """A whole log in the member's name, signed with a key that the hub made."""
    own = Speaker.named(package.origin.member)
    forger = Speaker.named("HUB")
    log = Log(replace(own, signer=forger.signer, vkey=replace(forger.vkey, name=str(own.origin))))
    log.pictures([666])
    return (log.package(hub=True),)


def say_it_twice(package: Package) -> Sequence[Package]:
    return (package, package)


def an_older_checkpoint(old: bytes) -> Lie:
    return lambda package: (replace(package, checkpoint=old, proof=()),)


def another_history(log: Log) -> Lie:
    """What the member itself signed beside what it showed to others."""

    def lie(package: Package) -> Sequence[Package]:
        return (log.package(package.start, hub=True),) if package.start < log.size else ()

    return lie


def nobodys_log() -> Package:
    """A log of a member that the roster does not know."""
    log = Log(Speaker.named("ZZ"))
    log.pictures([666])
    return log.package(hub=True)


def nothing_there(head: Head) -> Head:
    """The hub says that it has nothing of the log."""
    return replace(head, size=0, cosigned=b"", cosigned_size=0)


def more_than_shown(head: Head) -> Head:
    """The hub says that it has more of the log than its member ever wrote, and shows no signature for it."""
    return replace(head, size=head.size + 100)
