"""The headers by which a peer knows this node, from the file that the settings name.

Rules this module upholds:

- The file belongs to who runs the pull (or to root), and nobody else can read it: otherwise it is refused.
- The values reach no message, no log, no text of an object and no command line. They are sent over TLS, after the
  certificate of the peer was checked, and to its own addresses alone.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST: Final = 16_384
"""Bytes of the file. Servers refuse longer headers."""
_LINE: Final = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([!-~](?:[ -~]*[!-~])?)[ \t]*")
"""A header, as RFC 9110 has it, of printable ASCII."""
_OURS: Final = frozenset(
    {"accept", "accept-encoding", "connection", "content-encoding", "content-length", "expect", "host", "keep-alive"}
    | {"proxy-authorization", "proxy-connection", "range", "te", "trailer", "transfer-encoding", "upgrade"}
    | {"user-agent"}
)
"""Headers that say how a page is sent: they are set by `peer_download`."""
_REMEDY: Final = "write one header a line, for example Authorization: KEY or Authorization: Bearer TOKEN"


@dataclass(frozen=True, slots=True)
class Credentials:
    """`headers`: name -> value. They are not in its text."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_credentials(path: str) -> Credentials:
    """The headers that a file has, none for "". Empty lines and lines that begin with `#` are passed over. Raises
    `Misuse`, which names neither the path nor the content.
    """
    if not path:
        return Credentials()
    headers: dict[str, str] = {}
    for number, line in enumerate(_text(path).replace("\r\n", "\n").split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise Misuse(f"line {number} of the credentials of the peer is no header", remedy=_REMEDY)
        name, value = found.groups()
        if name.lower() in _OURS or any(name.lower() == each.lower() for each in headers):
            raise Misuse(
                f"line {number} of the credentials of the peer has a header that is not set there, or twice",
                remedy=_REMEDY,
            )
        headers[name] = value
    if not headers:
        raise Misuse("the credentials of the peer are empty", remedy=_REMEDY)
    return Credentials(headers)


def _text(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _unreadable(os.strerror(error.errno).lower() if error.errno else "unknown reason") from None
    try:
        # Of the open file: what its name says may be another file by now.
        _require_private(os.fstat(descriptor))
        data = os.read(descriptor, _LONGEST + 1)
    finally:
        os.close(descriptor)
    if len(data) > _LONGEST:
        raise Misuse("the credentials of the peer are too long", remedy=_REMEDY)
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise Misuse("the credentials of the peer are not plain ASCII", remedy=_REMEDY) from None


def _require_private(about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise _unreadable("not a regular file")
    if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or about.st_uid not in (0, os.geteuid()):
        raise Misuse(
            "other users can read or change the credentials of the peer",
            remedy="chmod 600 the file, and let the user who pulls own it; if others could read it, change the key",
        )


def _unreadable(why: str) -> Misuse:
    return Misuse(f"the credentials of the peer cannot be read: {why}", remedy="check credentials in vigil.toml")
