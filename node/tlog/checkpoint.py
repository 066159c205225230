"""Checkpoints (c2sp.org/tlog-checkpoint): what a log signs of its tree.

The text of the note has three lines, and for other logs than ours perhaps more:

    example.org/FR/log/1
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

Rules this module upholds:

- A text is read only if writing the value gives the same text.
- Extension lines are refused unless the caller asks for them: nothing in this federation signs any.
- A log's key is named as its origin. So a checkpoint's signature counts only under a key of that very name, and a
  member's key cannot vouch for another member's log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from node.errors import BadSignature, Malformed, Misuse
from node.tlog import note as notes
from node.tlog.merkle import EMPTY_ROOT, HASH_SIZE, MAX_TREE_SIZE
from node.tlog.note import Note, Signer, VerifierKey
from node.tlog.text import decode_decimal, decode_hash, encode_base64, is_clean

_LINES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One size of one log. `root`: 32 bytes. `extension`: further lines, without newlines; empty in our logs."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...] = ()


def parse_text(text: str, *, allow_extension: bool = False) -> Checkpoint:
    """Reads the text of a checkpoint's note. Raises Malformed for anything that `format` would not write."""
    lines = text.split("\n")
    if len(lines) <= _LINES or lines.pop() or not all(lines) or not is_clean(text):
        raise Malformed("a checkpoint is at least three lines, none of them empty")
    if len(lines) > _LINES and not allow_extension:
        raise Malformed("a checkpoint of these logs has no extension lines")
    size = decode_decimal(lines[1], "a checkpoint's size")
    root = decode_hash(lines[2], "a checkpoint's root")
    if size == 0 and root != EMPTY_ROOT:
        raise Malformed("a checkpoint of an empty tree without the empty tree's root")
    return Checkpoint(origin=lines[0], size=size, root=root, extension=tuple(lines[_LINES:]))


def format(checkpoint: Checkpoint) -> str:  # noqa: A001 -- it is called as checkpoint.format, beside parse_text
    """Writes the text of a checkpoint's note. Raises Misuse if it could not be read back."""
    lines = [checkpoint.origin, str(checkpoint.size), encode_base64(checkpoint.root), *checkpoint.extension]
    if not all(lines) or any("\n" in line or not is_clean(line) for line in lines):
        raise Misuse("a checkpoint's lines are not empty, and without control characters")
    if not 0 <= checkpoint.size <= MAX_TREE_SIZE or len(checkpoint.root) != HASH_SIZE:
        raise Misuse("a checkpoint's size is below 2^63, and its root 32 bytes long")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise Misuse("a checkpoint of an empty tree has the empty tree's root")
    return "".join(f"{line}\n" for line in lines)


def sign_checkpoint(checkpoint: Checkpoint, vkey: VerifierKey, signer: Signer) -> bytes:
    """The note of a checkpoint, signed as `vkey`, whose name is the log's origin.

    Ed25519 is deterministic: the same checkpoint gives the same bytes. The caller must ensure that no inconsistent
    checkpoint was signed before, and that the note is durable before it is published. Raises Misuse.
    """
    if vkey.name != checkpoint.origin:
        raise Misuse("a checkpoint is signed with the key that is named as its origin")
    text = format(checkpoint)
    return notes.format(Note(text=text, signatures=(notes.sign(text, vkey, signer),)))


def verify_checkpoint(data: bytes | Note, vkeys: VerifierKey | Iterable[VerifierKey]) -> Checkpoint:
    """Reads a checkpoint's note, checks the log's signature, and returns the checkpoint.

    Raises Malformed if it is not a checkpoint, BadSignature if no key in `vkeys` with the origin as its name signed it.
    The caller must compare the origin with the expected log, and check in the roster whether the key may vouch for this
    size.
    """
    # 1. A note whose text is a checkpoint.
    note = data if isinstance(data, Note) else notes.parse(data)
    checkpoint = parse_text(note.text)
    # 2. Signed by a key of this log: other known keys do not count for it.
    candidates = (vkeys,) if isinstance(vkeys, VerifierKey) else vkeys
    own = [vkey for vkey in candidates if vkey.name == checkpoint.origin]
    if not own:
        raise BadSignature("a checkpoint of a log without a known key")
    notes.verify(note, own)
    return checkpoint
