"""The listings of all members: which address a body in a log lists.

Rules this module upholds:

- A row goes with its body: whatever empties entries calls `forget_listings` in the same transaction.
- A lookup costs one descent of a tree per address, at any number of listings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_, update

from node.domain.address_book import FiledListing
from node.domain.address_listings import AddressKey, Granularity
from node.domain.ids import Origin
from node.errors import NotFound
from node.store.statements import Repository, chunks, insert_rows, rows_in, zeros_like
from node.store.tables.addresses import address_listings as table
from node.store.tables.logs import logs

_COLUMNS: Final = ("log_no", "idx", "granularity", "hash", "leaf", "revises", "evidence_day", "issued_day")
_LISTINGS: Final = (
    select(table, logs.c.origin)
    .join(logs, logs.c.number == table.c.log_no)
    .where(table.c.hash.in_(bindparam("hashes", expanding=True)))
)
_COUNTS: Final = (
    select(logs.c.origin, func.count()).join(table, table.c.log_no == logs.c.number).group_by(logs.c.origin)
)
_PLACE: Final = (
    select(table.c.idx)
    .where(table.c.log_no == bindparam("log"))
    .order_by(table.c.idx)
    .limit(1)
    .offset(bindparam("number"))
)
_HERE: Final = (table.c.log_no == bindparam("log"), table.c.idx.in_(bindparam("some", expanding=True)))
_AT: Final = select(table.c.id).where(*_HERE)
_SOME: Final = table.c.id.in_(bindparam("ids", expanding=True))
_BLANK: Final = update(table).where(_SOME).values(hash=zeros_like(table.c.hash))
_DELETE: Final = delete(table).where(_SOME)


def forget_listings(connection: Connection, log: int, indices: Iterable[int]) -> None:
    """Deletes the listings that these entries of a log state."""
    for ids in chunks(number for (number,) in rows_in(connection, _AT, "some", indices, log=log)):
        connection.execute(_BLANK, {"ids": ids})
        connection.execute(_DELETE, {"ids": ids})


class ListingRows(Repository):
    """The part of `AddressReader` for listings."""

    def listings_of(self, keys: Sequence[AddressKey]) -> Mapping[AddressKey, list[FiledListing]]:
        wanted = set(keys)
        found: dict[AddressKey, list[FiledListing]] = {}
        for some in chunks({key.hash for key in wanted}):
            for row in self._connection.execute(_LISTINGS, {"hashes": some}):
                listing = _listing(row)
                if listing.key in wanted:
                    found.setdefault(listing.key, []).append(listing)
        return found

    def listed_keys(self, after: AddressKey | None, limit: int) -> list[AddressKey]:
        keys = select(table.c.hash, table.c.granularity).distinct().order_by(table.c.hash, table.c.granularity)
        if after is not None:
            keys = keys.where(tuple_(table.c.hash, table.c.granularity) > (after.hash, int(after.granularity)))
        rows = self._connection.execute(keys.limit(limit))
        return [AddressKey(Granularity(granularity), digest) for digest, granularity in rows]

    def count_listings(self) -> Mapping[Origin, int]:
        return {Origin.parse(origin): count for origin, count in self._connection.execute(_COUNTS)}

    def listing_place(self, origin: Origin, number: int) -> int:
        place = self._connection.scalar(_PLACE, {"log": self._number(origin) or 0, "number": number})
        if place is None:
            raise NotFound("the log has no listing with this number")
        return int(place)


class ListingWrites(ListingRows):
    """The part of `AddressWriter` for listings."""

    def put_listings(self, listings: Sequence[FiledListing]) -> None:
        places: dict[int, dict[int, FiledListing]] = {}
        for each in listings:
            number = self._number(each.origin)
            if number is None:
                raise NotFound("no such log is kept here")
            places.setdefault(number, {})[each.index] = each
        for number, new in places.items():
            forget_listings(self._connection, number, new)
            insert_rows(self._connection, table, _COLUMNS, [_row(number, each) for _, each in sorted(new.items())])

    def forget_all_listings(self) -> None:
        # Without a WHERE, SQLite frees and zeroes all pages of the table.
        self._connection.execute(delete(table))


def _row(number: int, each: FiledListing) -> tuple[Any, ...]:
    granularity, digest = each.key
    days = (each.evidence_day, each.issued_day)
    return (number, each.index, int(granularity), digest, each.leaf, int(each.revises), *days)


def _listing(row: Any) -> FiledListing:  # noqa: ANN401 (a row of this statement)
    return FiledListing(
        key=AddressKey(Granularity(row.granularity), row.hash),
        origin=Origin.parse(row.origin),
        index=row.idx,
        leaf=row.leaf,
        revises=bool(row.revises),
        evidence_day=row.evidence_day,
        issued_day=row.issued_day,
    )
