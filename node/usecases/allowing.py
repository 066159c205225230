"""The allow-list: files that an administrator knows to be harmless give no hits, and the hidden hits are counted.

Rules this module upholds:

- Only a SHA-256 hides a hit: of a subject whose file is on the list, or of a holding of ours whose file is. Hits by
  similarity (PDQ, pHash), MD5 or SHA-1 alone are shown as usual.
- Hidden hits are counted and can be shown: `vigil match --show-all`.
- The list is local. It hides what this node shows its own users. Answers to other members ignore it. A record of
  another member is hidden only if the file that we ask about is itself on the list.
- Every change of the list is in the audit log, in the same transaction: how many values, and a digest over them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import SHA256
from node.errors import Malformed
from node.usecases.acts import ActOutcome
from node.usecases.audit import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.ports import AllowReader, Clock
    from node.domain.queries import Hit, Subject
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.node_audit import NodeAuditLog

BATCH: Final = 10_000
"""Values of one transaction, and so of one audit entry."""


def sha256_of(subject: Subject) -> tuple[bytes, ...]:
    """The SHA-256 values of a subject: one for a file, none for another kind of bare hash."""
    return tuple(f.value for f in subject.fingerprints if f.code == SHA256.code)


def among(tx: AllowReader, subjects: Sequence[Subject]) -> frozenset[int]:
    """The positions of the subjects that are on the list."""
    values = {number: sha256_of(subject) for number, subject in enumerate(subjects)}
    allowed = tx.allowed([value for some in values.values() for value in some])
    return frozenset(number for number, some in values.items() if allowed.intersection(some))


def mark(tx: AllowReader, subjects: Sequence[Subject], leads: Sequence[tuple[Hit, bytes]]) -> list[Hit]:
    """The hits of `leads`, each with the SHA-256 of its holding (b"" if there is none) and `allowed` set."""
    if not leads:
        return []
    asked = {hit.subject for hit, _ in leads}
    values = {value for number in asked for value in sha256_of(subjects[number])}
    allowed = tx.allowed([*values, *{held for _, held in leads if held}])
    if not allowed:
        return [hit for hit, _ in leads]
    known = {number for number in asked if allowed.intersection(sha256_of(subjects[number]))}
    return [replace(hit, allowed=hit.subject in known or held in allowed) for hit, held in leads]


class AllowImport:
    """One import into the list, as its values arrive. Blocking: never on the event loop. `read`: values so far; `new`:
    those of them that were not on the list.
    """

    def __init__(self, allowed: AllowList) -> None:
        self._allowed = allowed
        self._waiting: list[bytes] = []
        self.read = 0
        self.new = 0

    def feed(self, values: Sequence[bytes]) -> None:
        """The next values. Whole batches are added at once, so memory does not grow with the import."""
        self._waiting += values
        while len(self._waiting) >= BATCH:
            self._add(BATCH)

    def end(self) -> int:
        """Adds the rest; returns how many values are on the list."""
        if self._waiting:
            self._add(len(self._waiting))
        return self._allowed.count()

    def _add(self, number: int) -> None:
        some, self._waiting = self._waiting[:number], self._waiting[number:]
        self.new += self._allowed.add(some)
        self.read += len(some)


class AllowList:
    """Blocking: never on the event loop."""

    def __init__(self, *, store: NodeStore, audit: NodeAuditLog, clock: Clock) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock

    def add(self, values: Sequence[bytes]) -> int:
        """Adds values to the list; returns how many were new. Durable in batches of `BATCH`: a crash leaves part of
        them on the list, and the same import adds the rest. Raises `Malformed` before anything is done.
        """
        _check(values)
        now = int(self._clock())
        return sum(
            self._change("allow import", some, lambda tx, some=some: tx.allow(some, now))  # type: ignore[misc]
            for some in _batches(values)
        )

    def importing(self) -> AllowImport:
        """An import whose values arrive bit by bit."""
        return AllowImport(self)

    def remove(self, values: Sequence[bytes]) -> int:
        """Removes values from the list; returns how many were on it. Raises `Malformed` before anything is done."""
        _check(values)
        return sum(
            self._change("allow remove", some, lambda tx, some=some: tx.disallow(some))  # type: ignore[misc]
            for some in _batches(values)
        )

    def clear(self) -> int:
        """Empties the list; returns how many values were on it."""
        return self._change("allow clear", (), lambda tx: tx.clear_allowed())

    def count(self) -> int:
        """How many values are on it."""
        with self._store.read() as tx:
            return tx.count_allowed()

    def page(self, after: bytes, limit: int) -> list[tuple[bytes, int]]:
        """(value, Unix second of its import), at most `limit`, after the value `after`."""
        with self._store.read() as tx:
            return tx.list_allowed(after, limit)

    def among(self, subjects: Sequence[Subject]) -> frozenset[int]:
        """The positions of the subjects that are on the list."""
        with self._store.read() as tx:
            return among(tx, subjects)

    def _change(self, what: str, values: Sequence[bytes], change: Callable[[NodeStoreWriter], int]) -> int:
        changed: list[int] = []
        # The entry and the change are one transaction: if the entry exists, the change is done.
        body: dict[str, object] = {"what": what, "outcome": ActOutcome.DONE, "at": int(self._clock())}
        if values:
            digest = hashlib.sha256(b"".join(sorted(values))).hexdigest()
            body |= {"values": len(values), "sha256_of_values": digest}
        self._audit.append(
            AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body=body), also=lambda tx: changed.append(change(tx))
        )
        # A crash before the line above ends leaves neither the change nor its audit entry.
        return changed[0]


def _check(values: Sequence[bytes]) -> None:
    if any(len(value) != SHA256.size for value in values):
        raise Malformed(f"a SHA-256 is {SHA256.size} bytes long")


def _batches(values: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [values[at : at + BATCH] for at in range(0, len(values), BATCH)]
