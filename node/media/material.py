"""One file of material, whatever it is: a picture or a video, told apart by its content.

Rules this module upholds:

- The first bytes decide (`sniff`, `containers`), and a picture comes first: an animated one is a picture,
  which has frames besides.
- What is neither is refused in the words of `sniff`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from node.domain.fingerprints import MaterialFingerprints
from node.errors import MediaError
from node.media.allowance import Allow
from node.media.containers import Container, container_of
from node.media.picture import fingerprint_picture
from node.media.sniff import HEAD, recognise
from node.media.source import not_read
from node.media.video import fingerprint_video


def fingerprint_material(path: Path, allow: Allow) -> MaterialFingerprints:
    """Every fingerprint of a file. Raises `MediaError` with the reason for everything that is wrong with it."""
    container = _container(path)
    return fingerprint_picture(path, allow) if container is None else fingerprint_video(path, container, allow)


def _container(path: Path) -> Container | None:
    """The container of a file that is a video; None for all else, of which the picture's way says what is wrong."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise not_read(error) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        head = os.pread(descriptor, HEAD, 0)
    except OSError as error:
        raise not_read(error) from None
    finally:
        os.close(descriptor)
    try:
        recognise(head)
    except MediaError:
        return container_of(head)
    return None
