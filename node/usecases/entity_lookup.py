"""Finds what an act on an entity names: the entity, its links, holdings and cases.

Rules this module upholds:

- What does not exist is an error before anything changes, and the error says where to look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.errors import Misuse, NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.entities import Entity, EntityLink
    from node.domain.stores import NodeStoreReader

MAX_LINKED: Final = 10_000
"""Most holdings that one act links or unlinks."""
_PAGE: Final = 1_000


def known_entity(tx: NodeStoreReader, number: int) -> Entity:
    """The entity with this number. Raises `NotFound`."""
    found = tx.entities_by_id([number]).get(number)
    if found is None:
        raise NotFound(f"there is no entity {number}", remedy="`vigil entity list` lists the entities")
    return found


def unmerged(tx: NodeStoreReader, number: int) -> Entity:
    """The entity with this number. Raises `NotFound`, and `Refused` if it was merged into another one."""
    entity = known_entity(tx, number)
    if entity.merged_into:
        raise Refused(
            f"entity {number} was merged into entity {entity.merged_into}",
            remedy=f"name entity {entity.merged_into}, or undo the merge first: vigil entity split {number}",
        )
    return entity


def wanted_holdings(holdings: Sequence[int]) -> list[int]:
    """The numbers of holdings, each once. Raises `Misuse` for none, or for too many."""
    wanted = list(dict.fromkeys(holdings))
    if not 1 <= len(wanted) <= MAX_LINKED:
        raise Misuse(f"name 1 to {MAX_LINKED:,} holdings, not {len(wanted):,}")
    return wanted


def standing_links(tx: NodeStoreReader, number: int) -> Iterator[EntityLink]:
    """The standing links of an entity."""
    after = 0
    while page := tx.entity_links([number], withdrawn=False, after=after, limit=_PAGE):
        after = page[-1].id
        yield from page


def check_holdings(tx: NodeStoreReader, holdings: Sequence[int]) -> None:
    """Raises `NotFound` if one of these holdings does not exist."""
    known = tx.known_holdings(holdings)
    unknown = next((each for each in holdings if each not in known), None)
    if unknown is not None:
        raise NotFound(f"there is no holding {unknown}", remedy="`vigil holdings` lists the holdings")


def check_cases(tx: NodeStoreReader, cases: Sequence[str]) -> None:
    """Raises `NotFound` if this node does not have one of these cases."""
    known = tx.known_cases(cases) | tx.case_files_of(cases).keys()
    unknown = next((each for each in cases if each not in known), None)
    if unknown is not None:
        raise NotFound("this node has no such case", remedy="`vigil case list` shows the cases")
