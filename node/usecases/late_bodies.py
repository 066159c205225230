"""Late bodies: stores what was disclosed of entries that are in a log already, without their bodies.

Rules this module upholds:

- A body is checked against the entry that is stored here: its commitments, and its handling. The sender is not trusted.
- Only a missing body is stored. An entry that was purged, set aside, or is not for us stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.batch import BodyState, Package
from node.usecases.disclosure import Copy, judge
from node.usecases.entry_columns import Handlings, parse

if TYPE_CHECKING:
    from node.domain.envelope import Disclosure
    from node.domain.ids import MemberId, Origin
    from node.domain.ports import Codec
    from node.usecases.change import Change


def fill_missing(
    change: Change, origin: Origin, index: int, shown: Disclosure, *, reader: MemberId, codec: Codec
) -> bool:
    """Whether this body was missing, is the right one, admits `reader`, and is stored now."""
    run = change.writer.run(origin, index, index + 1, 0)
    if run.states[0] != BodyState.MISSING:
        # Purged while it was on its way.
        return False
    package = Package(
        origin=origin,
        start=index,
        entries=run.entries,
        nonces=[shown.nonce],
        bodies=[shown.body],
        handling_nonces=[shown.handling_nonce],
        handlings=[shown.handling],
        checkpoint=b"",
    )
    envelopes = parse(origin, run.entries)
    judged = judge(package, envelopes, Copy(reader=reader), Handlings(codec.decode_handling))
    if judged.states[0] != BodyState.HELD:
        return False
    change.fill(origin, index, int(envelopes.kinds[0]), shown)
    return True
