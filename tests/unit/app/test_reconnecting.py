"""What waits for its next attempt is tried at once where there is reason to believe that it would work."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from node.app.reconnecting import Reconnecting
from node.domain.roster import MemberStatus, Roster
from node.errors import Suspended, Unavailable
from node.sync.attempts import Attempts
from node.usecases.roster import Members
from tests.simulator import federation as sim
from tests.simulator.world import Clock

FR = sim.Speaker.named("FR")


class Counted(Attempts):
    def __init__(self) -> None:
        super().__init__(Clock())
        self.hurried = 0

    def hurry(self) -> None:
        self.hurried += 1


@dataclass
class Work:
    attempts: Counted = field(default_factory=Counted)
    woken: int = 0

    def opened(self) -> None:
        self.attempts.worked()

    def wake(self) -> None:
        self.woken += 1


class Link:
    on_attending: Any = None
    on_following: Any = None
    on_answer: Any = None


def roster(status: MemberStatus) -> Roster:
    made = sim.roster(FR)
    return replace(made, members={FR.id: replace(made.members[FR.id], status=status)})


class Desk:
    """On a running loop."""

    def __init__(self, status: MemberStatus = MemberStatus.ACTIVE) -> None:
        self.attendant, self.follower, self.publisher, self.link = Work(), Work(), Work(), Link()
        self.members = Members(clock=lambda: sim.NOW)
        self.members.replace(roster(status))
        self.refreshed = 0
        made = Reconnecting(
            me=FR.id,
            attendant=self.attendant,  # type: ignore[arg-type]
            follower=self.follower,  # type: ignore[arg-type]
            publisher=self.publisher,  # type: ignore[arg-type]
            members=self.members,
            refresh=self.refresh,
        )
        made.watch(self.link)  # type: ignore[arg-type]

    def refresh(self) -> None:
        self.refreshed += 1

    def hurried(self) -> list[int]:
        return [each.attempts.hurried for each in (self.attendant, self.follower, self.publisher)]


def test_an_answer_of_the_hub_hurries_what_does_not_work_and_nothing_else() -> None:
    async def story() -> None:
        desk = Desk()
        desk.follower.attempts.worked()
        desk.link.on_answer()
        assert desk.hurried() == [1, 0, 1]

    asyncio.run(story())


def test_a_roster_in_which_we_are_active_again_hurries_and_one_in_which_we_are_not_does_not() -> None:
    async def story() -> None:
        desk = Desk(MemberStatus.SUSPENDED)
        desk.members.replace(roster(MemberStatus.SUSPENDED))
        await asyncio.sleep(0)
        assert desk.hurried() == [0, 0, 0]
        await asyncio.to_thread(desk.members.replace, roster(MemberStatus.ACTIVE))
        await asyncio.sleep(0)
        assert desk.hurried() == [1, 1, 1]

    asyncio.run(story())


def test_a_hub_that_treats_us_otherwise_than_our_roster_says_has_the_roster_fetched() -> None:
    async def story() -> None:
        desk = Desk()
        desk.attendant.attempts.failed(Unavailable("no hub"))
        assert desk.refreshed == 0
        desk.attendant.attempts.failed(Suspended("FR is suspended"))
        assert desk.refreshed == 1
        desk.link.on_attending()
        assert (desk.refreshed, desk.attendant.attempts.works) == (1, True)
        desk.members.replace(roster(MemberStatus.SUSPENDED))
        desk.link.on_attending()
        assert desk.refreshed == 2

    asyncio.run(story())


def test_where_one_line_of_work_fails_the_idle_one_looks_as_well() -> None:
    async def story() -> None:
        desk = Desk()
        desk.publisher.attempts.worked()
        desk.attendant.attempts.failed(Unavailable("no hub"))
        assert desk.publisher.woken == 1
        desk.publisher.attempts.failed(Unavailable("no hub"))
        desk.attendant.attempts.failed(Unavailable("no hub"))
        assert desk.publisher.woken == 1

    asyncio.run(story())
