"""Letters that look like a Latin one, in lower case: part of Unicode's list of confusables (UTS #39), in the scripts of
the names of member states.

Rules this module upholds:

- Data only. A pair is listed if a person who reads quickly can mistake one letter for the other.
"""

from __future__ import annotations

from typing import Final

ASCII: Final = str.maketrans({"l": "i", "1": "i", "0": "o"})
"""For plain letters and digits. Ids of members differ by these: AI and AL are two countries."""
LOOKALIKES: Final = str.maketrans({
    # Cyrillic
    "\u0430": "a", "\u0432": "b", "\u0435": "e", "\u0451": "e", "\u0437": "3", "\u0456": "i", "\u0457": "i",
    "\u0458": "j", "\u043a": "k", "\u043c": "m", "\u043d": "h", "\u043e": "o", "\u0440": "p", "\u0441": "c",
    "\u0442": "t", "\u0443": "y", "\u0445": "x", "\u0455": "s", "\u0501": "d", "\u051b": "q", "\u051d": "w",
    "\u04bb": "h", "\u04cf": "i", "\u0433": "r", "\u043f": "n", "\u044c": "b", "\u04af": "y", "\u04d5": "ae",
    # Greek
    "\u03b1": "a", "\u03b2": "b", "\u03b5": "e", "\u03b7": "n", "\u03b9": "i", "\u03ba": "k", "\u03bc": "u",
    "\u03bd": "v", "\u03bf": "o", "\u03c1": "p", "\u03c3": "o", "\u03c4": "t", "\u03c5": "u", "\u03c7": "x",
    "\u03c9": "w", "\u03b3": "y", "\u03b6": "z", "\u03f2": "c", "\u03f3": "j",
    # Latin
    "\u0131": "i", "\u0142": "i", "\u00f8": "o", "\u0111": "d", "\u0127": "h", "\u0167": "t",
    "\u0251": "a", "\u0261": "g", "\u0269": "i", "\u029f": "i", "\u1d0f": "o", "\u017f": "s",
    "\u00e6": "ae", "\u0153": "oe", "\u00df": "ss",
    # Armenian
    "\u0585": "o", "\u057d": "u", "\u0578": "n", "\u0570": "h", "\u0581": "g", "\u0566": "q",
    # Cherokee, whose case folding goes to the capitals
    "\u13aa": "a", "\u13df": "c", "\u13ac": "e", "\u13bb": "h", "\u13ab": "j", "\u13e6": "k", "\u13b7": "m",
    "\u13e2": "p", "\u13da": "s", "\u13a2": "t", "\u13d9": "v", "\u13c3": "z",
})  # fmt: skip
