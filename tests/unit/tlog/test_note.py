"""Signed notes and verifier keys: the specification's examples, notes from the field, and what is refused."""

import base64

import pytest

from node.errors import BadSignature, Malformed, Misuse
from node.tlog import note
from node.tlog.note import Note, Signature
from tests.unit.tlog.keys import HUB_VKEY, LOG_KEY, LOG_VKEY, ORIGIN, private_key, verifier_key

# c2sp.org/signed-note, "Example".
EXAMPLE_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
""".encode()
# c2sp.org/signed-note, at the head: the text has an empty line of its own.
POEM = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
""".encode()  # noqa: E501
# What sum.golang.org signed at this size; c2sp.org/tlog-checkpoint shows it under another origin.
GOLANG_VKEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
GOLANG = """go.sum database tree
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
""".encode()

TEXT = "one\n\ntwo\n"


def signed(*signatures: Signature) -> bytes:
    """A note of ours with these signatures, or with the log's."""
    return note.format(Note(text=TEXT, signatures=signatures or (note.sign(TEXT, LOG_VKEY, LOG_KEY),)))


# --- the outside examples ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "vkey"), [(EXAMPLE, EXAMPLE_VKEY), (GOLANG, GOLANG_VKEY)], ids=["the specification", "the field"]
)
def test_outside_notes_verify_and_are_written_back_byte_for_byte(data: bytes, vkey: str) -> None:
    read, key = note.parse(data), note.parse_vkey(vkey)
    assert note.verify(read, [key]) == (key,)
    assert note.format(read) == data
    assert note.format_vkey(key) == vkey
    assert note.key_id(key.name, key.key_type, key.public_key) == key.key_id


def test_the_last_empty_line_divides_text_from_signatures() -> None:
    read = note.parse(POEM)
    assert read.text.endswith("sole:\n\ned è subito sera.\n")
    assert [each.name for each in read.signatures] == ["quasimodo.example/salvatore"]
    assert note.format(read) == POEM


def test_every_flipped_bit_of_a_signed_note_fails() -> None:
    key = note.parse_vkey(EXAMPLE_VKEY)
    for at in range(len(EXAMPLE)):
        for bit in range(8):
            changed = EXAMPLE[:at] + bytes([EXAMPLE[at] ^ (1 << bit)]) + EXAMPLE[at + 1 :]
            with pytest.raises((Malformed, BadSignature)):
                note.verify(note.parse(changed), [key])


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("IneyaQM=\n", "IneyaQM="),
        ("IneyaQM=\n", "IneyaQM=\n\n"),
        ("IneyaQM=\n", "IneyaQM=\nx"),
        ("IneyaQM=\n", "IneyaQM=\n\n\n"),
        ("IneyaQM=", "IneyaQM= "),
        ("IneyaQM=", "IneyaQM"),
        ("IneyaQM=", "IneyaQN="),
        ("IneyaQM=", "IneyaQM=="),
        ("\n\n", "\n"),
        ("\n", "\r\n"),
        ("This", "Th\0is"),
        ("This", "Th\tis"),
        ("— ", "- "),
        ("— ", "—\u00a0"),
        ("— ", ""),
        (" Uw2Q", "  Uw2Q"),
        ("Uw2Q", "Uw-Q"),
        ("Uw2Q", "Uw\u00b2Q"),
        ("example.com/foo", "example.com+foo"),
        ("example.com/foo", "example\u2003foo"),
        ("example.com/foo", "example\u0085foo"),
        ("example.com/foo", ""),
    ],
    ids=ascii,
)
def test_a_note_that_no_writer_writes_is_refused(old: str, new: str) -> None:
    text = EXAMPLE.decode()
    assert old in text
    with pytest.raises(Malformed):
        note.parse(text.replace(old, new).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        b"text\n\n",
        b"text\n",
        b"text\n\nno dash\n",
        b"te\xffxt\n\n\xe2\x80\x94 name AAAAAAA=\n",
        b"te\xed\xa0\x80xt\n\n\xe2\x80\x94 name AAAAAAA=\n",
        b"text\n\n\xe2\x80\x94 name AAAAAA==\n",
        b"text\n\n\xe2\x80\x94 name \n",
        b"text\n\n\xe2\x80\x94 name\n",
    ],
)
def test_what_is_no_note_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        note.parse(data)


