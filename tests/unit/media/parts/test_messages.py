"""Messages, mailboxes and texts: every file in them."""

import base64
import random
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.media.parts import mail, rtf, text, tnef
from tests.kinds.documents import mailbox_of, message_of, rich_text_of, winmail_of
from tests.kinds.holders import uuencoded
from tests.unit.media.parts.reading import given_by, region_of

PICTURE = b"\xff\xd8\xff\xe0" + random.Random(3).randbytes(300_001)
SMALL = b"\x89PNG\r\n\x1a\n" + random.Random(4).randbytes(99)
FILES = {"é x.jpg": PICTURE, "b.png": SMALL}


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_message_gives_its_attachments_and_the_pictures_in_its_text(line_end: bytes) -> None:
    data = message_of(FILES, pages=[PICTURE]).replace(b"\n", line_end)
    with region_of(data) as region:
        assert mail.recognise(region.head(4096), region)
    given = given_by(mail.members, data)
    assert given.names == ["", *FILES]
    assert given.contents == [PICTURE, *FILES.values()]
    assert (given.omissions, given.cut) == ([], {})


def escaped(data: bytes) -> bytes:
    """As RFC 2045 has it for what is no text: every byte, with soft line breaks."""
    lines = [data[at : at + 25] for at in range(0, len(data), 25)]
    return b"=\r\n".join(b"".join(b"=%02X" % byte for byte in line) for line in lines)


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit", "x-uuencode"])
def test_every_encoding_is_undone(encoding: str) -> None:
    body = {
        "base64": base64.encodebytes(PICTURE),
        "quoted-printable": escaped(PICTURE),
        "8bit": PICTURE,
        "x-uuencode": uuencoded("f", PICTURE),
    }[encoding]
    head = f"From: a@b\nMIME-Version: 1.0\nContent-Type: image/jpeg; name=f\nContent-Transfer-Encoding: {encoding}\n\n"
    given = given_by(mail.members, head.encode() + body)
    assert given.named() == {"f": PICTURE}
    assert given.as_they_lie == (encoding == "8bit")


def test_an_attached_message_is_a_part_and_gives_its_own() -> None:
    outer, inner = EmailMessage(), EmailMessage()
    inner["From"], inner["Subject"] = "c@d", "inner"
    inner.add_attachment(SMALL, maintype="image", subtype="png", filename="in.png")
    outer["From"], outer["Subject"] = "a@b", "outer"
    outer.set_content("x")
    outer.add_attachment(inner)
    (message,) = given_by(mail.members, outer.as_bytes()).contents
    assert given_by(mail.members, message).named() == {"in.png": SMALL}


def test_files_in_plain_text_are_given() -> None:
    words = b"From: a@b\nSubject: s\n\nhello\nbegin at the beginning\n" + uuencoded("f.jpg", PICTURE) + b"\nbye\n"
    given = given_by(mail.members, words + uuencoded("g.png", SMALL) + base64.b64encode(PICTURE))
    assert given.names == ["f.jpg", "g.png", ""]
    assert given.contents == [PICTURE, SMALL, PICTURE]


def test_a_message_that_is_cut_short_gives_what_is_there() -> None:
    data = message_of({"a.jpg": PICTURE})
    given = given_by(mail.members, data[:200_000])
    assert PICTURE.startswith(given.contents[0])
    assert len(given.contents[0]) > 100_000


def test_a_mailbox_gives_its_messages() -> None:
    messages = [
        message_of({"a.jpg": PICTURE}),
        b"From: x@y\nSubject: s\n\nFrom here on\n\nFrom: no\n",
        message_of(FILES),
    ]
    data = mailbox_of(messages)
    with region_of(data) as region:
        assert mail.recognise_mailbox(region.head(4096), region)
        assert not mail.recognise(region.head(4096), region)
    given = given_by(mail.mailbox, data)
    assert given.as_they_lie == 3
    assert [each.replace(b"\n>From ", b"\nFrom ").strip() for each in given.contents] == [
        each.strip() for each in messages
    ]


