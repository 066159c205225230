"""Archives that libarchive, tarfile and the decompressors of the standard library read."""

import lzma
import random
import tarfile

import imagecodecs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.media.parts import archives, bounds, compressed, libarchive, tar_archive
from node.media.parts.part import Reader
from tests.kinds import packed
from tests.kinds.holders import (
    ar_of,
    bzip2_of,
    cab_of,
    compress_of,
    cpio_of,
    gzip_of,
    lz4_of,
    lzip_of,
    rar_of,
    seven_zip_of,
    sparse_tar_of,
    tar_of,
    xz_of,
)
from tests.kinds.packed import TEXT
from tests.unit.media.parts.reading import given_by, region_of

NOISE = random.Random(1).randbytes(100_000)
MEMBERS = {"a/é.txt": TEXT, "noise.bin": NOISE, "x/../../c.bin": bytes(3000)}
SHORT = {"a.txt": TEXT, "noise.bin": NOISE}


def reader_of(data: bytes) -> Reader:
    """The one reader that recognises it."""
    with region_of(data) as region:
        head = region.head(4096)
        found = [kind.reader for kind in archives.KINDS if kind.recognise(head, region)]
        found += [reader for _, _, recognise, reader in compressed.KINDS if recognise(head, region)]
        found += [tar_archive.members] if tar_archive.recognise(head, region) else []
    (reader,) = found
    return reader


@pytest.mark.parametrize(
    ("data", "members"),
    [
        (seven_zip_of(MEMBERS, "lzma2"), MEMBERS),
        (seven_zip_of(MEMBERS, "lzma"), MEMBERS),
        (seven_zip_of(MEMBERS, "deflate"), MEMBERS),
        (seven_zip_of(MEMBERS, "copy"), MEMBERS),
        (b"MZ" + bytes(70_000) + seven_zip_of(MEMBERS), MEMBERS),
        (rar_of(MEMBERS), MEMBERS),
        (cab_of(MEMBERS), MEMBERS),
        (ar_of(SHORT), SHORT),
        (cpio_of(MEMBERS), MEMBERS),
        (tar_of(MEMBERS, tarfile.USTAR_FORMAT), MEMBERS),
        (tar_of(MEMBERS, tarfile.GNU_FORMAT), MEMBERS),
        (tar_of(MEMBERS, tarfile.PAX_FORMAT), MEMBERS),
        (tar_of({"n" * 900: TEXT}), {"n" * 900: TEXT}),
        (tar_of(MEMBERS) + tar_of({"behind": TEXT}), MEMBERS | {"behind": TEXT}),
        (packed.RAR_3, {"text.txt": TEXT}),
        (packed.RAR_5, {"text.txt": TEXT}),
        (packed.SEVEN_PPMD, {"text.txt": TEXT}),
        (packed.SEVEN_BCJ, {"text.txt": TEXT}),
        (gzip_of(TEXT, "n.txt"), {"n.txt": TEXT}),
        (gzip_of(TEXT) + gzip_of(NOISE) + bytes(700), {"": TEXT + NOISE}),
        (bzip2_of(TEXT) + bzip2_of(NOISE), {"": TEXT + NOISE}),
        (xz_of(TEXT) + bytes(8) + xz_of(NOISE), {"": TEXT + NOISE}),
        (lzma.compress(TEXT, lzma.FORMAT_ALONE), {"": TEXT}),
        (packed.ZSTANDARD, {"": TEXT}),
        (compress_of(TEXT), {"": TEXT[:250]}),
        (lz4_of(TEXT), {"": TEXT}),
        (lzip_of(TEXT), {"": TEXT}),
    ],
)
def test_every_member_is_given(data: bytes, members: dict[str, bytes]) -> None:
    given = given_by(reader_of(data), data)
    assert (given.named(), given.omissions, given.cut) == (members, [], {})


UNREAD = "damaged, split, or of a kind that is not read"


@pytest.mark.parametrize(
    ("data", "omissions"),
    [
        (packed.RAR_ENCRYPTED, ["1 encrypted member"]),
        (packed.SEVEN_ENCRYPTED, ["1 encrypted member"]),
        (packed.RAR_LOCKED, ["all members of a RAR archive, whose list is encrypted"]),
        (packed.SEVEN_LOCKED, ["all members of a 7z archive, whose list is encrypted"]),
        (packed.SEVEN_BZIP2, [f"the rest of a 7z archive, which is {UNREAD}"]),
        (seven_zip_of(MEMBERS)[:-50], [f"the rest of a 7z archive, which is {UNREAD}"]),
        (rar_of(MEMBERS)[:-5000], [f"the rest of a RAR archive, which is {UNREAD}"]),
        (cpio_of(MEMBERS)[:-5000], [f"the rest of a cpio archive, which is {UNREAD}"]),
    ],
)
def test_what_is_not_read_is_said(data: bytes, omissions: list[str]) -> None:
    assert given_by(reader_of(data), data).omissions == omissions


