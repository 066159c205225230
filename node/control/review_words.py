"""Reviews of hits as arguments and as lines.

Rules this module upholds:

- As in `node.control.lines`: a key that does not apply is null, never absent, and nothing here decides anything.
- An unknown word is `Misuse`; the remedy lists the known words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from node.domain.hit_names import RowHit
from node.domain.reviews import ReviewState
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.domain.queries import Hit
    from node.domain.reviews import Decision
    from node.domain.stored_hits import HitCounts
    from node.domain.verification import Verification
    from node.usecases.record_life import RecordLife

Line = dict[str, Any]
STATES: Final = {each.name.lower(): each for each in ReviewState}
VERDICTS: Final = {"confirm": ReviewState.CONFIRMED, "reject": ReviewState.REJECTED, "unsure": ReviewState.UNSURE}


def read_state(text: str) -> ReviewState:
    """Raises `Misuse`."""
    state = STATES.get(text)
    if state is None:
        raise Misuse("no such state of a hit", remedy="one of: " + ", ".join(STATES))
    return state


def read_states(texts: Iterable[str]) -> frozenset[ReviewState]:
    """Raises `Misuse`."""
    return frozenset(map(read_state, texts))


def read_decision(text: str) -> ReviewState:
    """What an officer decides. Raises `Misuse`."""
    verdict = VERDICTS.get(text)
    if verdict is None:
        raise Misuse("no such decision", remedy="one of: " + ", ".join(VERDICTS))
    return verdict


def state_line(state: ReviewState) -> Line:
    """The state of a hit, and whether nobody has decided yet."""
    return {"state": state.name.lower(), "new": state is ReviewState.NEW}


def decision_line(decision: Decision) -> Line:
    """One decision with its note. "followed": it was made about another hit on the same file."""
    return {
        "state": decision.state.name.lower(),
        "officer": decision.officer or None,
        "role": decision.role or None,
        "at": decision.at,
        "note": decision.note or None,
        "record": decision.record or None,
        "followed": bool(decision.carried),
    }


def review_line(state: ReviewState, decided: Decision | None) -> Line:
    """The state of a hit, and its newest decision without the note."""
    newest = decision_line(decided) if decided else None
    return state_line(state) | {"decided": newest and {name: newest[name] for name in newest if name != "note"}}


def life_line(life: RecordLife, known: Verification | None) -> Line:
    """What became of a record, and who confirms or disputes it; null if that was not counted."""
    return {
        "corrected": life.replaced,
        "retracted_day": life.retracted_day,
        "expired": life.expired,
        "confirmed_by": list(known.confirmed) if known else None,
        "disputed_by": list(known.disputed) if known else None,
    }


def row_state_line(holding: int, hit: Hit, state: ReviewState) -> Line:
    """The name and the state of a hit on a row of a list."""
    name = str(RowHit(holding=holding, row=hit.row.id)) if hit.row else None
    return {"hit": name, **state_line(state)}


def counts_line(counts: HitCounts) -> Line:
    """How many hits there are in each state, and how many nobody has seen."""
    by_state = {name: getattr(counts, name) for name in STATES}
    return by_state | {"unseen": counts.unseen}
