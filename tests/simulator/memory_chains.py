"""Chains in the store in memory: plain dictionaries, looked through from end to end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.log_ports import Chain, Link, Owed
from node.domain.mentions import Joined, Mention, Role, Stated

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

REMARKS = (Kind.OPINION, Kind.COMMENT)
Filed = TypeVar("Filed", Mention, Stated)


def _in_order(mention: Mention) -> tuple[int, str, bytes]:
    return mention.role, str(mention.record.origin), mention.record.leaf


class MemoryChains:
    """`ChainWriter`, with what it reads, over a state with `links` and `chains`."""

    def __init__(self, state: Any) -> None:
        self._said = state

    def links(self, origin: Origin, start: int, stop: int) -> Mapping[int, Link]:
        said = self._said.links
        return {index: said[origin, index] for index in range(start, stop) if (origin, index) in said}

    def links_at(self, origin: Origin, indices: Collection[int]) -> Mapping[int, Link]:
        return {index: self._said.links[origin, index] for index in indices if (origin, index) in self._said.links}

    def linked_in(self, chains: Collection[RecordId], kinds: Collection[int]) -> list[Link]:
        return [
            link
            for link in self._said.links.values()
            if link.chain in set(chains) and link.kind in kinds and link.counts
        ]

    def linked(
        self, chain: RecordId, kinds: Collection[int], *, since: int = 0, limit: int | None = None
    ) -> list[Link]:
        number = {origin: log.state.number for origin, log in self._said.logs.items()}
        found = [
            link
            for link in self._said.links.values()
            if link.chain == chain and link.kind in kinds and link.version >= since and link.counts
        ]
        return sorted(found, key=lambda link: (link.version, number[link.origin], link.index))[:limit]

    def remarks(self, chain: RecordId, limit: int, *, spare: MemberId | None = None) -> list[Link]:
        return [link for link in self.linked(chain, REMARKS) if link.origin.member != spare][:limit]

    def said_before(self, origin: Origin, index: int, target: RecordId, kinds: Sequence[int], limit: int) -> int:
        said: Sequence[tuple[int, Origin, int, int]] = self._said.targets.get(target, ())
        return min(sum(log == origin and at < index and kind in kinds for _, log, at, kind in said), limit)

    def owed(self, limit: int) -> list[Owed]:
        return list(self._said.owed)[:limit]

    def chain(self, root: RecordId) -> Chain | None:
        found: Chain | None = self._said.chains.get(root)
        return found

    def chains(self, roots: Collection[RecordId]) -> Mapping[RecordId, Chain]:
        return {root: self._said.chains[root] for root in roots if root in self._said.chains}

    def sound(self, roots: Collection[RecordId]) -> set[RecordId]:
        heads = {root: chain.head for root, chain in self.chains(roots).items() if chain.head and not chain.ended}
        logs = self._said.logs
        return {root for root, (log, index) in heads.items() if logs[log].rows[index].state is BodyState.HELD}

    def roots(self, origin: Origin, leaves: Collection[bytes]) -> set[bytes]:
        return {leaf for leaf in leaves if RecordId(origin, leaf) in self._said.chains}

    def awaits(self, origin: Origin) -> bool:
        return any(root.origin == origin and chain.head is None for root, chain in self._said.chains.items())

    def barred(self, limit: int) -> list[Chain]:
        return [chain for chain in self._said.chains.values() if chain.barred][:limit]

    def put_links(self, links: Sequence[Link]) -> None:
        self._said.links |= {(link.origin, link.index): link for link in links}

    def put_chain(self, chain: Chain) -> None:
        self._said.chains[chain.root] = chain

    def add_chains(self, new: Sequence[Chain]) -> None:
        assert not {each.root for each in new} & set(self._said.chains)
        self._said.chains |= {each.root: each for each in new}

    def put_filed(self, origin: Origin, first: int, filed: int) -> None:
        self._said.links[origin, first] = replace(self._said.links[origin, first], filed=filed)

    def owe(self, owed: Owed) -> None:
        self._said.owed[owed] = None

    def pay(self, owed: Owed) -> None:
        del self._said.owed[owed]

    def drop_links(self, origin: Origin, start: int) -> None:
        for place in [place for place in self._said.links if place[0] == origin and place[1] >= start]:
            del self._said.links[place]

    def drop_chain(self, root: RecordId) -> None:
        self._said.chains.pop(root, None)

    def join_chain(self, root: RecordId, to: RecordId, by: int) -> None:
        for place, link in list(self._said.links.items()):
            if link.chain == root:
                self._said.links[place] = replace(link, chain=to, version=link.version + by)
        for place, said in list(self._said.mentions.items()):
            moved = (each._replace(record=to) if each.record == root else each for each in said)
            self._said.mentions[place] = tuple(dict.fromkeys(moved))
        self.drop_chain(root)

    def mentions(self, origin: Origin, start: int, stop: int) -> list[Mention]:
        places = sorted(place for place in self._said.mentions if place[0] == origin and start <= place[1] < stop)
        return [each for place in places for each in sorted(self._said.mentions[place], key=_in_order)]

    def mentioning(
        self,
        record: RecordId,
        roles: Collection[Role],
        *,
        limit: int | None = None,
        after: tuple[Origin, int] | None = None,
        spare: MemberId | None = None,
    ) -> list[Mention]:
        found = [
            each
            for said in self._said.mentions.values()
            for each in said
            if each.record == record and each.role in roles and each.origin.member != spare
        ]
        return self._past(found, after)[:limit]

    def joined(self, records: Collection[RecordId], role: Role, limit: int) -> Joined:
        said = {
            place: [each.record for each in found if each.role == role] for place, found in self._said.mentions.items()
        }
        about = {record for found in said.values() for record in found}
        reached = dict.fromkeys(each for each in sorted(records) if each in about)
        waiting = list(reached)
        while waiting:
            at = waiting.pop(0)
            further = [each for found in said.values() if at in found for each in found if each not in reached]
            waiting += dict.fromkeys(further)
            reached |= dict.fromkeys(further)
        kept = list(reached)[:limit]
        places = [place for place, found in said.items() if not set(kept).isdisjoint(found)]
        return Joined(
            entries=places,
            records=kept,
            ends=[
                (number, kept.index(each))
                for number, place in enumerate(places)
                for each in said[place]
                if each in kept
            ],
            is_whole=len(reached) < limit,
        )

    def mentioned_as(self, role: Role, limit: int) -> list[RecordId]:
        found = {each.record for said in self._said.mentions.values() for each in said if each.role == role}
        return sorted(found, key=lambda each: (each.leaf, str(each.origin)))[:limit]

    def stated(
        self, kinds: Collection[int], *, limit: int | None = None, after: tuple[Origin, int] | None = None
    ) -> list[Stated]:
        return self._past([each for each in self._said.stated.values() if each.kind in kinds], after)[:limit]

    def unread(self, kinds: Collection[int], limit: int) -> list[Stated]:
        return [each for each in self._said.stated.values() if each.kind in kinds and not each.is_read][:limit]

    def put_mentions(self, filed: Sequence[Mention]) -> None:
        for each in filed:
            place = (each.origin, each.index)
            self._said.mentions[place] = tuple(dict.fromkeys((*self._said.mentions.get(place, ()), each)))

    def set_read(self, stated: Sequence[Stated]) -> None:
        for each in stated:
            self._said.stated[each.origin, each.index] = replace(each, is_read=True)

    def _past(self, found: list[Filed], after: tuple[Origin, int] | None) -> list[Filed]:
        number = {origin: log.state.number for origin, log in self._said.logs.items()}
        past = (0, -1) if after is None else (number.get(after[0], 0), after[1])
        ordered = sorted(found, key=lambda each: (number[each.origin], each.index, getattr(each, "role", 0)))
        return [each for each in ordered if (number[each.origin], each.index) > past]

    def _forget_mentions(self, origin: Origin, index: int) -> None:
        self._said.mentions.pop((origin, index), None)

    def _uncount(self, origin: Origin, index: int, kinds: Sequence[int]) -> None:
        link = self._said.links.get((origin, index))
        if link is not None and link.kind in kinds:
            self._said.links[origin, index] = replace(link, counts=False)