def test_without_its_library_an_archive_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libarchive, "_loaded", lambda: None)
    libarchive.prepare()
    data = seven_zip_of(MEMBERS)
    (omission,) = given_by(reader_of(data), data).omissions
    assert omission.startswith("all members of a 7z archive: the library that reads it cannot be loaded")
    assert given_by(reader_of(packed.ZSTANDARD), packed.ZSTANDARD).cut == {0: libarchive.MISSING}


def test_a_method_that_is_not_known_is_said_of_its_member() -> None:
    given = given_by(reader_of(packed.RAR_2), packed.RAR_2)
    assert given.cut == {0: "its compressed data is damaged, or packed by a method that Vigil does not unpack"}


def test_a_tar_archive_is_read_on_behind_damage() -> None:
    data = bytearray(tar_of(MEMBERS))
    at = data.index(b"noise.bin")
    data[at : at + 5] = b"?????"
    given = given_by(tar_archive.members, bytes(data))
    assert given.names == ["a/é.txt", "x/../../c.bin"]
    assert given.omissions == ["damaged stretches of a tar archive"]


def test_a_tar_archive_whose_first_header_is_damaged_is_read_from_the_next_on() -> None:
    data = tar_of(MEMBERS, tarfile.USTAR_FORMAT)
    given = given_by(reader_of(b"?" + data[1:]), b"?" + data[1:])
    assert given.names == ["noise.bin", "x/../../c.bin"]
    assert given.omissions == ["damaged stretches of a tar archive"]


def test_a_tar_archive_that_is_cut_short_gives_what_is_there() -> None:
    given = given_by(tar_archive.members, tar_of(MEMBERS)[:60_000])
    assert given.contents[0] == TEXT
    assert NOISE.startswith(given.contents[1])
    assert given.omissions == ["the end of a tar archive that is cut short"]


def test_a_sparse_member_is_put_together_and_bounded() -> None:
    pieces = {0: b"x" * 512, 1 << 20: b"y" * 512}
    whole = bytearray(2 << 20)
    for at, piece in pieces.items():
        whole[at : at + 512] = piece
    assert given_by(tar_archive.members, sparse_tar_of("s", pieces, 2 << 20)).named() == {"s": bytes(whole)}
    endless = given_by(tar_archive.members, sparse_tar_of("s", {0: b"x" * 512, (1 << 50): b"y" * 512}, 1 << 51), keep=0)
    assert "it unpacks to more than 1000 times the size of its archive" in endless.cut.values()


def test_a_bomb_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "FREE_BYTES", 1 << 20)
    zeros = bzip2_of(bytes(8 << 20))
    given = given_by(reader_of(zeros), zeros, keep=0)
    assert given.cut == {0: "it unpacks to more than 1000 times the size of its archive"}


@pytest.mark.parametrize("pack", [gzip_of, bzip2_of, xz_of])
def test_what_is_cut_short_or_has_something_behind_it_is_said(pack: object) -> None:
    data = pack(TEXT)  # type: ignore[operator]
    cut = given_by(reader_of(data), data[:-12])
    assert cut.cut == {0: "its compressed data is cut short"}
    assert TEXT.startswith(cut.contents[0])
    more = given_by(reader_of(data), data + b"junk")
    assert (more.contents, more.cut) == ([TEXT], {0: "the data after its compressed data was not examined"})


@pytest.mark.parametrize("pack", [gzip_of, xz_of])
def test_what_is_unpacked_before_damage_is_given(pack: object) -> None:
    noise = random.Random(1).randbytes(200_000)
    data = bytearray(pack(noise))  # type: ignore[operator]
    data[150_000:150_500] = bytes(500)
    damaged = given_by(reader_of(bytes(data)), bytes(data))
    assert 0 in damaged.cut
    assert damaged.contents[0][:120_000] == noise[:120_000]


@given(st.dictionaries(st.text("abc/é", min_size=1, max_size=9), st.binary(min_size=1, max_size=3000), max_size=5))
def test_what_is_written_comes_back(members: dict[str, bytes]) -> None:
    files = {name: content for name, content in members.items() if not name.endswith("/")}
    assert given_by(tar_archive.members, tar_of(files)).contents == list(files.values())
    if files:
        data = seven_zip_of(files)
        assert given_by(reader_of(data), data).contents == list(files.values())


@pytest.mark.parametrize("share", [0.9, 0.66, 0.33])
def test_of_a_zstandard_file_that_is_cut_all_blocks_before_the_cut_are_given(share: float) -> None:
    whole = random.Random(3).randbytes(700_000)
    made = bytes(imagecodecs.zstd_encode(whole))
    data = made[: int(len(made) * share)]
    zstandard = next(reader for name, *_, reader in compressed.KINDS if name == "a Zstandard file")
    given = given_by(zstandard, data)
    assert whole.startswith(given.contents[0])
    assert len(given.contents[0]) > len(data) - 2 * 131_072
    assert given.cut
