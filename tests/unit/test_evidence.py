"""The evidence benchmark, small: its files hold what they are said to hold, and its judgement is what it says."""

from __future__ import annotations

import email
import io
import mailbox
import tarfile
import zipfile
from email.policy import default
from pathlib import Path

import numpy as np
import pytest

from bench.evidence import composites, damages, films, nestings, outcomes, stills
from bench.evidence.archives import cpio
from bench.evidence.case import SOUND, Wanted
from bench.evidence.compound import compound
from bench.evidence.corpus import Corpus, sample, specifications
from bench.evidence.holders import packed
from bench.evidence.originals import APART, FILM_RATE, Original, Originals, hashes_of, least, rendered
from bench.evidence.outcomes import Outcome
from bench.evidence.shown import shows
from node.domain.fingerprint_kinds import PDQ_RADIUS
from tests.conftest import absent

NONE = np.zeros((0, 32), np.uint8)


@pytest.fixture(scope="module")
def given() -> Originals:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("VIGIL_PHOTOS", raising=False)
        return Originals.made(6)


@pytest.fixture(scope="module")
def members(given: Originals) -> list[tuple[str, bytes]]:
    return [(f"{n}.jpg", nestings.still_bytes("jpeg", given.pictures[n])) for n in (0, 1)]


def test_originals_are_told_apart_and_the_same_each_time(given: Originals) -> None:
    every = [*given.pictures, *given.films]
    assert len(every) == 6
    assert all(least(one.looks, other.looks) > APART for one in every for other in every if one is not other)
    assert np.array_equal(hashes_of(np.asarray(rendered(3)))[0], hashes_of(np.asarray(rendered(3)))[0])
    assert given.turned("a").picture() is given.turned("a").picture()


def test_a_title_is_one_file_and_a_sample_has_its_share_of_each_family() -> None:
    every = specifications()
    assert len({each.title for each in every}) == len(every)
    some = sample(200)
    assert [each.title for each in some] == [each.title for each in sample(200)]
    assert {each.family for each in some} == {each.family for each in every}
    assert 180 <= len(some) <= 220


@pytest.mark.parametrize("kind", ["jpeg", "png interlaced", "tiff 16 bits", "psd", "webp lossless", "gif", "bmp"])
def test_another_program_shows_a_sound_still_and_no_other(given: Originals, kind: str) -> None:
    one, other = given.pictures[:2]
    data = nestings.still_bytes(kind, one)
    assert shows(data, one.looks)
    assert not shows(data, other.looks)


@pytest.mark.parametrize("kind", ["mp4 h264", "mkv mpeg2", "avi mjpeg", "ts mpeg2", "raw mpeg1"])
def test_another_program_shows_a_sound_film_and_no_other(given: Originals, kind: str) -> None:
    one, other = given.films[:2]
    data = films.written(kind, one)
    if data is None:
        absent("this encoder of FFmpeg")
    assert shows(data, one.looks)
    assert not shows(data, other.looks)


@pytest.mark.parametrize("kind", ["two pages of a tiff", "two pictures of an mpo", "two frames of a gif", "a cut-out"])
def test_each_picture_of_a_composite_is_there(given: Originals, kind: str) -> None:
    _data, wanted = composites.COMPOSITES[kind].compose(given.turned(kind))
    assert len({each.original for each in wanted}) == len(wanted)
    assert all(each.shown for each in wanted)


def test_the_edit_list_shows_the_end_alone(given: Originals) -> None:
    """As a player shows it; FFmpeg told to ignore the list shows the rest too."""
    import av

    data, (hidden,) = composites.COMPOSITES["hidden by an edit list"].compose(given)
    with av.open(io.BytesIO(data), mode="r") as container:
        played = [
            hashes_of(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))[0] for frame in container.decode(video=0)
        ]
    assert len(played) <= FILM_RATE + 1
    assert least(np.concatenate(played), hidden.original.looks) > PDQ_RADIUS
    assert shows(data, hidden.original.looks)


@pytest.mark.parametrize("name", damages.METADATA)
def test_damage_beside_the_pixels_touches_no_pixel(given: Originals, name: str) -> None:
    made = [damages.METADATA[name](nestings.still_bytes(kind, given.pictures[0])) for kind in ("jpeg", "png", "webp")]
    changed = [data for data in made if data is not None]
    assert len(changed) == 1
    assert shows(changed[0], given.pictures[0].looks)


def test_damage_is_what_it_says() -> None:
    data = bytes(range(1, 251)) * 200
    assert damages.cut(0.66)(data) == data[:33_000]
    assert damages.two_bytes_short(data) == data[:-2]
    zeroed = damages.zeroed(data)
    assert zeroed is not None
    assert len(zeroed) == len(data)
    assert zeroed.count(0) == damages.ZEROED
    flipped = damages.flipped(data)
    assert flipped == damages.flipped(data)
    apart = [one ^ other for one, other in zip(data, flipped, strict=True) if one != other]
    assert 0 < len(apart) <= damages.FLIPS
    assert flipped[:1_024] == data[:1_024]
    assert damages.zeroed(b"short") is None


