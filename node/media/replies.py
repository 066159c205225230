"""The replies of a worker to the pool: lines of JSON, in ASCII. Messages to a worker are in `orders`.

Rules this module upholds:

- A worker reads hostile files and may be controlled by one, so its reply is untrusted. It is never unpickled, has at
  most `MAX_REPLY_BYTES`, and each value is checked for kind and length before it becomes a domain value.
- A line with more JSON elements than any valid line is refused before it is parsed: its objects could take a thousand
  times its size in memory.
- Every reader accepts exactly what its writer emits.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from node.domain.fingerprint_json import read_prints, write_prints
from node.domain.material import MaterialFingerprints, PictureFingerprints
from node.domain.previews import Preview, read_previews, write_previews
from node.errors import Empty, Malformed, MediaError
from node.media import subject_replies
from node.media.region import EMPTY
from node.media.reply_bounds import MAX_BYTES, bounded
from node.media.reply_values import MAX_REASON, as_number, as_words
from node.media.subject_replies import Begun, Done

MAX_REPLY_BYTES: Final = MAX_BYTES
"""The most bytes of a reply with its newline. A reply about a still picture has fewer than 2,500."""
MAX_ASKED_SECONDS: Final = 20_000
"""The most processor time that a worker can request in a line."""
_MOST_PARTS: Final = 100
"""The most commas in a line. A picture with an inside and frames has 66, and a reason may have some."""
_MOST_OPENED: Final = 16
"""The most lists and objects in a line, of each kind. At most 4 are written, and a reason may have some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreTime:
    """A worker's message before the reply, at most once: the file may take this many seconds of processor time.
    `so_far`: its fingerprints, in case the worker does not survive; None if there are none yet.
    """

    seconds: int
    so_far: PictureFingerprints | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A worker's message before the reply, at most once: the worker must be replaced after the reply. `short`: a
    resource ran out, so the reply is no verdict on the file; otherwise the worker has only grown.
    """

    short: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Costly:
    """A worker's message before the reply, at most once: the reply contains only what was read within the given time.
    `most`: the time that the file may take by its size; `cost`: the estimate for the whole file. In seconds.
    """

    cost: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """A worker's message before the reply, at most once: the previews of the subject, which were asked for."""

    previews: tuple[Preview, ...]


READY: Final = b'{"ready": true}\n'
"""A worker's first line: its libraries are loaded and its limits are set."""

Before = MoreTime | Spent | Costly | Previewed
"""The messages that can come before a result."""
Around = Begun | Done
"""The messages that can come before and after the lines of a subject."""
Said = MaterialFingerprints | MediaError | Before | Around


def write_reply(said: Said) -> bytes:
    """Returns a line."""
    return json.dumps(_written(said)).encode("ascii") + b"\n"


def _written(said: Said) -> dict[str, Any]:
    match said:
        case Empty():
            return {"empty": True}
        case MediaError():
            return {"error": str(said)[:MAX_REASON], "remedy": said.remedy[:MAX_REASON]}
        case MoreTime():
            so_far = None if said.so_far is None else write_prints(said.so_far)
            return {"seconds": said.seconds, "so_far": so_far}
        case Spent():
            return {"spent": True, "short": said.short}
        case Costly():
            return {"cost": said.cost, "most": said.most}
        case Previewed():
            return {"previews": write_previews(said.previews)}
        case Begun() | Done():
            return subject_replies.begun_reply(said) if isinstance(said, Begun) else subject_replies.done_reply(said)
        case _:
            return write_prints(said)


def read_reply(line: bytes) -> Said:
    """Reads a line of a worker. Raises `Malformed` for a line that `write_reply` would not have written."""
    if line.count(b",") > _MOST_PARTS or line.count(b"[") > _MOST_OPENED or line.count(b"{") > _MOST_OPENED:
        raise Malformed("a worker's reply has more parts than any has")
    try:
        said = json.loads(line.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise Malformed("a worker's reply is not a line of JSON") from error
    if not isinstance(said, dict):
        raise Malformed("a worker's reply is not an object")
    return _BY_KEYS.get(frozenset(said), _read_material)(said)


def _read_error(said: dict[str, Any]) -> MediaError:
    return MediaError(as_words(said["error"]), remedy=as_words(said["remedy"]))


def _read_empty(said: dict[str, Any]) -> Empty:
    _require_true(said["empty"])
    return Empty(EMPTY)


def _read_more_time(said: dict[str, Any]) -> MoreTime:
    so_far = None if said["so_far"] is None else _read_so_far(said["so_far"])
    return MoreTime(seconds=as_number(said["seconds"], MAX_ASKED_SECONDS), so_far=so_far)


def _read_spent(said: dict[str, Any]) -> Spent:
    _require_true(said["spent"])
    if type(said["short"]) is not bool:
        raise Malformed("a worker says that it is spent in a form that no worker uses")
    return Spent(short=said["short"])


def _read_costly(said: dict[str, Any]) -> Costly:
    return Costly(cost=as_number(said["cost"], MAX_ASKED_SECONDS), most=as_number(said["most"], MAX_ASKED_SECONDS))


def _read_previewed(said: dict[str, Any]) -> Previewed:
    return Previewed(previews=read_previews(said["previews"]))


def _require_true(value: object) -> None:
    if value is not True:
        raise Malformed("a worker's reply has a flag for its subject that is not true")


_BY_KEYS: Final[dict[frozenset[str], Callable[[dict[str, Any]], Said]]] = {
    frozenset({"error", "remedy"}): _read_error,
    frozenset({"empty"}): _read_empty,
    frozenset({"seconds", "so_far"}): _read_more_time,
    frozenset({"spent", "short"}): _read_spent,
    frozenset({"cost", "most"}): _read_costly,
    frozenset({"previews"}): _read_previewed,
    subject_replies.BEGUN_KEYS: subject_replies.read_begun,
    subject_replies.DONE_KEYS: subject_replies.read_done,
}
"""The reader of a line by its keys. Fingerprints have all other keys."""


def _read_material(said: object) -> MaterialFingerprints:
    """Reads fingerprints: with the codec, and within the bounds of the decoders of this version."""
    return bounded(read_prints(said))


def _read_so_far(said: object) -> PictureFingerprints:
    prints = _read_material(said)
    if not isinstance(prints, PictureFingerprints):
        raise Malformed("a worker's reply has an interim result that is not a picture")
    return prints
