"""Proof files (c2sp.org/tlog-proof): an offline proof that an entry is in a log.

    c2sp.org/tlog-proof@v1
    extra <base64>
    index 73894
    <base64 of one hash per line, from the leaf's sibling up>

    <the checkpoint's note, verbatim>

Rules this module upholds:

- A file is read only if writing the value gives the same bytes: one form, with no byte before or after it.
- The file's signatures do not cover the extra data. Vigil's extra data (entry, nonce, body) counts only once the entry
  hashes to the leaf, and nonce and body to the entry's commitment: the caller recomputes both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from node.errors import Malformed, Misuse
from node.tlog import merkle
from node.tlog import note as notes
from node.tlog.checkpoint import Checkpoint, parse_text, verify_checkpoint
from node.tlog.note import VerifierKey
from node.tlog.text import MAX_DECIMAL, decode_base64, decode_decimal, decode_hash, decode_text, encode_base64

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_PROOF_SIZE: Final = 4_194_304
"""Most bytes of a proof file: many times an entry and a long video's body, in base64."""
MAX_PROOF_HASHES: Final = 63
"""Hashes of an inclusion proof in a tree of fewer than 2^63 leaves."""
NONCE_SIZE: Final = 32
"""Bytes of the nonce of a commitment. With another length, the nonce's end could be read as the body's beginning."""
_LENGTH_SIZE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFile:
    """One file. `index`: of the leaf, from 0. `extra`: b"" for none. `hashes`: 32 bytes each, from the leaf up.

    `checkpoint` is the whole note, verbatim.
    """

    index: int
    extra: bytes = b""
    hashes: tuple[bytes, ...]
    checkpoint: bytes


class Extra(NamedTuple):
    """Vigil's evidence besides the proof. The nonce is 32 bytes long."""

    entry: bytes
    nonce: bytes
    body: bytes


def parse(data: bytes) -> ProofFile:
    """Reads a proof file. Raises Malformed for anything that `format` would not write."""
    if len(data) > MAX_PROOF_SIZE:
        raise Malformed("a proof file is too long")
    head, divider, checkpoint = decode_text(data, "a proof file").partition("\n\n")
    lines = head.split("\n")
    if not divider or lines.pop(0) != HEADER:
        raise Malformed("a proof file without its header line, or without a checkpoint")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "), "the extra data of a proof file")
        if not extra:
            raise Malformed("a proof file with an empty extra line")
    if not lines or not lines[0].startswith("index ") or len(lines) > 1 + MAX_PROOF_HASHES:
        raise Malformed("a proof file without its index line, or with too many lines")
    index = decode_decimal(lines.pop(0).removeprefix("index "), "the index of a proof file")
    hashes = tuple(decode_hash(line, "a line of an inclusion proof") for line in lines)
    note = checkpoint.encode()
    parse_text(notes.parse(note).text)
    return ProofFile(index=index, extra=extra, hashes=hashes, checkpoint=note)


def format(proof: ProofFile) -> bytes:  # noqa: A001 -- it is called as proof.format, beside proof.parse
    """Writes a proof file. Raises Misuse if it could not be read back."""
    if not 0 <= proof.index <= MAX_DECIMAL:
        raise Misuse("the index of a proof file is from 0 to 2^63 - 1")
    extra = [f"extra {encode_base64(proof.extra)}"] if proof.extra else []
    lines = [HEADER, *extra, f"index {proof.index}", *map(encode_base64, proof.hashes), "", ""]
    data = "\n".join(lines).encode() + proof.checkpoint
    try:
        if parse(data) == proof:
            return data
    except Malformed as fault:
        raise Misuse("a proof file that could not be read back") from fault
    raise Misuse("a proof file that would be read back as another")


def verify(proof: ProofFile, leaf_hash: bytes, log_vkeys: Iterable[VerifierKey]) -> Checkpoint:
    """Checks that the leaf is at the file's index, in a checkpoint that one of the log's keys signed.

    Raises BadSignature, BadProof, Malformed. The caller computed `leaf_hash` from the entry itself (step 1 of the
    specification), chose `log_vkeys` for the expected origin, and checks cosignatures (step 3).
    """
    checkpoint = verify_checkpoint(proof.checkpoint, log_vkeys)
    merkle.verify_inclusion(proof.index, checkpoint.size, leaf_hash, proof.hashes, checkpoint.root)
    return checkpoint


# --- Vigil's extra data -----------------------------------------------------------------------------------------------


def encode_extra(entry: bytes, nonce: bytes, body: bytes) -> bytes:
    """Entry, nonce (32 bytes) and body, each after its length as four big-endian bytes. Raises Misuse."""
    if len(nonce) != NONCE_SIZE:
        raise Misuse(f"a nonce is {NONCE_SIZE} bytes long")
    return b"".join(len(part).to_bytes(_LENGTH_SIZE, "big") + part for part in (entry, nonce, body))


def decode_extra(data: bytes) -> Extra:
    """Reads the output of `encode_extra`, and nothing else. Raises Malformed."""
    parts, at = [], 0
    for _ in Extra._fields:
        start = at + _LENGTH_SIZE
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data):
            raise Malformed("extra data that ends too soon")
        parts.append(data[start:at])
    extra = Extra(*parts)
    if at != len(data) or len(extra.nonce) != NONCE_SIZE:
        raise Malformed("extra data that goes on after its end, or a nonce of another length")
    return extra
