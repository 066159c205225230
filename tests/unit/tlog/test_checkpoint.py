"""Checkpoints and cosignatures: the specifications' examples, and what is refused."""

import pytest

from node.errors import BadSignature, Malformed, Misuse
from node.tlog import checkpoint, cosignature, merkle, note
from node.tlog.checkpoint import Checkpoint
from tests.unit.tlog.keys import HUB, HUB_KEY, HUB_VKEY, LOG_KEY, LOG_VKEY, ORIGIN, private_key, verifier_key

# c2sp.org/tlog-cosignature, at the head.
EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501
# What a public witness said of a public log, and the key that it publishes.
WITNESSED = """coachandhorses2026h1.staging.certificate.transparency.goog
185550722
YXAM0VmnrfvLaBCOOYSJhCaE5F10oGBOo+hkbDa1kng=

— witness.navigli.sunlight.geomys.org o+AP4gAAAABqb7DzNrGFRJnQ9vrJ8xpnwZytnr/ZYczDIsvwvouiSjwOjn7a72ccxBk+lKnZ7dKqkYKER1s/KxLTaVwQD7lJZTC/CQ==
"""  # noqa: E501
WITNESS_VKEY = "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G"

ROOT = merkle.leaf_hash(b"only")
POINT = Checkpoint(origin=ORIGIN, size=1, root=ROOT)
TEXT = checkpoint.format(POINT)
SIGNED = checkpoint.sign_checkpoint(POINT, LOG_VKEY, LOG_KEY)
TIME = 1_679_315_147


def cosigned() -> bytes:
    """The checkpoint with the hub's cosignature."""
    return cosignature.add_signature(SIGNED, cosignature.cosign(TEXT, HUB_VKEY, HUB_KEY, TIME))


# --- checkpoints ------------------------------------------------------------------------------------------------------


def test_the_specifications_example_is_read_and_written_back() -> None:
    text = note.parse(EXAMPLE.encode()).text
    read = checkpoint.parse_text(text)
    assert (read.origin, read.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert read.root.hex() == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    assert checkpoint.format(read) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        TEXT[:-1],
        TEXT + "\n",
        TEXT + "extension\n",
        "\n" + TEXT,
        TEXT.replace("\n1\n", "\n01\n"),
        TEXT.replace("\n1\n", "\n+1\n"),
        TEXT.replace("\n1\n", "\n-1\n"),
        TEXT.replace("\n1\n", "\n1 \n"),
        TEXT.replace("\n1\n", "\n\n"),
        TEXT.replace("\n1\n", "\n1_0\n"),
        TEXT.replace("\n1\n", "\n\u0661\n"),
        TEXT.replace("\n1\n", "\n9223372036854775808\n"),
        TEXT.replace("\n1\n", "\n" + "9" * 5_000 + "\n"),
        TEXT.replace("\n1\n", "\n0\n"),
        TEXT.replace("=\n", "\n"),
        TEXT.replace("=\n", "==\n"),
        f"{ORIGIN}\n1\nAAAA\n",
        f"{ORIGIN}\n1\n{'A' * 43}B\n",
        TEXT.replace("example", "exam\tple"),
        TEXT.replace("\n", "\r\n"),
    ],
    ids=lambda text: ascii(text[:90]),
)
def test_a_text_that_no_writer_writes_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        checkpoint.parse_text(text)


def test_extension_lines_are_read_only_where_they_are_asked_for() -> None:
    text = TEXT + "one\ntwo\n"
    read = checkpoint.parse_text(text, allow_extension=True)
    assert read.extension == ("one", "two")
    assert checkpoint.format(read) == text
    with pytest.raises(Malformed):
        checkpoint.parse_text(TEXT + "one\n\n", allow_extension=True)


@pytest.mark.parametrize(
    "broken",
    [
        Checkpoint(origin="", size=1, root=ROOT),
        Checkpoint(origin="a\nb", size=1, root=ROOT),
        Checkpoint(origin="a\rb", size=1, root=ROOT),
        Checkpoint(origin="\ud800", size=1, root=ROOT),
        Checkpoint(origin="a", size=-1, root=ROOT),
        Checkpoint(origin="a", size=2**63, root=ROOT),
        Checkpoint(origin="a", size=1, root=ROOT[:-1]),
        Checkpoint(origin="a", size=0, root=ROOT),
        Checkpoint(origin="a", size=1, root=ROOT, extension=("",)),
    ],
    ids=["empty", "newline", "control", "surrogate", "negative", "too large", "root", "no empty root", "extension"],
)
def test_a_checkpoint_that_could_not_be_read_back_is_not_written(broken: Checkpoint) -> None:
    with pytest.raises(Misuse):
        checkpoint.format(broken)


