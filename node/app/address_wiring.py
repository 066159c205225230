"""The commands on addresses, and the services that they call.

Rules this module upholds:

- This module decides nothing: each command gets only what it needs.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence

from node.app.node_services import NodeServices
from node.control.address_commands import AddressCommands
from node.domain.address_standing import Standing
from node.domain.addresses import Address
from node.interop.address_forms import WRITERS
from node.interop.left_out import LeftOut
from node.interop.public_suffixes import ListedSuffixes
from node.usecases.address_book import AddressBook
from node.usecases.address_checking import AddressChecks
from node.usecases.address_export import AddressExports
from node.usecases.address_listing import AddressListings
from node.usecases.listed_addresses import ListedAddresses
from node.usecases.recordlist import RecordList


def address_commands(services: NodeServices) -> AddressCommands:
    """All commands on addresses."""
    store, audit, suffixes = services.store, services.audit, ListedSuffixes()
    listed = ListedAddresses(codec=services.codec, roster=services.members.latest, clock=time.time)
    checks = AddressChecks(store=store, audit=audit, suffixes=suffixes, listed=listed)
    return AddressCommands(
        book=AddressBook(store=store, audit=audit, clock=time.time, suffixes=suffixes, listed=listed),
        listings=AddressListings(
            store=store,
            ledger=services.ledger,
            records=RecordList(
                store=store, catalogue=services.catalogue, codec=services.codec, own=services.own_log.origin
            ),
            listed=listed,
            audit=audit,
            own=services.own_log.origin.member,
        ),
        checks=checks,
        exports=AddressExports(checks=checks, write=_write, forms=WRITERS, audit=audit, clock=time.time),
    )


def _write(form: str, rows: Sequence[tuple[Address, Standing]], at: int) -> tuple[Iterator[bytes], Counter[str]]:
    left_out = LeftOut()
    return WRITERS[form](rows, left_out, at), left_out
