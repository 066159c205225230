"""`vigil fingerprint`: the fingerprints of files, one line each, without any configuration or store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from node import app as vigil
from node.cli import options
from node.cli.common import Command, common
from node.cli.examined import EMPTY, Files, empty_digests, files_words, place_of
from node.cli.main import ExitCode
from node.cli.output import plain
from node.cli.part_words import inside_words
from node.cli.words import count
from node.domain.fingerprint_kinds import PDQ_QUALITY_FLOOR
from node.domain.material import (
    Animation,
    ComposedFingerprints,
    DigestFingerprints,
    MaterialFingerprints,
    TrimmedFingerprints,
    VideoFingerprints,
)
from node.errors import Empty, MediaError

if TYPE_CHECKING:
    from node.app import Examined

EMPTY_TYPE: Final = "application/x-empty"
"""The media type of an empty file, as libmagic names it."""

_SHOWN: Final = 5
"""Frames that people are shown."""


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("fingerprint", cls=Command)(fingerprint)


def fingerprint(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH", parser=options.path, help="Pictures and videos, or folders of them.", show_default=False
        ),
    ],
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Number of decoding processes. Default: one per processor.")
    ] = None,
) -> None:
    """Fingerprint pictures and videos: MD5, SHA-1, SHA-256, PDQ with its quality, and pHash.

    A video gets a PDQ and a quality for one frame per second; an animated picture also for each frame that differs from
    the frames before it. The contents of a file (members of an archive, pictures of a document) have their own lines
    before it. A file that cannot be decoded has digests alone. Folders are walked. The command needs no configuration.
    For a file that cannot be read, a line says why; the others continue, and the exit code is then 1.
    """
    output = common(ctx).output
    files = Files(output=output)
    with output.progress("fingerprinting", lambda: vigil.count_files(paths)) as advance:
        for each in vigil.fingerprint_paths(paths, workers=workers):
            _tell(each, files)
            if each.place is None:
                advance()
    if not files.total:
        output.note("no files found")
        return
    output.note(f"{files_words(files.line())}.")
    if files.failed:
        raise typer.Exit(ExitCode.ERROR)


def _tell(each: Examined, files: Files) -> None:
    """Prints the result for a file or a part."""
    result, place = each.result, each.place
    if isinstance(result, Empty) and place is None:
        files.empty += 1
        about = {"media_type": EMPTY_TYPE, "size": 0, **empty_digests(), "note": EMPTY}
        files.output.line({"path": str(each.path), **about, "pdq": None, "pdq_quality": None, "phash": None})
        files.output.say(f"{plain(each.path)}\n           {EMPTY}")
    elif isinstance(result, MediaError):
        files.refuse(each.path, result, place)
    else:
        files.count(result, place)
        more = {} if place is None else {"parent": place.parent.hex(), "part": place.number, "place": place_of(place)}
        files.output.line(json_line(each.path, result) | more)
        files.output.say(words(inside_words(str(each.path), place), result))


def json_line(path: Path, result: MaterialFingerprints) -> dict[str, Any]:
    """The line of a file in `--json` mode (DESIGN section 8)."""
    line: dict[str, Any] = {
        "path": str(path),
        "media_type": result.media_type,
        "size": result.size,
        "md5": result.md5.hex(),
        "sha1": result.sha1.hex(),
        "sha256": result.sha256.hex(),
    }
    if isinstance(result, DigestFingerprints):
        return line | {"pdq": None, "pdq_quality": None, "phash": None, "note": result.note or None}
    if isinstance(result, VideoFingerprints):
        return line | {"pdq": None, "pdq_quality": None, "phash": None, **_moving(result, result.note)}
    line |= {"pdq": result.pdq.hex(), "pdq_quality": result.pdq_quality, "phash": result.phash.hex()}
    if result.trimmed is not None:
        line["trimmed"] = {
            "box": list(result.trimmed.box),
            "pdq": result.trimmed.pdq_orientations[0].hex(),
            "pdq_quality": result.trimmed.pdq_quality,
            "phash": result.trimmed.phash.hex(),
        }
    if result.composed:
        line["shown_on"] = {
            each.background: {
                "pdq": each.pdq_orientations[0].hex(),
                "pdq_quality": each.pdq_quality,
                "phash": each.phash.hex(),
            }
            for each in result.composed
        }
    if result.animation is not None:
        line |= _moving(result.animation, result.note)
    elif result.note:
        line["note"] = result.note
    return line


def _moving(result: VideoFingerprints | Animation, note: str) -> dict[str, Any]:
    """The fields of a line about frames."""
    return {
        "frames": [
            {"seconds": frame.at / 1_000, "pdq": frame.pdq.hex(), "quality": frame.quality} for frame in result.frames
        ],
        "duration": result.milliseconds / 1_000,
        "note": note or None,
    }


def words(name: str, result: MaterialFingerprints) -> str:
    """A file or a part for a person: its name and type, then one line per fingerprint."""
    area = "" if isinstance(result, DigestFingerprints) else f"{result.width} x {result.height} pixels, "
    about = (
        f"{plain(name)}\n"
        f"           {result.media_type}, {area}{result.size} bytes\n"
        f"  md5      {result.md5.hex()}\n"
        f"  sha1     {result.sha1.hex()}\n"
        f"  sha256   {result.sha256.hex()}\n"
    )
    if isinstance(result, DigestFingerprints):
        return "\n".join([about.rstrip("\n"), *_note_words(result.note)])
    if isinstance(result, VideoFingerprints):
        return "\n".join([about + _frames_words("video", result), *_note_words(result.note)])
    note = ""
    if result.pdq_quality == 0:
        note = ": a picture without detail; it never matches by PDQ"
    elif result.pdq_quality < PDQ_QUALITY_FLOOR:
        note = f": below {PDQ_QUALITY_FLOOR}, so it never matches by PDQ"
    whole = (
        f"{about}"
        f"  pdq      {result.pdq.hex()}\n"
        f"           quality {result.pdq_quality}{note}\n"
        f"  phash    {result.phash.hex()}"
    )
    more = [_trimmed_words(result.trimmed)] if result.trimmed else []
    more += map(_composed_words, result.composed)
    more += [_frames_words("moving", result.animation)] if result.animation else []
    return "\n".join([whole, *more, *_note_words(result.note)])


def _note_words(note: str) -> list[str]:
    return [f"  note     {note}"] if note else []


def _trimmed_words(trimmed: TrimmedFingerprints) -> str:
    left, top, right, bottom = trimmed.box
    return (
        f"  without its plain borders: {right - left} x {bottom - top} pixels from {left}, {top}\n"
        f"  pdq      {trimmed.pdq_orientations[0].hex()}\n"
        f"           quality {trimmed.pdq_quality}\n"
        f"  phash    {trimmed.phash.hex()}"
    )


def _composed_words(look: ComposedFingerprints) -> str:
    return (
        f"  as shown on {look.background}:\n"
        f"  pdq      {look.pdq_orientations[0].hex()}\n"
        f"           quality {look.pdq_quality}\n"
        f"  phash    {look.phash.hex()}"
    )


def _frames_words(what: str, result: VideoFingerprints | Animation) -> str:
    """A video or animated picture for a person: its length, its number of hashed frames, and a few of them."""
    usable = sum(frame.quality >= PDQ_QUALITY_FLOOR for frame in result.frames)
    lines = [
        f"  {what:<8} {result.milliseconds / 1_000:.1f} seconds, {count(len(result.frames), 'frame')} of it hashed"
    ]
    if usable < len(result.frames):
        lines.append(f"           {usable} with quality {PDQ_QUALITY_FLOOR} or more; the others never match")
    lines += [
        f"  {frame.at / 1_000:>7.1f} s {frame.pdq.hex()} quality {frame.quality}" for frame in result.frames[:_SHOWN]
    ]
    if len(result.frames) > _SHOWN:
        lines.append(f"            and {count(len(result.frames) - _SHOWN, 'more frame')} (all of them: --json)")
    return "\n".join(lines)