def test_at_least_sixteen_signatures_are_read_and_an_end_is_set() -> None:
    """The specification demands sixteen, of up to five kilobytes each."""
    line = "— someone " + base64.b64encode(b"1234" + b"s" * 5_000).decode() + "\n"
    assert len(note.parse(f"text\n\n{line * 16}".encode()).signatures) == 16
    assert len(note.parse(f"text\n\n{line * note.MAX_SIGNATURES}".encode()).signatures) == note.MAX_SIGNATURES
    with pytest.raises(Malformed):
        note.parse(f"text\n\n{line * (note.MAX_SIGNATURES + 1)}".encode())
    with pytest.raises(Malformed):
        note.parse(b"x" * note.MAX_NOTE_SIZE + EXAMPLE)


@pytest.mark.parametrize(
    "broken",
    [
        Note(text="text\n", signatures=()),
        Note(text="text", signatures=(Signature(name="n", key_id=b"1234", value=b"s"),)),
        Note(text="te\rxt\n", signatures=(Signature(name="n", key_id=b"1234", value=b"s"),)),
        Note(text="\ud800\n", signatures=(Signature(name="n", key_id=b"1234", value=b"s"),)),
        Note(text="text\n", signatures=(Signature(name="a b", key_id=b"1234", value=b"s"),)),
        Note(text="text\n", signatures=(Signature(name="n", key_id=b"123", value=b"s1"),)),
        Note(text="text\n", signatures=(Signature(name="n", key_id=b"1234", value=b""),)),
        Note(text="text\n", signatures=(Signature(name="n", key_id=b"1234", value=b"s"),) * (note.MAX_SIGNATURES + 1)),
    ],
    ids=["no signature", "no newline", "control", "surrogate", "name", "short key ID", "empty", "too many"],
)
def test_a_note_that_could_not_be_read_back_is_not_written(broken: Note) -> None:
    with pytest.raises(Misuse):
        note.format(broken)


@pytest.mark.parametrize("data", [b"", b"\n", b"x\n", EXAMPLE, EXAMPLE.split(b"\n\n")[1][:-1], b"\xff\n"])
def test_a_signature_line_is_read_alone_and_whole(data: bytes) -> None:
    line = EXAMPLE.split(b"\n\n")[1]
    assert note.format_line(note.parse_line(line)) == line
    with pytest.raises(Malformed):
        note.parse_line(data)


def test_a_signature_line_that_could_not_be_read_back_is_not_written() -> None:
    for name, key_id, value in (("a b", b"1234", b"s"), ("a", b"123", b"s"), ("a", b"1234", b""), ("", b"1234", b"s")):
        with pytest.raises(Misuse):
            note.format_line(Signature(name=name, key_id=key_id, value=value))


# --- verifier keys ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a+b",
        EXAMPLE_VKEY.replace("530d903a", "530D903A"),
        EXAMPLE_VKEY.replace("530d903a", "530d903b"),
        EXAMPLE_VKEY.replace("530d903a", "530d903"),
        EXAMPLE_VKEY.replace("example.com/foo", "example.com/fop"),
        EXAMPLE_VKEY.replace("example.com/foo", ""),
        EXAMPLE_VKEY.replace("example.com/foo", "example com"),
        EXAMPLE_VKEY.replace("example.com/foo", "\ud800"),
        EXAMPLE_VKEY.replace("+Aeky", "+Aeks"),
        EXAMPLE_VKEY.replace("+Ae", "+BO"),
        EXAMPLE_VKEY + "=",
        EXAMPLE_VKEY + "\n",
        EXAMPLE_VKEY[:-4],
        "name+00000000+AQ==",
        "name+00000000+",
        "n" * 10_000 + "+00000000+/wE=",
    ],
    ids=lambda text: ascii(text[:150]),
)
def test_a_verifier_key_with_a_fault_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        note.parse_vkey(text)


