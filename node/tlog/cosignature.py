"""Cosignatures, cosignature/v1 (c2sp.org/tlog-cosignature): another party's timed word on a checkpoint.

The signed message is two lines and the note's text; the signature line contains the time and the signature:

    cosignature/v1
    time 1679315147
    <text of the checkpoint's note>

    — <cosigner> base64(<4-byte key ID> || <8-byte big-endian time> || <64-byte Ed25519 signature>)

Rules this module upholds:

- Only a checkpoint is cosigned, and only with a key of the cosignature type: no other message can be passed off as one.
- The message does not hold the cosigner's name: a key belongs to one cosigner (mirror and witness have one each).
- The time is passed in, in Unix seconds: this module has no clock.
"""

from __future__ import annotations

from typing import Final

from node.errors import BadSignature, Malformed, Misuse
from node.tlog import ed25519
from node.tlog import note as notes
from node.tlog.checkpoint import parse_text
from node.tlog.note import COSIGNATURE, Note, Signature, Signer, VerifierKey
from node.tlog.text import MAX_DECIMAL

_TIME_SIZE: Final = 8


def cosign(text: str, vkey: VerifierKey, signer: Signer, time: int) -> bytes:
    """The signature line (with its newline) of a cosigner over the text of a checkpoint's note.

    The caller must ensure that at `time` (Unix seconds) this is the largest consistent tree of the log that it has
    seen, compared with the previous one and stored durably before the line is sent. Raises Malformed if the text is not
    a checkpoint, Misuse if key or time cannot cosign.
    """
    parse_text(text)
    if vkey.key_type != COSIGNATURE or not 0 <= time <= MAX_DECIMAL:
        raise Misuse("a cosignature needs a key of the cosignature type and a time from 0 to 2^63 - 1")
    value = time.to_bytes(_TIME_SIZE, "big") + notes.sign_raw(_message(text, time), vkey, signer)
    return notes.format_line(Signature(name=vkey.name, key_id=vkey.key_id, value=value))


def verify_cosignature(note: Note, vkey: VerifierKey) -> int:
    """Checks that this cosigner signed the note's checkpoint; returns the time that it states, in Unix seconds.

    If it signed more than once, every line must verify, and the newest time is returned. Raises BadSignature, Malformed
    if the note contains no checkpoint. The caller must verify the log's own signature.
    """
    parse_text(note.text)
    if vkey.key_type != COSIGNATURE:
        raise Misuse("a cosignature is verified with a key of the cosignature type")
    times = []
    for _, value in notes.by_known_keys(note, (vkey,), COSIGNATURE):
        time = int.from_bytes(value[:_TIME_SIZE], "big")
        if len(value) != _TIME_SIZE + ed25519.SIGNATURE_SIZE or time > MAX_DECIMAL:
            raise BadSignature("a cosignature that is not a time and 64 bytes")
        if not ed25519.verify(vkey.public_key, _message(note.text, time), value[_TIME_SIZE:]):
            raise BadSignature("a cosignature that does not verify")
        times.append(time)
    if not times:
        raise BadSignature("the required cosigner has not signed this")
    return max(times)


def add_signature(data: bytes, line: bytes) -> bytes:
    """The note with one more signature line. A line that is there already changes nothing.

    Nothing is verified. Raises Malformed if the bytes are not a note or not a line, or if that key has already signed
    differently: a line from outside never replaces a checked one.
    """
    note, signature = notes.parse(data), notes.parse_line(line)
    for each in note.signatures:
        if (each.name, each.key_id) == (signature.name, signature.key_id):
            if each == signature:
                return data
            raise Malformed("this key has already signed this note with another signature")
    if len(note.signatures) >= notes.MAX_SIGNATURES:
        raise Malformed(f"a note holds at most {notes.MAX_SIGNATURES} signatures")
    return notes.format(Note(text=note.text, signatures=(*note.signatures, signature)))


def _message(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()
