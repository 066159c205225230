"""Proof files: the specification's example, and that no byte of a file can change unnoticed."""

import base64

import pytest

from node.errors import BadProof, BadSignature, Malformed, Misuse, PeerFault
from node.tlog import checkpoint, cosignature, merkle, note, proof, tiles
from node.tlog.checkpoint import Checkpoint
from node.tlog.proof import Extra, ProofFile
from tests.unit.tlog.example_proof import EXAMPLE
from tests.unit.tlog.keys import HUB_KEY, HUB_VKEY, LOG_KEY, LOG_VKEY, ORIGIN, verifier_key

ENTRIES = [b"entry %d" % each for each in range(7)]
NONCE = bytes(range(32))
AT = 4


class Shelf:
    """The tiles of the seven entries."""

    tiles = tiles.append(0, (), merkle.leaf_hashes(ENTRIES)).tiles

    def read_tile(self, level: int, index: int) -> bytes:
        return self.tiles.get((level, index), b"")


def evidence() -> ProofFile:
    """What a node writes of entry 4: with body and nonce, signed by the log and the hub."""
    point = Checkpoint(origin=ORIGIN, size=7, root=tiles.root(Shelf(), 7))
    signed = checkpoint.sign_checkpoint(point, LOG_VKEY, LOG_KEY)
    line = cosignature.cosign(checkpoint.format(point), HUB_VKEY, HUB_KEY, 1_700_000_000)
    return ProofFile(
        index=AT,
        extra=proof.encode_extra(ENTRIES[AT], NONCE, b"body"),
        hashes=tiles.inclusion_proof(Shelf(), AT, 7),
        checkpoint=cosignature.add_signature(signed, line),
    )


def test_the_specifications_example_is_read_and_written_back() -> None:
    read = proof.parse(EXAMPLE.encode())
    assert (read.index, len(read.hashes)) == (73_894, 5)
    assert read.extra.startswith(b"age-v1.2.1-darwin-arm64.tar.gz")
    assert read.checkpoint.startswith(b"example.com/fancylog\n109482\n")
    assert checkpoint.parse_text(note.parse(read.checkpoint).text).size == 109_482
    assert proof.format(read) == EXAMPLE.encode()


def test_a_file_without_extra_data_has_no_extra_line() -> None:
    bare = ProofFile(index=0, hashes=(), checkpoint=evidence().checkpoint)
    data = proof.format(bare)
    assert data.startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + ORIGIN.encode())
    assert proof.parse(data) == bare


def test_a_file_is_verified_against_the_entry_and_the_logs_key() -> None:
    read = proof.parse(proof.format(evidence()))
    leaf = merkle.leaf_hash(proof.decode_extra(read.extra).entry)
    assert proof.verify(read, leaf, [LOG_VKEY]).size == 7
    with pytest.raises(BadProof):
        proof.verify(read, merkle.leaf_hash(ENTRIES[AT + 1]), [LOG_VKEY])
    with pytest.raises(BadSignature):
        proof.verify(read, leaf, [verifier_key(ORIGIN, note.ED25519, "another")])


def test_no_flipped_bit_of_a_file_leaves_the_same_statement_standing() -> None:
    """Extra data is not signed: so the check is that entry, nonce and body come out as they were, or it fails."""
    data = proof.format(evidence())
    expected = check(data)
    for at in range(len(data)):
        for bit in range(8):
            changed = data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]
            try:
                found = check(changed)
            except PeerFault:
                continue
            assert found != expected


