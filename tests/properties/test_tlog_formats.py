"""The text formats: what is written is read back, and nothing else is read as the same."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from node.errors import Malformed
from node.tlog import checkpoint, merkle, note, proof
from node.tlog.checkpoint import Checkpoint
from node.tlog.note import Note, Signature, VerifierKey
from node.tlog.proof import Extra, ProofFile

clean = st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\u007f\u2028 +—=")
names = st.text(clean, min_size=1, max_size=12).filter(lambda text: "+" not in text and not any(map(str.isspace, text)))
lines = st.text(clean, min_size=1, max_size=20)
hashes = st.binary(min_size=32, max_size=32)
numbers = st.integers(0, 2**63 - 1) | st.sampled_from([0, 1, 9, 10, 2**63 - 1])

signatures = st.builds(
    Signature, name=names, key_id=st.binary(min_size=4, max_size=4), value=st.binary(min_size=1, max_size=80)
)
note_texts = st.lists(st.text(clean, max_size=20), min_size=1, max_size=5).map(
    lambda each: "".join(f"{line}\n" for line in each)
)
noted = st.builds(Note, text=note_texts, signatures=st.lists(signatures, min_size=1, max_size=4).map(tuple))
checkpoints = st.builds(
    Checkpoint,
    origin=lines,
    size=numbers.filter(bool),
    root=hashes,
    extension=st.lists(lines, max_size=2).map(tuple),
) | st.builds(Checkpoint, origin=lines, size=st.just(0), root=st.just(merkle.EMPTY_ROOT))
plain = checkpoints.filter(lambda each: not each.extension)
proofs = st.builds(
    ProofFile,
    index=numbers,
    extra=st.binary(max_size=60),
    hashes=st.lists(hashes, max_size=4).map(tuple),
    checkpoint=st.builds(
        lambda point, signed: note.format(Note(text=checkpoint.format(point), signatures=signed)),
        plain,
        st.lists(signatures, min_size=1, max_size=3).map(tuple),
    ),
)
extras = st.builds(Extra, entry=st.binary(max_size=40), nonce=hashes, body=st.binary(max_size=40))
unknown_vkeys = st.builds(
    VerifierKey,
    name=names,
    key_id=st.binary(min_size=4, max_size=4),
    key_type=st.sampled_from([0, 2, 3, 5, 6, 255]),
    public_key=st.binary(min_size=1, max_size=60),
)
known_vkeys = st.builds(
    lambda name, key_type, key: note.make_vkey(name, key_type, b"\x09" + key),
    names,
    st.sampled_from([note.ED25519, note.COSIGNATURE]),
    st.binary(min_size=31, max_size=31).filter(lambda key: key[-1] & 0x7F != 0x7F),
)


def mutated(draw: Callable[[st.SearchStrategy[Any]], Any], data: bytes) -> bytes:
    """The data with a byte changed, dropped, doubled or put in, or its end cut or extended."""
    at = draw(st.integers(0, len(data) - 1))
    kind = draw(st.sampled_from(["change", "drop", "double", "insert", "cut", "extend"]))
    byte = draw(st.binary(min_size=1, max_size=1) | st.sampled_from([b"\n", b" ", b"=", b"0", b"+"]))
    result = {
        "change": data[:at] + byte + data[at + 1 :],
        "drop": data[:at] + data[at + 1 :],
        "double": data[: at + 1] + data[at:],
        "insert": data[:at] + byte + data[at:],
        "cut": data[:at],
        "extend": data + byte,
    }[kind]
    return bytes(result)


def judge(data: st.DataObject, written: bytes, read: Callable[[bytes], Any], write: Callable[[Any], bytes]) -> None:
    """Bytes that differ are refused, or are read as another value, which is written as exactly those bytes."""
    value = read(written)
    assert write(value) == written
    other = mutated(data.draw, written)
    try:
        found = read(other)
    except Malformed:
        return
    assert write(found) == other
    assert (found == value) == (other == written)


@given(st.data(), noted)
def test_notes(data: st.DataObject, value: Note) -> None:
    assert note.parse(note.format(value)) == value
    judge(data, note.format(value), note.parse, note.format)


@given(st.data(), signatures)
def test_signature_lines(data: st.DataObject, value: Signature) -> None:
    assert note.parse_line(note.format_line(value)) == value
    judge(data, note.format_line(value), note.parse_line, note.format_line)


@given(st.data(), unknown_vkeys | known_vkeys)
def test_verifier_keys(data: st.DataObject, value: VerifierKey) -> None:
    assert note.parse_vkey(note.format_vkey(value)) == value
    judge(data, note.format_vkey(value).encode(), read_vkey, lambda each: note.format_vkey(each).encode())


def read_vkey(data: bytes) -> VerifierKey:
    """A verifier key from bytes, any of which may come: those that are not UTF-8 become halves of characters."""
    return note.parse_vkey(data.decode("utf-8", "surrogateescape"))


@given(st.data(), checkpoints)
def test_checkpoints(data: st.DataObject, value: Checkpoint) -> None:
    assert read_checkpoint(checkpoint.format(value).encode()) == value
    judge(data, checkpoint.format(value).encode(), read_checkpoint, lambda each: checkpoint.format(each).encode())


def read_checkpoint(data: bytes) -> Checkpoint:
    """A checkpoint from bytes, as `read_vkey`."""
    return checkpoint.parse_text(data.decode("utf-8", "surrogateescape"), allow_extension=True)


@given(st.data(), proofs)
def test_proof_files(data: st.DataObject, value: ProofFile) -> None:
    assert proof.parse(proof.format(value)) == value
    judge(data, proof.format(value), proof.parse, proof.format)


@given(st.data(), extras)
def test_extra_data(data: st.DataObject, value: Extra) -> None:
    assert proof.decode_extra(proof.encode_extra(*value)) == value
    judge(data, proof.encode_extra(*value), proof.decode_extra, lambda each: proof.encode_extra(*each))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    for read in (note.parse, note.parse_line, read_vkey, read_checkpoint, proof.parse, proof.decode_extra):
        try:
            read(data)
        except Malformed:
            continue
