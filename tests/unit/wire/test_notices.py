"""Who floods the hub does not flood its log."""

from node.wire.notices import OTHERS, PARTIES, SECONDS, Notices


def test_the_first_time_is_told_at_once_and_the_others_with_their_number() -> None:
    told: list[tuple[str, str, int]] = []
    now = [100.0]
    notices = Notices(lambda *line: told.append(line), lambda: now[0])
    for _ in range(50):
        notices.note("FR", "too many calls")
    notices.note("BR", "too many calls")
    assert told == [("FR", "too many calls", 1), ("BR", "too many calls", 1)]
    now[0] += SECONDS
    notices.note("FR", "too many calls")
    assert told[2:] == [("FR", "too many calls", 50)]


def test_of_more_parties_than_are_kept_the_rest_are_counted_together() -> None:
    told: list[tuple[str, str, int]] = []
    now = [0.0]
    notices = Notices(lambda *line: told.append(line), lambda: now[0])
    for number in range(3 * PARTIES):
        notices.note(f"192.0.2.{number}", "x")
    assert len(told) == PARTIES + 1
    assert told[-1][0] == OTHERS
    now[0] += SECONDS + 1
    notices.note("192.0.2.new", "x")
    assert told[-1] == ("192.0.2.new", "x", 1)
