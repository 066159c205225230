"""Addresses that were made harmless for a report: `hxxp://www[.]example[.]org`.

Rules this module upholds:

- Only the scheme and the host show that an address is defanged. If they do, the whole text is restored; if not, nothing
  is changed, because a path may contain such brackets.
"""

from __future__ import annotations

import re
from typing import Final

_BRACKETED: Final = re.compile(r"[\[({](\.|dot|:|://|/)[\])}]", re.IGNORECASE)
_SCHEME: Final = re.compile(r"h(?:xx|\*\*)p(s?)(?=:|[\[({]:)", re.IGNORECASE)
_FRONT: Final = re.compile(r"(?:h(?:tt|xx|\*\*)ps?(?:[\[({]://[\])}]|[\[({]?:[\])}]?//))?[^/\\?#]*", re.IGNORECASE)
"""The scheme, if there is one, and the host."""


def restored(text: str) -> str:
    """`text` as it was before it was defanged."""
    front = _FRONT.match(text)
    scheme = _SCHEME.match(text)
    if scheme is None and (front is None or _BRACKETED.search(front[0]) is None):
        return text
    plain = _BRACKETED.sub(lambda found: "." if found[1].lower() == "dot" else found[1], text)
    return _SCHEME.sub(r"http\1", plain, count=1)
