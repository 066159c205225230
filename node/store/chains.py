"""Chains: a record with its corrections, and the remarks on any of them.

Rules this module upholds:

- An index answers each query. No statement here reads a whole chain unless it returns the chain.
- A link says where an entry belongs and never its content: nothing here is secret.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, func, insert, literal_column, select, update

from node.domain.envelope import Kind
from node.domain.ids import MemberId, Origin, RecordId, member_id
from node.domain.log_ports import Chain, Link, Owed
from node.store.many_chains import ManyChains
from node.store.mentions import MentionRows, MentionWrites
from node.store.statements import chunks, insert_rows
from node.store.tables.logs import chains, links, logs, targets
from node.store.tables.logs import owed as debts

_LINK_COLUMNS: Final = (
    logs.c.origin,
    links.c.idx,
    links.c.kind,
    links.c.root_leaf,
    links.c.root_origin,
    links.c.version,
    links.c.counts,
    links.c.first,
    links.c.filed,
)
_OF_CHAIN: Final = (links.c.root_leaf == bindparam("leaf"), links.c.root_origin == bindparam("origin"))
_THIS_CHAIN: Final = (chains.c.root_leaf == bindparam("leaf"), chains.c.root_origin == bindparam("origin"))

# Built once: building a statement costs as much as running it.
_LINKS: Final = (
    select(*_LINK_COLUMNS)
    .join(logs, logs.c.number == links.c.log_no)
    .where(links.c.log_no == bindparam("log"), links.c.idx >= bindparam("start"), links.c.idx < bindparam("stop"))
)
_LINKS_AT: Final = (
    select(*_LINK_COLUMNS)
    .join(logs, logs.c.number == links.c.log_no)
    .where(links.c.log_no == bindparam("log"), links.c.idx.in_(bindparam("some", expanding=True)))
)
_LINKED_IN: Final = (
    select(*_LINK_COLUMNS)
    .join(logs, logs.c.number == links.c.log_no)
    .where(links.c.root_leaf.in_(bindparam("leaves", expanding=True)), links.c.counts == 1)
    .where(links.c.kind.in_(bindparam("kinds", expanding=True)))
)
_LINKED: Final = (
    select(*_LINK_COLUMNS)
    .join(logs, logs.c.number == links.c.log_no)
    .where(*_OF_CHAIN, links.c.counts == 1, links.c.kind.in_(bindparam("kinds", expanding=True)))
    .where(links.c.version >= bindparam("since"))
    .order_by(links.c.version, links.c.log_no, links.c.idx)
    .limit(bindparam("most"))
)
_REMARKS: Final = (
    select(*_LINK_COLUMNS)
    .join(logs, logs.c.number == links.c.log_no)
    .where(*_OF_CHAIN, links.c.counts == 1, links.c.kind.in_((int(Kind.OPINION), int(Kind.COMMENT))))
    .where(links.c.log_no.not_in(bindparam("without", expanding=True)))
    .limit(bindparam("most"))
)
_SAID_BEFORE: Final = (
    select(func.count())
    .select_from(
        select(targets.c.idx)
        .where(targets.c.target_leaf == bindparam("leaf"), targets.c.target_origin == bindparam("origin"))
        .where(targets.c.log_no == bindparam("log"), targets.c.idx < bindparam("before"))
        .where(targets.c.kind.in_(bindparam("kinds", expanding=True)))
        .limit(bindparam("most"))
        .subquery()
    )
)  # fmt: skip
_FILED: Final = (
    update(links)
    .where(links.c.log_no == bindparam("log"), links.c.idx == bindparam("at"))
    .values(filed=bindparam("now_filed"))
)
_OWED: Final = select(debts).limit(bindparam("most"))
_THIS_DEBT: Final = (
    debts.c.root_leaf == bindparam("leaf"),
    debts.c.root_origin == bindparam("origin"),
    debts.c.spare == bindparam("but"),
)
_OWED_ALREADY: Final = select(func.count()).where(*_THIS_DEBT)
_PAY: Final = delete(debts).where(*_THIS_DEBT)
_CHAINS: Final = select(chains, logs.c.origin.label("head_origin")).outerjoin(
    logs, logs.c.number == chains.c.head_log
)  # fmt: skip
_CHAIN: Final = _CHAINS.where(*_THIS_CHAIN)
# A literal number, not a parameter: it lets SQLite use the partial index.
_AWAITED: Final = (
    select(chains.c.root_leaf)
    .where(chains.c.head_log == literal_column("0"), chains.c.root_origin == bindparam("origin"))
    .limit(1)
)
_BARRED: Final = _CHAINS.where(chains.c.barred == literal_column("1")).limit(bindparam("most"))
_MOVE_LINKS: Final = (
    update(links)
    .where(*_OF_CHAIN)
    .values(
        root_leaf=bindparam("to_leaf"), root_origin=bindparam("to_origin"), version=links.c.version + bindparam("by")
    )
)
_UPDATE_CHAIN: Final = (
    update(chains)
    .where(*_THIS_CHAIN)
    .values(
        head_log=bindparam("new_log"),
        head_idx=bindparam("new_idx"),
        ended=bindparam("now_ended"),
        barred=bindparam("now_barred"),
    )
)
_DROP_CHAIN: Final = delete(chains).where(*_THIS_CHAIN)


class ChainRows(MentionRows, ManyChains):
    """`ChainReader` inside one transaction."""

    def links(self, origin: Origin, start: int, stop: int) -> Mapping[int, Link]:
        rows = self._connection.execute(_LINKS, {"log": self._number(origin) or 0, "start": start, "stop": stop})
        return {row.idx: _link(row) for row in rows}

    def links_at(self, origin: Origin, indices: Collection[int]) -> Mapping[int, Link]:
        number = self._number(origin) or 0
        found: dict[int, Link] = {}
        for some in chunks(indices):
            rows = self._connection.execute(_LINKS_AT, {"log": number, "some": some})
            found |= {row.idx: _link(row) for row in rows}
        return found

    def linked_in(self, chains: Collection[RecordId], kinds: Collection[int]) -> list[Link]:
        wanted, found = set(chains), []
        for leaves in chunks({each.leaf for each in wanted}):
            rows = self._connection.execute(_LINKED_IN, {"leaves": leaves, "kinds": list(map(int, kinds))})
            found += [link for link in map(_link, rows) if link.chain in wanted]
        return found

    def linked(
        self, chain: RecordId, kinds: Collection[int], *, since: int = 0, limit: int | None = None
    ) -> list[Link]:
        wanted = {"leaf": chain.leaf, "origin": str(chain.origin), "kinds": list(map(int, kinds)), "since": since}
        return [_link(row) for row in self._connection.execute(_LINKED, wanted | {"most": _most(limit)})]

    def remarks(self, chain: RecordId, limit: int, *, spare: MemberId | None = None) -> list[Link]:
        wanted = {
            "leaf": chain.leaf,
            "origin": str(chain.origin),
            "most": limit,
            "without": self._logs_of({spare} if spare else ()),
        }
        return [_link(row) for row in self._connection.execute(_REMARKS, wanted)]

    def said_before(self, origin: Origin, index: int, target: RecordId, kinds: Sequence[int], limit: int) -> int:
        place = {"log": self._number(origin) or 0, "before": index, "kinds": list(map(int, kinds)), "most": limit}
        name = {"leaf": target.leaf, "origin": str(target.origin)}
        return self._connection.scalar(_SAID_BEFORE, place | name) or 0

    def owed(self, limit: int) -> list[Owed]:
        return [
            Owed(
                root=RecordId(Origin.parse(row.root_origin), row.root_leaf),
                spare=member_id(row.spare) if row.spare else None,
            )
            for row in self._connection.execute(_OWED, {"most": limit})
        ]

    def chain(self, root: RecordId) -> Chain | None:
        row = self._connection.execute(_CHAIN, {"leaf": root.leaf, "origin": str(root.origin)}).one_or_none()
        return None if row is None else _chain(row)

    def awaits(self, origin: Origin) -> bool:
        return self._connection.scalar(_AWAITED, {"origin": str(origin)}) is not None

    def barred(self, limit: int) -> list[Chain]:
        return [_chain(row) for row in self._connection.execute(_BARRED, {"most": limit})]


_CHAIN_COLUMNS: Final = ("root_leaf", "root_origin", "head_log", "head_idx", "ended", "barred")


class ChainWrites(ChainRows, MentionWrites):
    """`ChainWriter` inside one transaction."""

    def put_links(self, new: Sequence[Link]) -> None:
        """See `ChainWriter`. The log of each was opened before."""
        numbers = {origin: self._number(origin) for origin in {each.origin for each in new}}
        columns = ("log_no", "idx", "kind", "root_leaf", "root_origin", "version", "counts", "first", "filed")
        rows = [
            (
                numbers[each.origin],
                each.index,
                int(each.kind),
                each.chain.leaf,
                str(each.chain.origin),
                each.version,
                int(each.counts),
                each.first,
                each.filed,
            )
            for each in new
        ]
        insert_rows(self._connection, links, columns, rows)

    def put_chain(self, chain: Chain) -> None:
        name: dict[str, object] = {"leaf": chain.root.leaf, "origin": str(chain.root.origin)}
        log, index = (self._number(chain.head[0]) or 0, chain.head[1]) if chain.head else (0, 0)
        state: dict[str, object] = {
            "new_log": log,
            "new_idx": index,
            "now_ended": int(chain.ended),
            "now_barred": int(chain.barred),
        }
        if not self._connection.execute(_UPDATE_CHAIN, name | state).rowcount:
            values = {"root_leaf": chain.root.leaf, "root_origin": str(chain.root.origin), "head_log": log}
            values |= {"head_idx": index, "ended": int(chain.ended), "barred": int(chain.barred)}
            self._connection.execute(insert(chains), values)

    def add_chains(self, new: Sequence[Chain]) -> None:
        rows = []
        for each in new:
            head = (self._number(each.head[0]) or 0, each.head[1]) if each.head else (0, 0)
            rows.append((each.root.leaf, str(each.root.origin), *head, int(each.ended), int(each.barred)))
        insert_rows(self._connection, chains, _CHAIN_COLUMNS, rows)

    def put_filed(self, origin: Origin, first: int, filed: int) -> None:
        place = {"log": self._number(origin) or 0, "at": first}
        self._connection.execute(_FILED, place | {"now_filed": filed})

    def owe(self, owed: Owed) -> None:
        name = _owed_name(owed)
        if not self._connection.scalar(_OWED_ALREADY, name):
            insert_rows(self._connection, debts, ("root_leaf", "root_origin", "spare"), [tuple(name.values())])

    def pay(self, owed: Owed) -> None:
        self._connection.execute(_PAY, _owed_name(owed))

    def drop_links(self, origin: Origin, start: int) -> None:
        of_log = (links.c.log_no == (self._number(origin) or 0), links.c.idx >= start)
        self._connection.execute(delete(links).where(*of_log))

    def drop_chain(self, root: RecordId) -> None:
        self._connection.execute(_DROP_CHAIN, {"leaf": root.leaf, "origin": str(root.origin)})

    def join_chain(self, root: RecordId, to: RecordId, by: int) -> None:
        name = {"leaf": root.leaf, "origin": str(root.origin)}
        self._connection.execute(_MOVE_LINKS, name | {"to_leaf": to.leaf, "to_origin": str(to.origin), "by": by})
        self._move_mentions(root, to)
        self.drop_chain(root)


def _most(limit: int | None) -> int:
    """As SQL says it: -1 for all."""
    return -1 if limit is None else limit


def _owed_name(owed: Owed) -> dict[str, object]:
    return {"leaf": owed.root.leaf, "origin": str(owed.root.origin), "but": owed.spare or ""}


def _link(row: Any) -> Link:  # noqa: ANN401 (a row of this statement)
    return Link(
        origin=Origin.parse(row.origin),
        index=row.idx,
        kind=row.kind,
        chain=RecordId(Origin.parse(row.root_origin), row.root_leaf),
        version=row.version,
        counts=bool(row.counts),
        first=row.first,
        filed=row.filed,
    )


def _chain(row: Row[Any]) -> Chain:
    return Chain(
        root=RecordId(Origin.parse(row.root_origin), row.root_leaf),
        head=(Origin.parse(row.head_origin), row.head_idx) if row.head_log else None,
        ended=bool(row.ended),
        barred=bool(row.barred),
    )