def check(data: bytes) -> tuple[bytes, bytes]:
    """Nonce and body of a file that verifies with both signatures; the commitment would bind them to the entry."""
    read = proof.parse(data)
    extra = proof.decode_extra(read.extra)
    proof.verify(read, merkle.leaf_hash(extra.entry), [LOG_VKEY])
    cosignature.verify_cosignature(note.parse(read.checkpoint), HUB_VKEY)
    return extra.nonce, extra.body


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ("c2sp.org/tlog-proof@v1\n", ""),
        ("c2sp.org", "\nc2sp.org"),
        ("extra YWdl", "extra  YWdl"),
        ("extra YWdl", "extra\tYWdl"),
        ("extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ", "extra "),
        ("extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ", "extra"),
        ("kYXJ3aW4tYXJ\n", "kYXJ3aW4tYXJ=\n"),
        ("kYXJ3aW4tYXJ\n", "kYXJ3aW4tYX\n"),
        ("index 73894", "index 073894"),
        ("index 73894", "index -1"),
        ("index 73894", "index 9223372036854775808"),
        ("index 73894\n", ""),
        ("index 73894", "index 73894\nindex 73894"),
        ("index 73894", "index 73894\nextra AAAA"),
        ("index 73894", "index 73894 "),
        ("index 73894\n", "index 73894\n\n"),
        ("PlQ=\n", "PlQ\n"),
        ("PlQ=\n", "PlR=\n"),
        ("PlQ=\n", "PlQ=\r\n"),
        ("5vk=\n\n", "5vk=\n"),
        ("5vk=\n\n", "5vk=\n\n\n— x"),
        ("5bg=\n", "5bg="),
        ("5bg=\n", "5bg=\n\n"),
        ("5bg=\n", "5bg=\n#"),
        ("\n\n— example.com", "\n— example.com"),
    ],
    ids=lambda text: ascii(text[:60]),
)
def test_a_file_that_no_writer_writes_is_refused(old: str, new: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(Malformed):
        proof.parse(EXAMPLE.replace(old, new).encode())


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"c2sp.org/tlog-proof@v1\n\n", b"\xff", b"c2sp.org/tlog-proof@v1\nindex 1"]
)
def test_a_fragment_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        proof.parse(data)


def test_more_hashes_than_a_tree_is_high_and_more_bytes_than_a_file_has_are_refused() -> None:
    line = base64.b64encode(bytes(32)).decode() + "\n"
    head, tail = EXAMPLE.split("index 73894\n")
    tail = tail[tail.index("\n\n") :]
    assert len(proof.parse(f"{head}index 73894\n{line * 63}{tail[1:]}".encode()).hashes) == 63
    with pytest.raises(Malformed):
        proof.parse(f"{head}index 73894\n{line * 64}{tail[1:]}".encode())
    with pytest.raises(Malformed):
        proof.parse(EXAMPLE.encode() + b"x" * proof.MAX_PROOF_SIZE)


@pytest.mark.parametrize(
    "broken",
    [
        ProofFile(index=-1, hashes=(), checkpoint=evidence().checkpoint),
        ProofFile(index=2**63, hashes=(), checkpoint=evidence().checkpoint),
        ProofFile(index=0, hashes=(b"x",), checkpoint=evidence().checkpoint),
        ProofFile(index=0, hashes=(bytes(32),) * 64, checkpoint=evidence().checkpoint),
        ProofFile(index=0, hashes=(), checkpoint=b""),
        ProofFile(index=0, hashes=(), checkpoint=b"\n" + evidence().checkpoint[:-1]),
    ],
    ids=["negative", "too large", "short hash", "too many", "no checkpoint", "cut checkpoint"],
)
def test_a_file_that_could_not_be_read_back_is_not_written(broken: ProofFile) -> None:
    with pytest.raises(Misuse):
        proof.format(broken)


# --- extra data -------------------------------------------------------------------------------------------------------


def test_extra_data_is_three_parts_each_after_its_length() -> None:
    data = proof.encode_extra(b"entry", NONCE, b"")
    assert data == b"\0\0\0\5entry" + b"\0\0\0\x20" + NONCE + b"\0\0\0\0"
    assert proof.decode_extra(data) == Extra(entry=b"entry", nonce=NONCE, body=b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        b"\0\0\0\1",
        b"\xff\xff\xff\xffentry",
        proof.encode_extra(b"entry", NONCE, b"body")[:-1],
        proof.encode_extra(b"entry", NONCE, b"body") + b"\0",
        b"\0\0\0\5entry" + b"\0\0\0\x1f" + NONCE[:-1] + b"\0\0\0\0",
        b"\0\0\0\5entry" + b"\0\0\0\x21" + NONCE + b"\0" + b"\0\0\0\0",
        proof.encode_extra(b"entry", NONCE, b"")[:-4],
    ],
    ids=["empty", "cut length", "cut part", "huge length", "cut", "trailing", "short nonce", "long nonce", "two parts"],
)
def test_extra_data_that_no_writer_writes_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        proof.decode_extra(data)


def test_a_nonce_of_another_length_is_not_written() -> None:
    for nonce in (b"", NONCE[:-1], NONCE + b"\0"):
        with pytest.raises(Misuse):
            proof.encode_extra(b"entry", nonce, b"body")
