"""What a case gives to the commands that work on it: its defaults, and whether it takes anything new.

Rules this module upholds:

- A closed case takes no new material and asks no new question. It is reopened first.
- What a person gives always wins over the defaults of the case.
- A case that was never opened has no defaults, and refuses nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.domain.case_files import CaseStatus, CaseWords
from node.domain.handling import PURPOSES
from node.errors import Misuse, NotFound, Refused

if TYPE_CHECKING:
    from node.domain.case_files import CaseFile, CaseReader
    from node.domain.wording import Terms
    from node.usecases.question import Question


def opened_case(tx: CaseReader, reference: str) -> CaseFile:
    """The file of a case. Raises `NotFound` if it was not opened."""
    case = tx.case_file(reference)
    if case is None:
        raise NotFound(
            f"the case {reference} was not opened on this node", remedy="vigil case open REF --title TITLE opens it"
        )
    return case


def require_not_closed(tx: CaseReader, reference: str, what: str) -> None:
    """Raises `Refused` if the case is closed. `what`: the refused act, such as "no new material is taken in"."""
    case = tx.case_file(reference) if reference else None
    if case is not None and case.status is CaseStatus.CLOSED:
        raise Refused(f"the case {reference} is closed: {what}", remedy=f"open it again: vigil case reopen {reference}")


def query_terms(tx: CaseReader, reference: str, purpose: str, legal_basis: str) -> tuple[str, str]:
    """(purpose, legal basis) of a new query about a case: those of the case where "" is given. Raises `Misuse` if there
    is no legal basis, `Refused` if the case is closed.
    """
    require_not_closed(tx, reference, "no new question is asked about it")
    case = tx.case_file(reference)
    words = case.words if case else CaseWords()
    basis = legal_basis.strip() or words.legal_basis
    if reference and not basis:
        raise Misuse(
            "a query needs --legal-basis: every member that is asked keeps it in its audit log",
            remedy="give it; or give the case one for all its queries: vigil case change REF --legal-basis TEXT",
        )
    return purpose or words.purpose or PURPOSES[0], basis


def with_defaults(tx: CaseReader, question: Question) -> Question:
    """The question with the defaults of its case (`query_terms`)."""
    purpose, basis = query_terms(tx, question.case, question.purpose, question.legal_basis)
    return replace(question, purpose=purpose, legal_basis=basis)


def handling_terms(tx: CaseReader, reference: str, terms: Terms) -> Terms:
    """The terms of a contribution of a case. If no purpose was given, the default purpose of the case is the only
    one for which the records may be used.
    """
    case = tx.case_file(reference) if reference else None
    if case is None or terms.purposes is not None or not case.words.purpose:
        return terms
    return replace(terms, purposes=(case.words.purpose,))
