"""A member that misbehaves with a valid key: logs that are well signed, and made to cost everybody else.

Rules this module upholds:

- Everything here is what a member can write with its own log key. No signature is false, and no proof.
- Each log is told by how many entries it has, so that a test can double it and count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from node.domain.envelope import Kind
from node.domain.ids import Origin, RecordId
from node.domain.statements import Comment, Retraction
from node.tlog.merkle import leaf_hash
from tests.simulator.federation import Log, Speaker, entry_of, picture

Logs = tuple[Log, ...]
"""In the order in which they are handed in."""


def nowhere(origin: Origin, number: int) -> RecordId:
    """A record that never comes."""
    return RecordId(origin, hashlib.sha256(b"nowhere %d" % number).digest())


def tiny(log: Log, count: int) -> None:
    """Entries of two bytes, of a later version: they cost nothing to write."""
    log.add_all([bytes([2, number % 256]) for number in range(count)])


def set_aside(log: Log, count: int) -> None:
    """Entries of version 1 that are cut short."""
    log.add_all([b"\1" + number.to_bytes(3, "big") for number in range(count)])


def chain(log: Log, count: int) -> RecordId:
    """A record that is corrected again and again; its last version."""
    at = log.say(picture(0))
    for number in range(count):
        at = log.say(picture(number + 1), kind=Kind.CORRECTION, target=at)
    return at


def backwards(log: Log, count: int, beside: int) -> None:
    """Corrections that each point at the one after them, behind `beside` others that point at the first of them."""
    following, made = nowhere(log.speaker.origin, 0), []
    for number in range(count):
        made.append(entry_of(log.speaker.origin, picture(number), kind=Kind.CORRECTION, target=following))
        following = RecordId(log.speaker.origin, leaf_hash(made[-1][0]))
    for number in range(beside):
        log.say(picture(10**6 + number), kind=Kind.CORRECTION, target=following)
    for each in reversed(made):
        log.add(*each)


def remarks(log: Log, about: RecordId, count: int) -> None:
    """Comments on one record."""
    for number in range(count):
        log.say(Comment(text=f"word {number}"), kind=Kind.COMMENT, target=about)


def nested_remarks(log: Log, about: RecordId, count: int, width: int = 40) -> None:
    """Comments on comments, `width` on each."""
    waiting = [about]
    for number in range(count):
        waiting.append(log.say(Comment(text=f"word {number}"), kind=Kind.COMMENT, target=waiting[0]))
        if number % width == width - 1:
            waiting.pop(0)


# --- whole stories, told by how long they are -------------------------------------------------------------------------


def a_chain_beside_what_was_set_aside(count: int) -> Logs:
    log = Log(Speaker.named("FR"))
    backwards(log, count, count)
    return (log,)


def a_chain_and_its_retraction(count: int) -> Logs:
    log = Log(Speaker.named("FR"))
    last = chain(log, count)
    log.say(Retraction(), kind=Kind.RETRACTION, target=last)
    return (log,)


def remarks_and_a_retraction(count: int) -> Logs:
    """The retraction comes last, in a run of its own: the owner's second epoch takes back what stands in the first."""
    owner, last, other = Log(Speaker.named("FR")), Log(Speaker.named("FR", epoch=2)), Log(Speaker.named("JP"))
    record = owner.say(picture(0))
    nested_remarks(other, record, count)
    last.say(Retraction(), kind=Kind.RETRACTION, target=record)
    return owner, other, last


def late_retractions(count: int) -> Logs:
    log = Log(Speaker.named("FR"))
    for record in log.pictures(range(count)):
        log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    return (log,)


def words_about_nothing(count: int) -> Logs:
    """Every kind of word about what is not there, and then the log in which it should have been."""
    owner, other = Log(Speaker.named("FR")), Log(Speaker.named("JP"))
    for number in range(count):
        remarks(other, nowhere(owner.speaker.origin, number), 1)
        kind = Kind.CORRECTION if number % 2 else Kind.RETRACTION
        statement = picture(number) if number % 2 else Retraction()
        owner.say(statement, kind=kind, target=nowhere(owner.speaker.origin, number))
    return other, owner


def chains_that_join_late(count: int) -> Logs:
    """The second epoch corrects what stands in the first, which comes after it, and corrects itself."""
    first, second = Log(Speaker.named("FR")), Log(Speaker.named("FR", epoch=2))
    at = first.say(picture(0))
    for number in range(count):
        at = first.say(picture(number + 1), kind=Kind.CORRECTION, target=at if number % 50 else first.say(picture(-1)))
        second.say(picture(10_000 + number), kind=Kind.CORRECTION, target=at)
    return second, first


STORIES: tuple[Callable[[int], Logs], ...] = (
    a_chain_beside_what_was_set_aside,
    a_chain_and_its_retraction,
    remarks_and_a_retraction,
    late_retractions,
    words_about_nothing,
    chains_that_join_late,
)