def test_signing_the_same_checkpoint_again_gives_the_same_bytes() -> None:
    assert checkpoint.sign_checkpoint(POINT, LOG_VKEY, LOG_KEY) == SIGNED
    assert checkpoint.verify_checkpoint(SIGNED, LOG_VKEY) == POINT
    assert checkpoint.verify_checkpoint(note.parse(SIGNED), [HUB_VKEY, LOG_VKEY]) == POINT


def test_the_empty_log_may_be_signed() -> None:
    empty = Checkpoint(origin=ORIGIN, size=0, root=merkle.EMPTY_ROOT)
    signed = checkpoint.sign_checkpoint(empty, LOG_VKEY, LOG_KEY)
    assert checkpoint.verify_checkpoint(signed, LOG_VKEY) == empty


def test_a_members_key_does_not_vouch_for_another_members_log() -> None:
    """FR's key signs a text that says it is JP's log: known or not, that key is not JP's."""
    theirs = Checkpoint(origin="example.org/JP/log/1", size=1, root=ROOT)
    text = checkpoint.format(theirs)
    forged = note.format(note.Note(text=text, signatures=(note.sign(text, LOG_VKEY, LOG_KEY),)))
    jp = verifier_key("example.org/JP/log/1", note.ED25519, "jp")
    for vkeys in ([LOG_VKEY], [jp], [LOG_VKEY, jp], []):
        with pytest.raises(BadSignature):
            checkpoint.verify_checkpoint(forged, vkeys)
    with pytest.raises(Misuse):
        checkpoint.sign_checkpoint(theirs, LOG_VKEY, LOG_KEY)


def test_a_key_of_the_cosignature_type_does_not_sign_for_a_log() -> None:
    same_key = verifier_key(ORIGIN, note.COSIGNATURE, "log")
    with pytest.raises(BadSignature):
        checkpoint.verify_checkpoint(SIGNED, same_key)
    with pytest.raises(Misuse):
        checkpoint.sign_checkpoint(POINT, same_key, LOG_KEY)


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    for text in ("something else\n", TEXT + "extension\n"):
        data = note.format(note.Note(text=text, signatures=(note.sign(text, LOG_VKEY, LOG_KEY),)))
        with pytest.raises(Malformed):
            checkpoint.verify_checkpoint(data, LOG_VKEY)


# --- cosignatures -----------------------------------------------------------------------------------------------------


def test_a_public_witness_is_verified_with_the_key_it_publishes() -> None:
    read, key = note.parse(WITNESSED.encode()), note.parse_vkey(WITNESS_VKEY)
    assert key.key_type == note.COSIGNATURE
    assert cosignature.verify_cosignature(read, key) == 1_785_704_691
    with pytest.raises(BadSignature):
        cosignature.verify_cosignature(note.parse(WITNESSED.replace("185550722", "185550723").encode()), key)


def test_the_specifications_example_states_the_time_of_its_signed_message() -> None:
    line = note.parse(EXAMPLE.encode()).signatures[1]
    assert (line.name, len(line.value)) == ("witness.example.com/w1", 72)
    assert int.from_bytes(line.value[:8], "big") == TIME


def test_a_cosignature_is_made_over_the_message_of_the_specification() -> None:
    line = note.parse_line(cosignature.cosign(TEXT, HUB_VKEY, HUB_KEY, TIME))
    assert line.value == TIME.to_bytes(8, "big") + HUB_KEY.sign(b"cosignature/v1\ntime 1679315147\n" + TEXT.encode())


def test_a_cosigned_checkpoint_verifies_for_both_signers() -> None:
    read = note.parse(cosigned())
    assert checkpoint.verify_checkpoint(read, LOG_VKEY) == POINT
    assert cosignature.verify_cosignature(read, HUB_VKEY) == TIME


def test_every_flipped_bit_of_a_cosigned_checkpoint_fails() -> None:
    data = cosigned()
    for at in range(len(data)):
        for bit in range(8):
            changed = data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]
            with pytest.raises((Malformed, BadSignature)):
                verify_both(changed)


