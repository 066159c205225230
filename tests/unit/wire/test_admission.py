"""What the hub remembers of its members' connections, and what it asks of the front."""

from node.domain.ids import MemberId
from node.wire import limits
from node.wire.admission import Connections
from node.wire.notices import Notices

FR, BR = MemberId("FR"), MemberId("BR")


class Front:
    """Writes down what it is asked."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.ended: list[int] = []

    def keep(self, number: int, member: str) -> None:
        self.kept.append(number)

    def cut(self, number: int) -> None:
        self.ended.append(number)


def _made(most: int = 2) -> tuple[Front, Connections, list[tuple[str, str]]]:
    front = Front()
    told: list[tuple[str, str]] = []
    notices = Notices(lambda who, what, _: told.append((who, what)))
    return front, Connections(front, lambda: most, notices), told


def test_a_connection_is_kept_at_its_first_call_and_asked_for_no_more() -> None:
    front, connections, _ = _made()
    for _ in range(3):
        connections.used(1, FR)
    assert front.kept == [1]


def test_one_too_many_ends_the_members_oldest_and_no_other_members() -> None:
    front, connections, told = _made()
    connections.used(1, BR)
    for number in (2, 3, 4):
        connections.used(number, FR)
    assert front.ended == [2]
    assert told == [("FR", "too many connections")]


def test_one_that_has_ended_counts_no_more() -> None:
    front, connections, _ = _made()
    for number in range(1, 6):
        connections.used(number, FR)
        connections.closed(number)
        connections.closed(number)
    assert front.ended == []


def test_when_the_front_has_ended_nothing_is_counted() -> None:
    front, connections, _ = _made()
    connections.used(1, FR)
    connections.used(2, FR)
    connections.lost()
    connections.used(3, FR)
    connections.used(4, FR)
    assert front.ended == []


def test_who_goes_on_after_a_thousand_refusals_is_cut_off() -> None:
    front, connections, _ = _made()
    connections.used(1, FR)
    for _ in range(limits.REFUSALS_A_CONNECTION - 1):
        connections.refused(1)
    assert front.ended == []
    connections.refused(1)
    assert front.ended == [1]
