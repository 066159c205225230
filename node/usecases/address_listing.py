"""Listing addresses with the federation: signed listings, their renewal, withdrawal, and disputes.

Rules this module upholds:

- Only an address with evidence of the last three months is listed, and only its hash is stated.
- A renewal is a revision of our listing with a newer day of evidence: a person has seen the address again. Nothing is
  renewed by itself.
- A withdrawal retracts our listing; the address stays known here.
- A dispute is an opinion about every listing of the address by others. It puts the address under review.
- The audit log records each act before it is done, with digests and numbers, never with an address.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from node.domain.address_listings import AddressListing
from node.domain.address_standing import VALID_DAYS
from node.domain.addresses import read_address
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.statements import Opinion, Reason, Verdict
from node.errors import Misuse, NotFound, Refused, VigilError
from node.usecases.acts import perform
from node.usecases.address_book import Typed, digest_of, read_known
from node.usecases.consent import ASK_ABOVE, Consent, asks
from node.usecases.waiting import points_at

if TYPE_CHECKING:
    from node.domain.address_book import KnownAddress
    from node.domain.address_listings import AddressKey, Granularity
    from node.domain.ids import MemberId
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.domain.wording import Terms
    from node.usecases.audit import AuditLog
    from node.usecases.ledger import Ledger
    from node.usecases.listed_addresses import Listed, ListedAddresses
    from node.usecases.recordlist import RecordList

PAGE: Final = 1_000


class Done(StrEnum):
    """What became of one address."""

    LISTED = "listed"
    RENEWED = "renewed"
    UNCHANGED = "unchanged"
    """Our listing states this day of evidence already."""
    WITHDRAWN = "withdrawn"
    DISPUTED = "disputed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`records`: the entries that were made; `error`: why nothing was done."""

    known: KnownAddress | None
    typed: Typed
    done: Done
    records: tuple[RecordId, ...] = ()
    error: VigilError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A listing of ours that ends soon or has ended, or whose evidence is gone. `last_day`: the last day on which it
    counts.
    """

    known: KnownAddress
    last_day: int


class AddressListings:
    """Blocking: never on the event loop. `own`: this member."""

    def __init__(
        self,
        *,
        store: NodeStore,
        ledger: Ledger,
        records: RecordList,
        listed: ListedAddresses,
        audit: AuditLog,
        own: MemberId,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._records = records
        self._listed = listed
        self._audit = audit
        self._own = own

    def submit(
        self, typed: Sequence[Typed], granularity: Granularity | None, terms: Terms, consent: Consent
    ) -> list[Outcome]:
        """Lists known addresses, or renews our listings of them. Raises `Misuse` without a yes for many."""
        _require_consent(consent, len(typed), "list")
        return self._each("addresses submit", typed, granularity, lambda known: self._submit(known, terms))

    def withdraw(
        self, typed: Sequence[Typed], granularity: Granularity | None, reason: Reason, consent: Consent
    ) -> list[Outcome]:
        """Retracts our listings of known addresses. Raises `Misuse` without a yes for many."""
        _require_consent(consent, len(typed), "withdraw")
        return self._each("addresses withdraw", typed, granularity, lambda known: self._withdraw(known, reason))

    def dispute(self, typed: Typed, granularity: Granularity | None, note: str) -> Outcome:
        """Disputes every listing of an address by others. Raises `Misuse`, `NotFound` if nobody else lists it."""
        read = read_address(typed.text)
        key = read.at(granularity or read.given).key
        with self._store.read() as tx:
            listed = self._listed.within(tx).of([key]).get(key)
        theirs = _records_of(listed, lambda member: member != self._own)
        if not theirs:
            raise NotFound(
                "no other member lists this address at this granularity",
                remedy="vigil addresses check shows what covers it; --granularity says which listing is meant",
            )
        opinion = Opinion(verdict=Verdict.DISPUTE, note=note)
        self._ledger.check(opinion)
        said = perform(
            self._audit,
            "addresses dispute",
            lambda: [self._ledger.opine(record, opinion) for record in theirs],
            records=[str(record) for record in theirs],
        )
        return Outcome(known=None, typed=typed, done=Done.DISPUTED, records=tuple(said))

    def due(self, within_days: int) -> list[Due]:
        """Our listings that end within so many days or have ended, and those whose evidence is gone. Those that end
        first come first.
        """
        found: list[Due] = []
        today, after = self._listed.today(), 0
        with self._store.read() as tx:
            while page := tx.known_addresses(after, PAGE):
                after = page[-1].id
                for known in page:
                    last = known.listed_day + VALID_DAYS
                    if known.record is not None and (last - within_days <= today or not known.evidence):
                        found.append(Due(known=known, last_day=last))
        return sorted(found, key=lambda each: (each.last_day, each.known.id))

    # --- one address --------------------------------------------------------------------------------------------------

    def _each(
        self,
        what: str,
        typed: Sequence[Typed],
        granularity: Granularity | None,
        work: Callable[[KnownAddress], tuple[Done, tuple[RecordId, ...]]],
    ) -> list[Outcome]:
        found: list[Outcome] = []
        wanted: list[tuple[int, KnownAddress]] = []
        for each in typed:
            try:
                with self._store.read() as tx:
                    known = read_known(tx, each, granularity)
            except VigilError as error:
                found.append(Outcome(known=None, typed=each, done=Done.REFUSED, error=error))
            else:
                wanted.append((len(found), known))
                found.append(Outcome(known=known, typed=each, done=Done.REFUSED))

        def run() -> None:
            for place, known in wanted:
                try:
                    done, records = work(known)
                except VigilError as error:
                    found[place] = Outcome(known=known, typed=typed[place], done=Done.REFUSED, error=error)
                else:
                    found[place] = Outcome(known=known, typed=typed[place], done=done, records=records)

        if wanted:
            digest = digest_of(known.address.key for _, known in wanted)
            perform(self._audit, what, run, addresses=len(wanted), sha256_of_hashes=digest)
        return found

    def _submit(self, known: KnownAddress, terms: Terms) -> tuple[Done, tuple[RecordId, ...]]:
        day = known.evidence_day
        if not known.evidence:
            raise Refused("this address has no evidence any more", remedy="add it again with evidence")
        if day + VALID_DAYS < self._listed.today():
            raise Refused(
                f"the newest evidence is more than {VALID_DAYS} days old",
                remedy="look at the address again; then vigil addresses add with the new day",
            )
        key = known.address.key
        statement = AddressListing(address=key.hash, granularity=key.granularity, evidence_day=day)
        standing = self._standing(known)
        if standing is None:
            handling = terms.of(Handling())
            record = self._ledger.state(statement, handling, lambda tx, record: tx.set_listed(known.id, record, day))
            return Done.LISTED, (record,)
        name, stated, handling = standing
        if stated >= day and terms.of(handling) == handling:
            return Done.UNCHANGED, (name,)
        record = self._ledger.revise(name, statement, terms.of(handling))
        # A crash before this line leaves the old name here. The log has the new one, and it is found there.
        with self._store.write() as tx:
            tx.set_listed(known.id, record, day)
        return Done.RENEWED, (record,)

    def _withdraw(self, known: KnownAddress, reason: Reason) -> tuple[Done, tuple[RecordId, ...]]:
        with self._store.read() as tx:
            names = self._own_records(tx, known)
        if not names:
            raise NotFound("we do not list this address", remedy="vigil addresses list shows which ones we list")
        said = self._ledger.retract_all(names, reason)
        # A crash before this line leaves the name of a retracted listing, which is found to have no body.
        with self._store.write() as tx:
            tx.set_listed(known.id, None, 0)
        return Done.WITHDRAWN, tuple(each for each in said if each is not None)

    def _standing(self, known: KnownAddress) -> tuple[RecordId, int, Handling] | None:
        """Our newest listing of an address, the day that it states, and its handling."""
        with self._store.read() as tx:
            names = self._own_records(tx, known)
        shown = self._records.one(names[-1]) if names else None
        if shown is None or not isinstance(shown.view.body, AddressListing) or shown.view.handling is None:
            return None
        return names[-1], shown.view.body.evidence_day, shown.view.handling

    def _own_records(self, tx: NodeStoreReader, known: KnownAddress) -> list[RecordId]:
        """Our listings of an address: in our logs, in their order, then one that waits for its place. A version that
        such a one replaces is left out.
        """
        key: AddressKey = known.address.key
        filed = [each for each in tx.listings_of([key]).get(key, ()) if each.origin.member == self._own]
        filed.sort(key=lambda each: (each.origin.epoch, each.index))
        names = [RecordId(each.origin, each.leaf) for each in filed]
        waiting = tx.find_pending(known.record.leaf) if known.record is not None else None
        if waiting is None or known.record is None:
            return names
        replaced = points_at(waiting)
        return [*(each for each in names if each not in {replaced, known.record}), known.record]


def _require_consent(consent: Consent, addresses: int, doing: str) -> None:
    if asks(consent, addresses):
        raise Misuse(
            f"this would {doing} {addresses:,} addresses, and more than {ASK_ABOVE} need a yes",
            remedy="read the list again; then run the command with --yes",
        )


def _records_of(listed: Listed | None, wanted: Callable[[MemberId], bool]) -> list[RecordId]:
    listings = listed.listings if listed else ()
    return [RecordId(each.origin, each.leaf) for each in listings if wanted(each.origin.member)]
