"""Hypothesis strategies for the values that cross the border."""

from hypothesis import strategies as st

from node.domain.address_listings import AddressListing, Granularity
from node.domain.algorithms import VPDQ
from node.domain.calendar import LAST_DAY
from node.domain.consultations import Consultation, ConsultationStep
from node.domain.fingerprint_kinds import FRAME, KIND_BY_CODE, KINDS
from node.domain.fingerprints import Fingerprint
from node.domain.groups import Group, GroupStep
from node.domain.handling import CODES, Handling
from node.domain.ids import Origin, RecordId, federation_id, member_id
from node.domain.material import BACKGROUNDS
from node.domain.notices import Notice, NoticeColour, NoticeDecision, NoticeStep
from node.domain.orientations import ORIENTATIONS
from node.domain.queries import (
    SIGNED,
    Answer,
    Hit,
    Level,
    Look,
    MatchRule,
    QueryHeader,
    QueryPayload,
    SearchedKind,
    Subject,
)
from node.domain.record_links import Certainty, RecordLink, Relation
from node.domain.statements import (
    Category,
    Comment,
    Contribution,
    Cooperation,
    Opinion,
    Reason,
    Retraction,
    Statement,
    Tri,
    Verdict,
)
from node.domain.videos import Shares
from node.domain.watches import Watch, WatchReply, WatchState

members = st.from_regex(r"[A-Z][A-Z0-9-]{1,15}", fullmatch=True).map(member_id)
federations = st.from_regex(r"[a-z0-9][a-z0-9.-]{1,20}[a-z0-9]", fullmatch=True).map(federation_id)
origins = st.builds(Origin, federations, members, st.integers(1, 999_999_999), st.sampled_from(("log", "audit")))
hashes = st.binary(min_size=32, max_size=32)
record_ids = st.builds(RecordId, origins, hashes)
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
marks = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
times = st.integers(0, 1 << 53)
tris = st.sampled_from(Tri)
qualities = st.integers(-1, 100)
milliseconds = st.integers(0, 0xFFFFFFFF)
percents = st.integers(0, 100)


@st.composite
def fingerprints(draw: st.DrawFn) -> Fingerprint:
    """Of a known kind (seven in eight) or of one that this version does not know."""
    if draw(st.integers(0, 7)):
        kind = draw(st.sampled_from(KINDS))
        quality = draw(st.none() | qualities) if kind.has_quality else None
        return Fingerprint(
            code=kind.code,
            value=draw(st.binary(min_size=kind.size, max_size=kind.size)),
            quality=quality,
            at=draw(milliseconds) if kind is FRAME else None,
        )
    code = draw(st.integers(1, 0xFFFF).filter(lambda code: code not in KIND_BY_CODE))
    return Fingerprint(code=code, value=draw(st.binary(max_size=50)), quality=draw(st.none() | st.integers(-1, 9_999)))


def categories() -> st.SearchStrategy[Category]:
    return st.builds(Category, scheme=marks, version=marks, code=marks, baseline=tris)


def contributions() -> st.SearchStrategy[Contribution]:
    return st.builds(
        Contribution,
        fingerprints=st.lists(fingerprints(), max_size=6).map(tuple),
        media_type=words,
        category=st.none() | categories(),
        series=words,
        victim_identified=tris,
        offender_identified=tris,
        tags=st.lists(words, max_size=3).map(tuple),
        language=words,
        group=st.none() | record_ids,
    )


def statements() -> st.SearchStrategy[Statement]:
    return st.one_of(
        contributions(),
        st.builds(Retraction, reason=st.sampled_from(Reason)),
        st.builds(Opinion, verdict=st.sampled_from(Verdict), category=st.none() | categories(), note=words),
        st.builds(Comment, text=words, language=words),
        cooperation(),
    )


def handlings() -> st.SearchStrategy[Handling]:
    return st.builds(
        Handling,
        audience=st.none() | st.lists(members, max_size=4).map(tuple),
        purposes=st.lists(words, max_size=3).map(tuple),
        code=st.sampled_from(CODES),
        retain_until_day=st.integers(0, 0xFFFFFFFF),
    )


def headers() -> st.SearchStrategy[QueryHeader]:
    return st.builds(
        QueryHeader,
        query_id=st.binary(min_size=16, max_size=16),
        asker=members,
        recipients=st.lists(members, max_size=4).map(tuple),
        purpose=words,
        issued_at=times,
        expires_at=times,
        cost=st.integers(0, 0xFFFFFFFF),
    )


def payloads() -> st.SearchStrategy[QueryPayload]:
    subjects = st.builds(
        Subject,
        fingerprints=st.lists(fingerprints(), max_size=4).map(tuple),
        orientations=st.lists(hashes, max_size=8).map(tuple),
        trimmed=st.lists(hashes, max_size=8).map(tuple),
        looks=st.sampled_from([(), ("white",), ("black",), BACKGROUNDS]).flatmap(
            lambda some: st.tuples(
                *(
                    st.builds(
                        Look,
                        background=st.just(background),
                        orientations=st.lists(hashes, min_size=1, max_size=8).map(tuple),
                    )
                    for background in some
                )
            )
        ),
    )
    return st.builds(
        QueryPayload,
        subjects=st.lists(subjects, max_size=3).map(tuple),
        rule=st.sampled_from(MatchRule),
        officer_role=words,
        case_reference=words,
        legal_basis=words,
    )


