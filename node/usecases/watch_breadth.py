"""How much of what this node holds a watch would match at present.

Rules this module upholds:

- National holdings do not count: nothing that another member is told depends on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.lists import LIST_SOURCES
from node.domain.queries import Level, MatchRule
from node.domain.search_ports import HOLDINGS_SOURCE
from node.usecases.search_terms import matchable, probes_of

if TYPE_CHECKING:
    from node.domain.search_ports import SearchIndex
    from node.domain.stores import NodeStore
    from node.domain.watches import Watch

HOLDINGS_AT_ONCE: Final = 256
"""Holdings whose levels are read together."""


def many_match(store: NodeStore, index: SearchIndex, watch: Watch, radius: int, most: int) -> bool:
    """Whether more than `most` holdings and rows of lists that may answer match, as the index proposes them."""
    probes = probes_of(watch.subjects, watch.rule, abroad=True, matching=matchable(watch.subjects, index.floor))
    found = index.search(probes, 0 if watch.rule is MatchRule.EXACT else radius) if probes else ()
    rows = {(hit.source, hit.row) for hit in found if hit.source == HOLDINGS_SOURCE or hit.source >= LIST_SOURCES}
    if len(rows) <= most:
        return False
    with store.read() as tx:
        answering = {each.source for each in tx.lists() if each.is_searched and each.level is not Level.NATIONAL}
        count = sum(source in answering for source, _ in rows)
        holdings = sorted(row for source, row in rows if source == HOLDINGS_SOURCE)
        for start in range(0, len(holdings), HOLDINGS_AT_ONCE):
            if count > most:
                break
            held = tx.holdings_by_id(holdings[start : start + HOLDINGS_AT_ONCE]).values()
            count += sum(each.level is not Level.NATIONAL for each in held)
    return count > most
