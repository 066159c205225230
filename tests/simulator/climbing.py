"""A member that computes a hidden hash from answers: the hill-climb that needs a copy within the radius and some 270
answers, one a bit.

Rules this module upholds:

- It has what a member has: its own keys, a copy of the picture that was changed, and the answers to its questions. It
  does not know the hidden hash.
- It walks to the edge of the radius, and then asks about one bit after the other. A question that is held or refused
  tells it nothing, and is asked again as soon as that may help.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from node.domain.fingerprint_kinds import PDQ, PDQ_BITS
from node.domain.fingerprints import Fingerprint
from node.domain.queries import Outcome, Subject

Probe = Callable[[int], Outcome]
"""Asks about one hash, as a number of 256 bits."""


def subject(value: int) -> Subject:
    """One hash, as a question has it."""
    print_ = Fingerprint(code=PDQ.code, value=value.to_bytes(PDQ.size, "big"), quality=90)
    return Subject(fingerprints=(print_,), orientations=(print_.value,))


@dataclass
class Climber:
    """`ask` is given a hash and says what came back. `answers`: what it was told, by the hash asked about. `known`:
    what is known of the hidden hash, bit by bit.
    """

    ask: Probe
    copy: int
    answers: dict[int, Outcome] = field(default_factory=dict)
    known: dict[int, int] = field(default_factory=dict)
    _edge: int | None = None
    _walked: int = 0

    def step(self) -> bool:
        """Asks one question. False where it was told nothing: it has to wait."""
        if self._edge is None:
            return self._walk()
        bit = next(each for each in range(PDQ_BITS) if each not in self.known)
        outcome = self._told(self._edge ^ 1 << bit)
        if outcome is None:
            return False
        # At the edge, one bit nearer is a hit, and one bit further is none: a hit says that the bit was wrong.
        self.known[bit] = (self._edge >> bit & 1) ^ (outcome is Outcome.HIT)
        return True

    def _walk(self) -> bool:
        """One bit further away at a time, until the next one is no hit: what was a hit last lies on the edge."""
        flipped = (1 << self._walked + 1) - 1
        outcome = self._told(self.copy ^ flipped)
        if outcome is None:
            return False
        if outcome is Outcome.NO_HIT:
            self._edge = self.copy ^ ((1 << self._walked) - 1)
        self._walked += 1
        return True

    def _told(self, value: int) -> Outcome | None:
        """The answer about a hash; None where it was told nothing."""
        if value not in self.answers:
            outcome = self.ask(value)
            if outcome not in (Outcome.HIT, Outcome.NO_HIT):
                return None
            self.answers[value] = outcome
        return self.answers[value]

    @property
    def complete(self) -> bool:
        """Whether it knows every bit."""
        return len(self.known) == PDQ_BITS

    def guess(self) -> int:
        """What it takes the hidden hash for: what it learned, and its copy for the rest."""
        value = self.copy
        for bit, right in self.known.items():
            value = value & ~(1 << bit) | right << bit
        return value