def hits() -> st.SearchStrategy[Hit]:
    return st.builds(
        Hit,
        subject=st.integers(0, 0xFFFFFFFF),
        origin=words,
        algorithm=words | st.sampled_from(("pdq", FRAME.name, VPDQ)),
        level=st.sampled_from(Level),
        record=st.none() | record_ids,
        distance=st.none() | st.integers(0, 256),
        quality=st.none() | qualities,
        orientation=st.none() | st.sampled_from(ORIENTATIONS),
        category=st.none() | categories(),
        series=st.none() | words,
        weak=st.booleans(),
        trimmed=st.booleans(),
        look=st.sampled_from(["", *BACKGROUNDS]),
        shares=st.none()
        | st.builds(
            Shares,
            query_percent=percents,
            compared_percent=percents,
            moments=milliseconds,
            frames=milliseconds,
            radius=st.integers(0, 256),
        ),
        at=st.none() | milliseconds,
        subject_at=st.none() | milliseconds,
    )


def cooperation() -> st.SearchStrategy[Cooperation]:
    return st.one_of(
        _links(), _consultations(), _watches(), _replies(), _notices(), _decisions(), _listings(), _groups()
    )


def _some(values: st.SearchStrategy[RecordId], least: int, most: int) -> st.SearchStrategy[tuple[RecordId, ...]]:
    return st.lists(values, min_size=least, max_size=most, unique=True).map(tuple)


def _links() -> st.SearchStrategy[RecordLink]:
    return st.builds(
        RecordLink,
        relation=st.sampled_from(Relation),
        targets=_some(record_ids, 2, 4),
        certainty=st.sampled_from(Certainty),
        note=words,
        language=words,
        group=st.none() | record_ids,
    )


def _consultations() -> st.SearchStrategy[Consultation]:
    rest = {
        "text": words,
        "at": times,
        "language": words,
        "about": _some(record_ids, 0, 3),
        "query_id": st.just(b"") | st.binary(min_size=16, max_size=16),
        "after": _some(record_ids, 0, 3),
        "group": st.none() | record_ids,
    }
    later = st.sampled_from((ConsultationStep.REPLY, ConsultationStep.CLOSE))
    return st.builds(Consultation, step=st.just(ConsultationStep.OPEN), subject=marks, **rest) | st.builds(
        Consultation, step=later, thread=record_ids, **rest
    )


def _watches() -> st.SearchStrategy[Watch]:
    return (
        payloads()
        .filter(lambda payload: bool(payload.subjects))
        .map(
            lambda payload: Watch(
                subjects=payload.subjects,
                rule=payload.rule,
                officer_role=payload.officer_role,
                case_reference=payload.case_reference,
                legal_basis=payload.legal_basis,
            )
        )
    )


def _replies() -> st.SearchStrategy[WatchReply]:
    kinds = st.builds(SearchedKind, name=words, version=st.integers(0, 0xFFFFFFFF), searched=st.booleans())
    rest = {"watch": record_ids, "at": times, "reason": words, "kinds": st.lists(kinds, max_size=3).map(tuple)}
    other = st.sampled_from((WatchState.KEPT, WatchState.REFUSED, WatchState.ENDED))
    found = st.lists(hits(), min_size=1, max_size=3).map(tuple)
    return st.builds(WatchReply, state=other, **rest) | st.builds(
        WatchReply, state=st.just(WatchState.HIT), hits=found, **rest
    )


def _notices() -> st.SearchStrategy[Notice]:
    rest = {
        "reference": marks,
        "fingerprints": st.lists(fingerprints(), max_size=4).map(tuple),
        "since_day": st.integers(0, LAST_DAY),
    }
    return st.builds(
        Notice, colour=st.just(NoticeColour.YELLOW), consent_day=st.integers(1, LAST_DAY), **rest
    ) | st.builds(Notice, colour=st.just(NoticeColour.GREEN), consent_day=st.integers(0, LAST_DAY), **rest)


def _decisions() -> st.SearchStrategy[NoticeDecision]:
    rest = {"request": record_ids, "reason": words}
    other = st.sampled_from((NoticeStep.REFUSED, NoticeStep.WITHDRAWN))
    return st.builds(NoticeDecision, step=other, **rest) | st.builds(
        NoticeDecision,
        step=st.just(NoticeStep.PUBLISHED),
        nonce=hashes,
        body=st.binary(min_size=1, max_size=40),
        **rest,
    )


def _listings() -> st.SearchStrategy[AddressListing]:
    return st.builds(
        AddressListing,
        address=hashes,
        granularity=st.sampled_from(Granularity),
        evidence_day=st.integers(0, LAST_DAY),
    )


def _groups() -> st.SearchStrategy[Group]:
    later = st.sampled_from((GroupStep.ACCEPT, GroupStep.DECLINE, GroupStep.LEAVE, GroupStep.CLOSE))
    return st.builds(Group, step=st.just(GroupStep.FOUND), name=marks, purpose=words) | st.builds(
        Group, step=later, group=record_ids
    )


def answers() -> st.SearchStrategy[Answer]:
    kinds = st.builds(SearchedKind, name=words, version=st.integers(0, 0xFFFFFFFF), searched=st.booleans())
    digests = st.just(b"") | hashes
    return st.builds(
        Answer,
        query_id=st.binary(min_size=16, max_size=16),
        query_digest=hashes,
        answerer=members,
        outcome=st.sampled_from(sorted(SIGNED)),
        hits=st.lists(hits(), max_size=3).map(tuple),
        kinds=st.lists(kinds, max_size=3).map(tuple),
        scope=st.lists(st.tuples(st.sampled_from(Level), st.integers(0, (1 << 64) - 1)), max_size=3).map(tuple),
        cursors_digest=digests,
        policy_digest=digests,
        roster_version=st.integers(0, (1 << 64) - 1),
        reduced=st.booleans(),
        reason=words,
        at=times,
    )