def test_bodies_within_bodies_without_end_are_left() -> None:
    data = b"From: a@b\nSubject: s\n"
    for depth in range(60):
        data += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (depth, depth)
    given = given_by(mail.members, data + b"Content-Type: image/png\n\nx")
    assert given.omissions == ["bodies of a message at a depth of more than 40"]


def test_a_winmail_file_gives_its_attachments() -> None:
    assert given_by(tnef.members, winmail_of(FILES)).named() == FILES
    cut = given_by(tnef.members, winmail_of(FILES)[:-50])
    assert cut.contents[0] == PICTURE
    assert cut.omissions == ["the rest of a damaged winmail.dat file"]


def folded(data: bytes) -> bytes:
    """Base64 in lines, each behind a blank, as in a contact card."""
    digits = base64.b64encode(data)
    return b"\r\n ".join(digits[at : at + 74] for at in range(0, len(digits), 74))


@pytest.mark.parametrize(
    "spelled",
    [
        b"<html>data:image/jpeg;base64," + base64.b64encode(PICTURE) + b"' /><p>data:image/png;base64,"
        + base64.b64encode(SMALL) + b"'",
        b"PHOTO;ENCODING=b:" + folded(PICTURE) + b"\r\nPHOTO:" + folded(SMALL) + b"\r\nEND:VCARD",
        b'{"a":"' + base64.b64encode(PICTURE).replace(b"/", b"\\/") + b'","b":"' + base64.b64encode(SMALL) + b'"}',
        b'{"a":"' + base64.b64encode(PICTURE).replace(b"+", b"\\u002B") + b'","b":"' + base64.b64encode(SMALL) + b'"}',
        b"url(" + base64.b64encode(PICTURE).replace(b"/", b"%2F").replace(b"+", b"%2b") + b") url("
        + base64.b64encode(SMALL) + b")",
    ],
    ids=["html", "contact card", "escaped slashes", "escaped plus", "address"],
)  # fmt: skip
@pytest.mark.parametrize("before", [0, 262_130, 262_140])
def test_pictures_in_a_text_are_found(spelled: bytes, before: int) -> None:
    data = b"." * before + b" " + spelled
    assert given_by(text.members, data).contents == [PICTURE, SMALL]
    wide = b"\xff\xfe" + data.decode("latin-1").encode("utf-16-le")
    assert given_by(text.members, wide).contents == [PICTURE, SMALL]


def test_a_text_without_pictures_gives_nothing() -> None:
    given = given_by(text.members, b"see https://example.org/9j/4AAQ and iVBOR and R0lGOD, /9j/" * 50)
    assert (given.contents, given.omissions) == ([], [])


def test_pictures_in_rich_text_are_given() -> None:
    given = given_by(rtf.members, rich_text_of([PICTURE, SMALL]))
    assert (given.contents, given.omissions) == ([PICTURE, SMALL], [])
    raw = b"{\\rtf1{\\pict\\pngblip\\bin%d " % len(SMALL) + SMALL + b"}{\\object{\\*\\objdata 0105" + b"a" * 60
    assert given_by(rtf.members, raw + PICTURE.hex().encode() + b"}}").contents == [SMALL, PICTURE]


def test_packed_rich_text_is_unpacked() -> None:
    """The example of [MS-OXRTFCP] 3.1."""
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af320680913c0cd20776f726c647d0a800fa0"
    )
    assert b"".join(rtf.unpacked_rtf(iter((packed,)))).startswith(b"{\\rtf1\\ansi")


@given(st.binary(min_size=60, max_size=3000), st.integers(1, 400))
def test_uuencoded_files_come_back(content: bytes, before: int) -> None:
    data = b"From: a@b\nSubject: s\n\n" + b"word " * before + b"\n" + uuencoded("f", b"\0" + content)
    assert given_by(mail.members, data).named() == {"f": b"\0" + content}
