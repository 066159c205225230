"""A fault that a form can mend: shown above the form, with what was typed still in it.

Rules this module upholds:

- A form is shown again only for a fault that another text can mend. Every other error has the page of all errors.
- A factor that has to be shown again is no fault of the form: its page asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.errors import FactorNeeded, Malformed, Misuse, NotFound, Refused

if TYPE_CHECKING:
    from node.desk.languages import Language
    from node.errors import VigilError

MENDABLE: Final = (Misuse, Malformed, Refused, NotFound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, and what to do, in the officer's language."""

    text: str
    remedy: str


def fault_of(language: Language, error: VigilError) -> Fault:
    """The fault of a form. Raises `FactorNeeded` again."""
    if isinstance(error, FactorNeeded):
        raise error
    return Fault(text=language.message(error), remedy=language.remedy(error))