def test_holders_give_back_what_was_put_in(members: list[tuple[str, bytes]], tmp_path: Path) -> None:
    for kind in ("zip", "zip stored", "zip bzip2", "zip lzma", "zip by a pipe", "zip behind a program"):
        with zipfile.ZipFile(io.BytesIO(packed(kind, members) or b"")) as archive:
            assert [(name, archive.read(name)) for name in archive.namelist()] == members
    for kind in ("tar", "tar gnu", "tar ustar", "tar.gz", "tar.bz2", "tar.xz"):
        with tarfile.open(fileobj=io.BytesIO(packed(kind, members) or b"")) as archive:
            taken = [(each.name, archive.extractfile(each)) for each in archive]
            assert [(name, file.read()) for name, file in taken if file is not None] == members
    message = email.message_from_bytes(packed("eml", members) or b"", policy=default)
    assert [(a.get_filename(), a.get_content()) for a in message.iter_attachments()] == members  # type: ignore[union-attr, attr-defined, unused-ignore]
    (tmp_path / "mbox").write_bytes(packed("mbox", members) or b"")
    box = mailbox.mbox(tmp_path / "mbox")
    assert len(box) == len(members)
    box.close()


def test_every_holder_has_its_members_in_some_spelling(members: list[tuple[str, bytes]]) -> None:
    for kind in ("pdf", "pdf attachment", "msg", "thumbs.db", "thumbcache", "ar", "cpio", "zip stored"):
        data = packed(kind, members)
        assert data is not None, kind
        if kind not in {"msg", "thumbs.db"}:  # sectors may part what they hold
            assert all(content in data for _, content in members), kind
    assert cpio(members).startswith(b"070701")


def test_a_compound_file_has_sectors_and_its_streams() -> None:
    made = compound({"small": b"s" * 100, "folder/large": b"l" * 10_000})
    assert len(made) % 512 == 0
    assert b"l" * 10_000 in made
    assert b"s" * 100 in made
    with pytest.raises(ValueError, match="too large"):
        compound({"huge": bytes(9_000_000)})


def test_nested_files_hold_their_innermost_file(given: Originals) -> None:
    for nesting in ("zip", "zip in zip in zip"):
        made = nestings.INNER["png"](given)
        assert made is not None
        name, data, (wanted,) = made
        outer = nestings.NESTINGS[nesting](name, data)
        for _ in range(nesting.count("zip")):
            with zipfile.ZipFile(io.BytesIO(outer)) as archive:
                outer = archive.read(archive.namelist()[-1])
        assert outer == wanted.within == data


def test_the_corpus_makes_what_is_asked_and_counts_what_it_cannot(
    given: Originals, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [each for each in specifications() if each.kind == "jpeg" and each.nesting == "alone"]
    corpus = Corpus(given, asked)
    made = [case for _, case in corpus]
    assert [case.title for case in made] == corpus.made
    assert corpus.left_out == []
    assert made[0].damage == SOUND
    monkeypatch.setitem(stills.STILLS, "jpeg", stills.Still(".jpg", lambda _: (_ for _ in ()).throw(OSError())))  # type: ignore[arg-type, unused-ignore]
    nestings.still_bytes.cache_clear()
    absent = Corpus(given, asked)
    assert list(absent) == []
    assert len(absent.left_out) == len(asked)


# --- the judgement ----------------------------------------------------------------------------------------------------


def wanted(digest: bytes = b"d" * 32) -> Wanted:
    looks = np.zeros((1, 32), np.uint8)
    return Wanted(original=Original("x", rendered(1), looks), digests=frozenset({digest}))


@pytest.mark.parametrize(("bits", "found"), [(0, True), (31, True), (32, False)])
def test_a_hash_finds_within_the_radius(bits: int, found: bool) -> None:
    searched = np.packbits(np.arange(256) < bits).reshape(1, 32)
    outcome = outcomes.outcome_of(wanted(), searched, frozenset(), ())
    assert (outcome is Outcome.FOUND) is found


def test_a_digest_finds_what_lies_in_a_holder() -> None:
    assert outcomes.outcome_of(wanted(), NONE, frozenset({b"d" * 32}), ()) is Outcome.FOUND
    assert outcomes.outcome_of(wanted(), NONE, frozenset({b"e" * 32}), ()) is Outcome.SILENT


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ((), Outcome.SILENT),
        (("not looked at: 3 encrypted members",), Outcome.NAMED),
        (("truncated: 412 of 600 rows could be decoded",), Outcome.NAMED),
        (("cut short or damaged",), Outcome.NAMED),
        (("the camera's embedded preview was used",), Outcome.NOTED),
    ],
)
def test_a_word_names_or_remarks(said: tuple[str, ...], outcome: Outcome) -> None:
    assert outcomes.outcome_of(wanted(), NONE, frozenset(), said) is outcome
    near = np.zeros((1, 32), np.uint8)
    assert outcomes.outcome_of(wanted(), near, frozenset(), said) is Outcome.FOUND
