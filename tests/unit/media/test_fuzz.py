"""Our own parsers of untrusted bytes: headers, lengths, and what a worker says. All end in a value or in our error.

The seeds are the heads of files that are kept in `corpus`, whole and odd, and everything that was found to be wrong
with a parser once; hypothesis puts them together, cuts them and changes them.
"""

import json
import string
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.domain.material import DigestFingerprints, PictureFingerprints, VideoFingerprints
from node.errors import Malformed, MediaError
from node.media import continuation, gif, replies, seccomp
from node.media.calls import MACHINES
from node.media.containers import Container, container_of
from node.media.region import Region
from node.media.reply_values import MAX_REASON
from node.media.sniff import HEAD, Format, recognise
from node.media.truncation import is_cut_short

CORPUS = sorted(path for path in (Path(__file__).parent / "corpus").iterdir() if path.suffix == ".head")
MANY = settings(max_examples=300)


def changed(data: bytes) -> st.SearchStrategy[bytes]:
    """Of these bytes: some replaced, some put in, the end cut off or something added."""

    def change(places: list[tuple[int, bytes]], keep: int, tail: bytes) -> bytes:
        made = bytearray(data)
        for place, piece in places:
            made[place : place + len(piece)] = piece
        return bytes(made[:keep]) + tail

    pieces = st.binary(min_size=1, max_size=8) | st.sampled_from(
        [b"\0" * 4, b"\xff" * 8, b"\0\0\0\1", b"\x7f" + b"\xff" * 7]
    )
    place = st.integers(0, len(data))
    return st.builds(
        change, st.lists(st.tuples(place, pieces), max_size=6), st.integers(0, len(data)), st.binary(max_size=40)
    )


HEADS = st.sampled_from(CORPUS).flatmap(lambda path: changed(path.read_bytes())) | st.binary(max_size=200)


@contextmanager
def streamed(data: bytes) -> Iterator[Region]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield Region(file.fileno())


def test_the_corpus_has_every_format() -> None:
    kinds = set()
    for path in CORPUS:
        head = path.read_bytes()[:HEAD]
        try:
            kinds.add(recognise(head).name)
        except MediaError:
            known = container_of(head)
            kinds.add(known.name if known else "none")
    assert {"JPEG", "PNG", "GIF", "WebP", "BMP", "TIFF", "AVIF", "HEIC", "MP4", "AVI file", "Ogg file", "none"} <= kinds


def recognised(data: bytes) -> Format | MediaError:
    try:
        return recognise(data)
    except MediaError as error:
        return error


@MANY
@given(HEADS)
@example(b"\0\0\0\0ftypmif1")
@example(b"\xff\xff\xff\xffftypheic")
@example(b"BM")
def test_any_head_is_a_format_or_refused_in_our_words(data: bytes) -> None:
    found = recognised(data)
    if isinstance(found, MediaError):
        assert str(found).isprintable()
        assert len(str(found)) <= MAX_REASON
    assert container_of(data) is None or isinstance(container_of(data), Container)


@MANY
@given(HEADS)
@example(b"\x1aE\xdf\xa3")
@example(b"\x1aE\xdf\xa3\x01" + b"\xff" * 7)
@example(b"\0\0\0\1ftyp" + b"\xff" * 8)
@example(b"\0\0\0\x08ftyp" * 3)
@example(b"RIFF")
def test_any_lengths_are_followed_to_an_end(data: bytes) -> None:
    with streamed(data) as stream:
        assert isinstance(is_cut_short(stream), bool)
    assert continuation.is_cut_short(data) in {True, False}
    assert 0 <= gif.count_frames(data) <= len(data)


@pytest.mark.parametrize(
    "follow",
    [gif.count_frames, continuation.is_cut_short],
    ids=["blocks of a GIF", "boxes of an ISO media file"],
)
def test_a_file_of_nothing_but_lengths_is_given_up(follow: Callable[[bytes], object]) -> None:
    """By a counter, so it takes as long for a gigabyte as for a megabyte."""
    tiny = b"GIF89a" + bytes(7) + b"\x21\xf9" + b"\1\1" * 4_000_000
    boxes = b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * 1_000_000 + b"\0\0\xff\xffmdat"
    assert not follow(tiny)
    assert not follow(boxes)


# --- what a worker says -----------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(string.printable, max_size=9),
    lambda inner: (
        st.lists(inner, max_size=9) | st.dictionaries(st.text(string.ascii_lowercase + "_", max_size=9), inner)
    ),
    max_leaves=30,
)
SAID = (
    "error", "remedy", "seconds", "so_far", "spent", "short", "cost", "most", "frames", "between", "milliseconds",
    "media_type", "size", "md5", "sha1", "sha256", "width", "height", "note", "pdq", "pdq_quality", "trimmed",
    "animation", "composed", "phash",
)  # fmt: skip


def understood(line: bytes) -> None:
    try:
        said = replies.read_reply(line)
    except Malformed:
        return
    # Whatever is understood can be written again, and is the same then.
    assert replies.read_reply(replies.write_reply(said)) == said or isinstance(said, MediaError)
    assert isinstance(said, MediaError | PictureFingerprints | VideoFingerprints | DigestFingerprints | replies.Before)


@MANY
@given(st.dictionaries(st.sampled_from(SAID), JSON).map(lambda said: json.dumps(said).encode()))
def test_any_object_is_a_reply_or_refused(line: bytes) -> None:
    understood(line)


@MANY
@given(st.binary(max_size=300) | JSON.map(lambda said: json.dumps(said).encode()))
@example(b"[" * 100_000)
@example(b'{"seconds": ' + b"9" * 5_000 + b', "so_far": null}')
@example(b'{"seconds": 1e999, "so_far": null}')
@example(b'{"cost": NaN, "most": 1}')
@example(b'{"error": "\\ud800", "remedy": ""}')
@example(b'{"error": "a\\u001b[2Jb", "remedy": ""}')
@example(b'{"spent": true, "spent": true, "short": false}')
def test_any_bytes_are_a_reply_or_refused(line: bytes) -> None:
    understood(line)


def test_a_line_of_many_parts_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("json.loads", None)  # it would fail
    for line in (b"[" + b"[]," * 1_000, b'{"error":' * 50, b"1," * 1_000):
        with pytest.raises(Malformed):
            replies.read_reply(line)


def test_the_filter_is_shorter_than_the_kernel_allows() -> None:
    """BPF_MAXINSNS, and so is what a jump can reach."""
    for machine in MACHINES.values():
        code = seccomp.program(machine, seccomp.Ports(tasks=0, written=tuple(range(8)), scratch=9), process=1)
        assert len(code) // 8 < 4096
