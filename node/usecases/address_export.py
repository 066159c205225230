"""Exports the addresses in force to filters, as a file.

Rules this module upholds:

- The audit log records that an export begins before its first byte leaves, and its counts and digest before the command
  calls it complete.
- What the file does not contain is counted: addresses in force that this node does not know, known ones that are not in
  force, and what the form cannot say.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind
from node.errors import Misuse
from node.usecases.audit import AuditEntry

if TYPE_CHECKING:
    from node.domain.address_standing import Standing
    from node.domain.addresses import Address
    from node.domain.ports import Clock
    from node.usecases.address_checking import AddressChecks, Exportable
    from node.usecases.audit import AuditLog

PIECE: Final = 1 << 18
"""Bytes of one piece, about."""
Write = Callable[[str, Sequence[tuple["Address", "Standing"]], int], tuple[Iterator[bytes], Counter[str]]]
"""The bytes of a form at a moment (Unix seconds), and what the form leaves out, complete when the bytes have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A complete file. `addresses`: how many were in force and known here; `left_out`: by reason; `unknown` and
    `dormant` as in `Exportable`.
    """

    form: str
    addresses: int
    left_out: Counter[str]
    unknown: int
    dormant: int
    size: int
    sha256: bytes


class AddressFile:
    """One export. Read all `pieces`, then call `end`. Blocking."""

    def __init__(
        self, form: str, chosen: Exportable, written: tuple[Iterator[bytes], Counter[str]], audit: AuditLog
    ) -> None:
        self._form = form
        self._chosen = chosen
        self._written, self._left_out = written
        self._audit = audit
        self._digest = hashlib.sha256()
        self._size = 0

    def piece(self) -> bytes:
        """The next bytes of the file; b"" at its end."""
        joined = bytearray()
        while len(joined) < PIECE:
            line = next(self._written, None)
            if line is None:
                break
            joined += line
        self._digest.update(joined)
        self._size += len(joined)
        return bytes(joined)

    def end(self) -> Exported:
        """Records the export, and says what the file contains."""
        done = Exported(
            form=self._form,
            addresses=len(self._chosen.addresses),
            left_out=self._left_out,
            unknown=self._chosen.unknown,
            dormant=self._chosen.dormant,
            size=self._size,
            sha256=self._digest.digest(),
        )
        body = {
            "what": "addresses exported",
            "form": done.form,
            "addresses": done.addresses,
            "sha256_of_file": done.sha256.hex(),
            "at": int(self._audit.clock()),
        }
        self._audit.append(AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body=body))
        return done


class AddressExports:
    """`forms`: the names of the forms that `write` knows. Blocking: never on the event loop."""

    def __init__(
        self, *, checks: AddressChecks, write: Write, forms: Collection[str], audit: AuditLog, clock: Clock
    ) -> None:
        self._checks = checks
        self._write = write
        self._forms = forms
        self._audit = audit
        self._clock = clock

    def begin(self, form: str) -> AddressFile:
        """An export of everything that is in force and known here. Raises `Misuse` for an unknown form."""
        if form not in self._forms:
            raise Misuse(
                "there is no such form for an export of addresses", remedy="one of: " + ", ".join(sorted(self._forms))
            )
        chosen = self._checks.exportable(form)
        rows = [(known.address, listed.standing) for known, listed in chosen.addresses]
        return AddressFile(form, chosen, self._write(form, rows, int(self._clock())), self._audit)