@pytest.mark.parametrize("key_type", [note.ED25519, note.COSIGNATURE])
def test_a_weak_key_is_refused_wherever_it_is_read(key_type: int) -> None:
    weak = bytes([1]) + bytes(31)
    text = f"name+{note.key_id('name', key_type, weak).hex()}+{base64.b64encode(bytes([key_type]) + weak).decode()}"
    with pytest.raises(Malformed):
        note.parse_vkey(text)
    with pytest.raises(Misuse):
        note.make_vkey("name", key_type, weak)


def test_a_key_of_a_type_of_tomorrow_is_carried_and_vouches_for_nothing() -> None:
    """ML-DSA-44 (0x06) has 1,312 bytes; its key ID is taken as stated."""
    text = f"witness.example/w1+0a0b0c0d+{base64.b64encode(bytes([6]) + bytes(1_312)).decode()}"
    key = note.parse_vkey(text)
    assert (key.known, key.key_type, key.key_id.hex()) == (False, 6, "0a0b0c0d")
    assert note.format_vkey(key) == text
    with pytest.raises(BadSignature):
        note.verify(note.parse(signed()), [key])
    assert note.verify(note.parse(signed()), [key, LOG_VKEY]) == (LOG_VKEY,)


def test_the_same_key_for_another_purpose_has_another_key_id() -> None:
    assert verifier_key(ORIGIN, note.COSIGNATURE, "log").key_id != LOG_VKEY.key_id


def test_a_verifier_key_is_made_only_for_a_usable_name_and_type() -> None:
    for name, key_type in (("", 1), ("a b", 1), ("a+b", 1), ("name", 2), ("name", 6)):
        with pytest.raises(Misuse):
            note.make_vkey(name, key_type, LOG_VKEY.public_key)


# --- signing and verifying --------------------------------------------------------------------------------------------


def test_signatures_of_unknown_keys_are_ignored_and_of_known_ones_never() -> None:
    good = note.sign(TEXT, LOG_VKEY, LOG_KEY)
    stranger = Signature(name="stranger", key_id=b"1234", value=b"anything")
    namesake = Signature(name=ORIGIN, key_id=b"1234", value=b"anything")
    forged = Signature(name=good.name, key_id=good.key_id, value=bytes(64))
    assert note.verify(note.parse(signed(stranger, good, namesake)), [LOG_VKEY]) == (LOG_VKEY,)
    with pytest.raises(BadSignature):
        note.verify(note.parse(signed(good, forged)), [LOG_VKEY])
    for nobody in ((stranger,), (namesake,)):
        with pytest.raises(BadSignature):
            note.verify(note.parse(signed(*nobody)), [LOG_VKEY])


def test_without_a_key_to_trust_nothing_verifies() -> None:
    with pytest.raises(BadSignature):
        note.verify(note.parse(signed()), [])


def test_all_known_keys_that_signed_are_named_in_order() -> None:
    second = verifier_key("example.org/second", note.ED25519, "second")
    both = signed(note.sign(TEXT, second, private_key("second")), note.sign(TEXT, LOG_VKEY, LOG_KEY))
    assert note.verify(note.parse(both), [LOG_VKEY, second]) == (second, LOG_VKEY)


def test_two_trusted_keys_that_a_signature_cannot_tell_apart_are_our_own_mistake() -> None:
    twin = note.VerifierKey(name=ORIGIN, key_id=LOG_VKEY.key_id, key_type=note.ED25519, public_key=HUB_VKEY.public_key)
    with pytest.raises(Misuse):
        note.verify(note.parse(signed()), [LOG_VKEY, twin])
    assert note.verify(note.parse(signed()), [LOG_VKEY, LOG_VKEY]) == (LOG_VKEY,)


def test_a_signer_with_another_key_lets_nothing_out() -> None:
    with pytest.raises(Misuse):
        note.sign(TEXT, LOG_VKEY, private_key("another"))


def test_a_cosigners_key_signs_no_note() -> None:
    with pytest.raises(Misuse):
        note.sign(TEXT, HUB_VKEY, private_key("hub"))
