"""Scripts of Unicode in one label of a host name: which mixtures a person must confirm.

Rules this module upholds:

- A finding is a doubt, never a change: the canonical form of an address does not depend on it.
- The rule is "Highly Restrictive" of UTS #39, section 5.2: one script, or Latin together with the scripts that
  Japanese, Korean or Chinese are written in. The script of a letter is taken from its Unicode name.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from node.domain.lookalikes import LOOKALIKES

LATIN: Final = "LATIN"
_WRITTEN_TOGETHER: Final = (
    frozenset({LATIN, "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({LATIN, "CJK", "HANGUL"}),
    frozenset({LATIN, "CJK", "BOPOMOFO"}),
)
_NO_SCRIPT: Final = frozenset({"KATAKANA-HIRAGANA", "MODIFIER"})
"""First words of the names of letters that belong to several scripts."""
_SAME: Final = {"IDEOGRAPHIC": "CJK"}


def scripts(label: str) -> frozenset[str]:
    """The scripts of the letters of `label`, by the first word of their Unicode names."""
    letters = (each for each in label if unicodedata.category(each).startswith("L"))
    words = {unicodedata.name(each, "UNKNOWN").split()[0] for each in letters}
    return frozenset(_SAME.get(word, word) for word in words - _NO_SCRIPT)


def is_mixed(label: str) -> bool:
    """Whether `label` has letters of scripts that no language mixes."""
    found = scripts(label)
    return len(found) > 1 and not any(found <= together for together in _WRITTEN_TOGETHER)


def looks_latin(label: str) -> bool:
    """Whether every letter of `label` is of another script and looks like a Latin letter."""
    found = scripts(label)
    return bool(found) and LATIN not in found and label.translate(LOOKALIKES).isascii()
