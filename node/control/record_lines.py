"""Records and their states as lines.

Rules this module upholds:

- Those of `lines`. A statement has the same keys wherever it is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.control.cooperation_words import cooperation_words
from node.control.lines import (
    baseline_line,
    category_line,
    fingerprint_line,
    handling_line,
    statement_line,
    verification_line,
)
from node.domain.envelope import Kind
from node.domain.statements import Comment, Contribution, NotUnderstood, Opinion, Retraction, Sealed
from node.usecases.contribution import Stand
from node.usecases.publication import Publication
from node.usecases.recordlist import WAITS
from node.usecases.retraction import Fate

if TYPE_CHECKING:
    from node.control.runner import Line
    from node.domain.batch import BodyState
    from node.domain.ids import RecordId
    from node.domain.statements import Body
    from node.usecases import contribution, retraction
    from node.usecases.catalogue import Remark
    from node.usecases.publication import Settled
    from node.usecases.record_versions import Version
    from node.usecases.recordlist import Shown
    from node.usecases.selection import Fault

STATES: Final = {
    Stand.NEW: "would contribute",
    Stand.SHARED: "contributed",
    Stand.BEFORE: "contributed before",
    Stand.DIFFERS: "contributed before, and says otherwise",
    Stand.WITHDRAWN: "retracted before: name it itself (--holding) to share it again",
    Stand.NOTHING: "nothing that may be shared",
}
MALFORMED: Final = "malformed"
"""The state of a record whose body is stored but is not one that a correct program writes. It stays stored and has no
effect.
"""
_FATES: Final = {
    Fate.PLANNED: "would retract",
    Fate.RETRACTED: "retracted here",
    Fate.FORGOTTEN: "forgotten before it left",
    Fate.KEPT: "not retracted",
}
_RETRACTED: Final = {
    Publication.QUEUED: "retraction queued",
    Publication.SIGNED: "retraction signed",
    Publication.PUBLISHED: "retracted",
}


def record_line(shown: Shown, *, whole: bool) -> Line:
    """One record as a person reads it; `whole` adds its fingerprints, what others said about it, its history
    and who confirms or disputes it.
    """
    view = shown.view
    body = view.body
    contribution = body if isinstance(body, Contribution) else None
    said = statement_line(contribution)
    if isinstance(body, Opinion):
        said["category"] = category_line(body.category)
    if isinstance(body, Comment):
        said["language"] = body.language or None
    line: Line = {
        "record": str(view.record),
        "index": None if view.index == WAITS else view.index,
        "kind": _kind(view.kind),
        "state": MALFORMED if view.fault else _state(view.state),
        "publication": shown.publication,
        "issued_day": view.issued_day,
        "expiry_day": view.expiry_day or None,
        "open": view.open,
        "target": str(view.target) if view.target else None,
        "superseded": view.replaced,
        "newest": str(view.newest) if view.newest else None,
        "reason": view.reason or view.fault or None,
        "cases": list(shown.cases) if shown.publication else None,
        **said,
        "handling": handling_line(view.handling),
        "group": {"group": str(shown.group), "name": shown.group_name or None} if shown.group else None,
        "says": _says(body),
        "remarks": view.said,
        **verification_line(shown.verification),
    }
    line = baseline_line(line, contribution.category if contribution else None, shown.verification)
    if whole:
        line["fingerprints"] = [fingerprint_line(f) for f in contribution.fingerprints] if contribution else []
        line["remarks"] = [_remark_line(remark) for remark in view.remarks]
        line["versions"] = [_version_line(version) for version in shown.versions]
        known = shown.verification
        line["confirmed_by"] = list(known.confirmed) if known else None
        line["disputed_by"] = list(known.disputed) if known else None
    return line


def _remark_line(remark: Remark) -> Line:
    """What a member said about a record. "verdict" and "category": of an opinion; null for a comment."""
    opinion = remark.body if isinstance(remark.body, Opinion) else None
    return {
        "member": remark.speaker.member,
        "kind": Kind(remark.kind).name.lower(),
        "says": f"{MALFORMED}: {remark.fault}" if remark.fault else _says(remark.body),
        "verdict": opinion.verdict.name.lower() if opinion else None,
        "category": category_line(opinion.category) if opinion else None,
        "record": str(remark.record),
        "about": str(remark.about),
        "earlier_version": remark.earlier,
    }


def _version_line(version: Version) -> Line:
    return {
        "record": str(version.record),
        "kind": _kind(version.kind),
        "issued_day": version.issued_day,
        "state": _state(version.state),
    }


def _kind(kind: int) -> str:
    return Kind(kind).name.lower() if kind in Kind._value2member_map_ else "not understood"


def _state(state: BodyState) -> str:
    return state.name.lower().replace("_", "-")


def _says(body: Body | None) -> str | None:
    """A body in a few words."""
    if isinstance(body, Contribution):
        return f"{len(body.fingerprints)} fingerprints of {body.media_type or 'a thing'}"
    if isinstance(body, Opinion):
        return body.verdict.name.lower() + (f": {body.note}" if body.note else "")
    if isinstance(body, Comment):
        return body.text
    if isinstance(body, Sealed):
        return "sealed: this version cannot open it"
    if isinstance(body, NotUnderstood):
        return "of a later version: not understood"
    if isinstance(body, Retraction):
        return body.reason.name.lower()
    return None if body is None else cooperation_words(body)


def fault_line(fault: Fault) -> Line:
    """What is wrong with one line of a list."""
    return {"line": fault.row, "error": str(fault.error), "remedy": fault.error.remedy}


def contributed_line(planned: contribution.Planned) -> Line:
    """What a contribution does with one holding. `level`: of the holding before it; `category`: of its new record;
    `says`: what its record says, if that is something else.
    """
    said, handling = planned.said if planned.said and planned.differs else (None, None)
    return {
        "holding": planned.chosen.holding,
        "level": planned.level.spelled,
        "record": str(planned.record) if planned.record else None,
        "state": STATES[planned.stand],
        "category": str(planned.words.category) if planned.is_new and planned.words.category else None,
        "differs": list(planned.differs),
        "says": statement_line(said) | {"handling": handling_line(handling)} if said else None,
    }


def retracted_line(planned: retraction.Planned) -> Line:
    """The outcome for one record that is retracted."""
    return {
        "record": str(planned.record),
        "retraction": str(planned.retraction) if planned.retraction else None,
        "state": _FATES[planned.fate],
        "holdings": list(planned.holdings),
        "cases": list(planned.cases),
        "error": str(planned.error) if planned.error else None,
    }


def one_retracted_line(planned: retraction.Planned, settled: Settled) -> Line:
    """The same for a single named record, once the progress of its retraction is known."""
    line = retracted_line(planned)
    if planned.retraction is not None:
        line |= published_line(planned.retraction, settled)
        line["state"] = _RETRACTED[settled.states.get(planned.retraction, Publication.QUEUED)]
    return line


def published_line(record: RecordId, settled: Settled) -> Line:
    """How far one statement has come, and what stops it."""
    return {"publication": settled.states.get(record, Publication.QUEUED), "why": settled.why or None}


def settled_line(settled: Settled) -> Line:
    """How far many statements have come, counted, and what stops some of them."""
    return {state: settled.count(state) for state in Publication} | {"why": settled.why or None}
