"""Pictures and films in bytes of an unknown structure: each by its signature, up to its own end."""

import random
import tempfile

import pytest

from node.domain.parts import Role
from node.media.kinds import kind_of
from node.media.parts import compound
from node.media.parts.carving import carved
from node.media.parts.part import Part
from node.media.region import Region
from tests.kinds import documents
from tests.unit.media.parts.reading import given_by, region_of
from tests.unit.media.pictures import encoded, scene

SCENE = scene(72, 56)
JPEG, PNG, WEBP = (encoded(SCENE, kind) for kind in ("JPEG", "PNG", "WEBP"))
EXIF = encoded(SCENE, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def test_pictures_in_what_nobody_knows_are_given_as_they_lie() -> None:
    plain = JPEG[:2] + JPEG[20:]  # begins with its tables
    said = JPEG[:2] + b"\xff\xfe\x00\x0eLavc60.31.102"[:16] + JPEG[20:]
    data = noise(3_000) + JPEG + noise(700, 2) + PNG + WEBP + noise(5, 3) + EXIF + plain + said + noise(9_000, 4)
    given = given_by(carved, data)
    assert given.contents == [JPEG, PNG, WEBP, EXIF, plain, said]
    assert (given.as_they_lie, given.omissions) == (6, [])


@pytest.mark.parametrize("at", [0, 1_017, 1_024, (1 << 20) - 3])
def test_a_signature_is_found_wherever_it_lies(at: int) -> None:
    assert given_by(carved, b"\x01" * at + JPEG + b"\x01" * 10).contents == [JPEG]
    assert given_by(carved, b"\x01" * at + WEBP + b"\x01" * 10).contents == [WEBP]


def test_a_picture_without_an_end_reaches_to_the_next_one() -> None:
    given = given_by(carved, b"\x01\x02" + JPEG[:1_000] + PNG)
    assert given.contents == [JPEG[:1_000], PNG]


def test_films_are_given_up_to_their_end() -> None:
    film = b"\0\0\0\x18ftypisom\0\0\0\0isomavc1" + b"\0\0\0\x10mdat" + bytes(8) + b"\0\0\0\x0cmoov" + bytes(4)
    avi = b"RIFF" + (40).to_bytes(4, "little") + b"AVI LIST" + bytes(32)
    with region_of(b"?" * 99 + film + b"\xff" * 50 + avi + b"\xff" * 9) as region:
        found = [(each.role, each.content.size) for each in carved(region) if isinstance(each, Part)]  # type: ignore[union-attr]
    assert found == [(Role.FILM, len(film)), (Role.FILM, len(avi))]


def test_noise_holds_nothing() -> None:
    assert given_by(carved, noise(1 << 22)).contents == []
    assert given_by(carved, b"\xff\xd8\xff\xe0 ftyp WEBPVP8" * 500).contents == []


def test_a_file_of_an_unknown_format_is_searched_and_is_still_called_unknown() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"\x01\xfe\x03" * 900 + JPEG)
        file.flush()
        kind = kind_of(Region(file.fileno()))
    assert (kind.readers, kind.is_known) == ((carved,), False)


def test_attachments_of_a_message_that_is_cut_are_found() -> None:
    large = encoded(scene(320, 240), "JPEG", quality=95)
    whole = documents.outlook_message_of({"a.jpg": large, "b.png": encoded(scene(200, 160), "PNG")})
    given = given_by(compound.members, whole[: len(whole) * 2 // 3])
    assert given.contents[0][: len(large)] == large
    assert given.omissions == ["what the damaged directory of an OLE compound file lists"]