def verify_both(data: bytes) -> None:
    """The log's signature and the hub's."""
    read = note.parse(data)
    checkpoint.verify_checkpoint(read, LOG_VKEY)
    cosignature.verify_cosignature(read, HUB_VKEY)


def test_of_two_cosignatures_by_one_cosigner_both_must_verify_and_the_newest_counts() -> None:
    lines = [note.parse_line(cosignature.cosign(TEXT, HUB_VKEY, HUB_KEY, TIME + each)) for each in (5, 0)]
    assert cosignature.verify_cosignature(note.Note(text=TEXT, signatures=tuple(lines)), HUB_VKEY) == TIME + 5
    forged = note.Signature(name=HUB, key_id=HUB_VKEY.key_id, value=lines[0].value[:8] + lines[1].value[8:])
    with pytest.raises(BadSignature):
        cosignature.verify_cosignature(note.Note(text=TEXT, signatures=(*lines, forged)), HUB_VKEY)


@pytest.mark.parametrize("value", [b"x", bytes(71), bytes(73), b"\xff" * 8 + bytes(64)])
def test_a_cosignature_of_another_shape_is_refused(value: bytes) -> None:
    line = note.Signature(name=HUB, key_id=HUB_VKEY.key_id, value=value)
    with pytest.raises(BadSignature):
        cosignature.verify_cosignature(note.Note(text=TEXT, signatures=(line,)), HUB_VKEY)


def test_a_cosignature_at_an_impossible_time_is_refused_though_it_is_signed() -> None:
    value = (2**63).to_bytes(8, "big") + HUB_KEY.sign(f"cosignature/v1\ntime {2**63}\n{TEXT}".encode())
    line = note.Signature(name=HUB, key_id=HUB_VKEY.key_id, value=value)
    with pytest.raises(BadSignature):
        cosignature.verify_cosignature(note.Note(text=TEXT, signatures=(line,)), HUB_VKEY)


def test_a_checkpoint_that_the_hub_did_not_cosign_is_refused() -> None:
    with pytest.raises(BadSignature):
        cosignature.verify_cosignature(note.parse(SIGNED), HUB_VKEY)


def test_only_checkpoints_are_cosigned_only_by_cosigners_and_only_at_a_time() -> None:
    with pytest.raises(Malformed):
        cosignature.cosign("vigil/answer/v1\n", HUB_VKEY, HUB_KEY, TIME)
    with pytest.raises(Misuse):
        cosignature.cosign(TEXT, LOG_VKEY, LOG_KEY, TIME)
    with pytest.raises(Misuse):
        cosignature.cosign(TEXT, HUB_VKEY, private_key("another"), TIME)
    for time in (-1, 2**63):
        with pytest.raises(Misuse):
            cosignature.cosign(TEXT, HUB_VKEY, HUB_KEY, time)
    with pytest.raises(Misuse):
        cosignature.verify_cosignature(note.parse(SIGNED), LOG_VKEY)
    with pytest.raises(Malformed):
        cosignature.verify_cosignature(note.parse("text\n\n— a AAAAAAA=\n".encode()), HUB_VKEY)


def test_adding_a_line_twice_changes_nothing_and_replacing_one_is_refused() -> None:
    line = cosignature.cosign(TEXT, HUB_VKEY, HUB_KEY, TIME)
    once = cosignature.add_signature(SIGNED, line)
    assert once == SIGNED + line
    assert cosignature.add_signature(once, line) == once
    with pytest.raises(Malformed):
        cosignature.add_signature(once, cosignature.cosign(TEXT, HUB_VKEY, HUB_KEY, TIME + 1))
    forged = note.format_line(note.Signature(name=ORIGIN, key_id=LOG_VKEY.key_id, value=bytes(64)))
    with pytest.raises(Malformed):
        cosignature.add_signature(SIGNED, forged)


def test_a_note_takes_no_more_signatures_than_are_read() -> None:
    data = SIGNED
    for each in range(note.MAX_SIGNATURES - 1):
        line = note.format_line(note.Signature(name=f"w{each}", key_id=b"1234", value=b"s"))
        data = cosignature.add_signature(data, line)
    with pytest.raises(Malformed):
        cosignature.add_signature(data, note.format_line(note.Signature(name="w", key_id=b"1234", value=b"s")))
