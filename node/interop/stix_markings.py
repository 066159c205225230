"""Markings of STIX objects: the TLP of what they mark (STIX 2.1, section 7.2; the TLP 2.0 extension of OASIS).

Rules this module upholds:

- Of two TLP markings the stricter counts, and one of a part of an object counts for the whole.
- A marking that is not in the bundle, or is neither TLP nor a statement, may say anything. It counts as TLP:RED, and
  the person is told.
- A statement is a text of its author and no word of handling: it stays in the words of the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from node.interop.misp_audience import handling_of

_KNOWN: Final = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "tlp:white",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "tlp:green",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "tlp:amber",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "tlp:red",
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": "tlp:clear",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "tlp:green",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": "tlp:amber",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": "tlp:amber+strict",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": "tlp:red",
}
"""The markings that each writer refers to without sending them."""
_STRICTEST: Final = "tlp:red"
UNKNOWN_MARKING: Final = "unknown-marking"
TLP_MARKINGS: Final = {
    word: name
    for name, word in _KNOWN.items()
    # Those of TLP 1.0 where there are two: STIX 2.1 itself defines them, so that each reader knows them.
    if word not in ("tlp:green", "tlp:amber", "tlp:red") or name in tuple(_KNOWN)[:4]
}
"""Word of handling -> the marking that is written for it."""


class Markings:
    """The markings of one bundle."""

    def __init__(self, objects: list[Any]) -> None:
        self._words: dict[str, str | None] = dict(_KNOWN)
        for each in objects:
            if isinstance(each, dict) and each.get("type") == "marking-definition" and isinstance(each.get("id"), str):
                self._words.setdefault(each["id"], _tlp(each))

    def handling(self, marked: Mapping[str, Any]) -> tuple[str, bool]:
        """(The words of handling of an object, "" for none; whether all of its markings are understood)."""
        words = [self._words.get(ref) if isinstance(ref, str) else None for ref in _references(marked)]
        return handling_of([_STRICTEST if word is None else word for word in words if word != ""])[0], None not in words


def _references(marked: Mapping[str, Any]) -> list[Any]:
    """The markings of an object and of its parts, as it names them; None for what is no name."""
    whole, parts = marked.get("object_marking_refs") or [], marked.get("granular_markings") or []
    refs = list(whole) if isinstance(whole, list) else [None]
    for each in parts if isinstance(parts, list) else [None]:
        # A part may be marked with its language instead.
        if not isinstance(each, dict) or "marking_ref" in each or "lang" not in each:
            refs.append(each.get("marking_ref") if isinstance(each, dict) else None)
    return refs


def _tlp(marking: Mapping[str, Any]) -> str | None:
    """The word of TLP that a marking is; "" for a statement, None for what is not understood."""
    definition = marking.get("definition")
    said = definition.get("tlp") if isinstance(definition, dict) else None
    if said is None:
        extensions = marking.get("extensions")
        inner = list(extensions.values()) if isinstance(extensions, dict) else []
        said = next((each["tlp_2_0"] for each in inner if isinstance(each, dict) and "tlp_2_0" in each), None)
    if said is None:
        name = marking.get("name")
        said = name[4:] if isinstance(name, str) and name.lower().startswith("tlp:") else None
    if said is None and isinstance(definition, dict) and "statement" in definition:
        return ""
    word = f"tlp:{said.lower()}" if isinstance(said, str) else ""
    return word if word in _KNOWN.values() else None
