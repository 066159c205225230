"""One file of material, whatever it is: a picture or a video, told apart by its content.

Rules this module upholds:

- The first bytes decide (`sniff`, `containers`), and a picture comes first: an animated one is a picture,
  which has frames besides.
- What is neither is refused in the words of `sniff`.
"""

from __future__ import annotations

import os

from node.domain.fingerprints import MaterialFingerprints
from node.errors import MediaError
from node.media.allowance import Allow
from node.media.containers import Container, container_of
from node.media.descriptors import not_read
from node.media.picture import fingerprint_picture
from node.media.sniff import HEAD, recognise
from node.media.video import fingerprint_video


def fingerprint_material(descriptor: int, allow: Allow) -> MaterialFingerprints:
    """Every fingerprint of an open file, which stays open. Raises `MediaError` with the reason for everything that is
    wrong with it.
    """
    container = _container(descriptor)
    if container is None:
        return fingerprint_picture(descriptor, allow)
    return fingerprint_video(descriptor, container, allow)


def _container(descriptor: int) -> Container | None:
    """The container of a file that is a video; None for all else, of which the picture's way says what is wrong."""
    try:
        head = os.pread(descriptor, HEAD, 0)
    except OSError as error:
        raise not_read(error) from None
    try:
        recognise(head)
    except MediaError:
        return container_of(head)
    return None
