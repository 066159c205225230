from __future__ import annotations

from node.desk.languages import Language


def word(language: Language, value: object) -> str:
    return str(value)
