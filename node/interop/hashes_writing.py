"""Writes one kind of hash of a list in the form of md5sum and its kin, which every tool of the field reads.

Rules this module upholds:

- No names: the name of each file is "-", as md5sum calls what has none.
- A row without a hash of this kind is left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from node.domain.fingerprint_kinds import MD5, SHA1, SHA256, FingerprintKind
from node.domain.references import Reference
from node.errors import Misuse
from node.interop.left_out import LeftOut

_KINDS: Final = {kind.name: kind for kind in (MD5, SHA1, SHA256)}


def write_hashes(rows: Iterable[Reference], left_out: LeftOut, kind: FingerprintKind = MD5) -> Iterator[bytes]:
    """The bytes of the file, line by line. Raises `Misuse` for a kind that these tools do not have."""
    if kind.name not in _KINDS:
        raise Misuse(f"a list of hashes holds {', '.join(_KINDS)}, not {kind.name}", remedy="choose another format")
    carried = frozenset({kind.name})
    for row in rows:
        value: bytes = getattr(row, kind.name)
        if value:
            left_out.fields(row, carried)
            yield f"{value.hex()}  -\n".encode()
        else:
            left_out.row(f"no {kind.name}")
