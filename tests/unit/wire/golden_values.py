"""One value of everything that is signed or committed to. test_golden.py has the bytes that they have to be."""

from dataclasses import replace

from node.domain.address_listings import AddressListing, Granularity
from node.domain.consultations import Consultation, ConsultationStep
from node.domain.envelope import Envelope, Kind
from node.domain.fingerprint_kinds import FRAME, MD5, PDQ, PHASH, SHA1, SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.groups import Group, GroupStep
from node.domain.handling import Handling
from node.domain.ids import FederationId, MemberId, Origin, RecordId
from node.domain.notices import Notice, NoticeColour, NoticeDecision, NoticeStep
from node.domain.queries import (
    Answer,
    Hit,
    Level,
    MatchRule,
    Outcome,
    QueryHeader,
    QueryPayload,
    SearchedKind,
    Subject,
)
from node.domain.record_links import Certainty, RecordLink, Relation
from node.domain.statements import Category, Comment, Contribution, Opinion, Reason, Retraction, Tri, Verdict
from node.domain.videos import Shares
from node.domain.watches import Watch, WatchReply, WatchState

FEDERATION = FederationId("example.org")
FR, BR, JP = MemberId("FR"), MemberId("BR"), MemberId("JP")
ORIGIN = Origin(FEDERATION, FR)
NONCE = bytes(range(32))
HANDLING_NONCE = bytes(range(32, 64))

CATEGORY = Category(scheme="icse", version="1", code="2", baseline=Tri.YES)
FINGERPRINTS = (
    Fingerprint(code=MD5.code, value=b"\x11" * 16),
    Fingerprint(code=SHA1.code, value=b"\x22" * 20),
    Fingerprint(code=SHA256.code, value=b"\x33" * 32),
    Fingerprint(code=PDQ.code, value=b"\x44" * 32, quality=97),
    Fingerprint(code=PHASH.code, value=b"\x55" * 8),
)
CONTRIBUTION = Contribution(
    fingerprints=FINGERPRINTS,
    media_type="image/jpeg",
    category=CATEGORY,
    series="harbour",
    victim_identified=Tri.NO,
    offender_identified=Tri.UNKNOWN,
    tags=("boat", "quay"),
    language="fr",
)
VIDEO = Contribution(
    fingerprints=(
        *FINGERPRINTS[:3],
        Fingerprint(code=FRAME.code, value=b"\x44" * 32, quality=97, at=0),
        Fingerprint(code=FRAME.code, value=b"\x77" * 32, quality=50, at=1_001),
    ),
    media_type="video/mp4",
)
RETRACTION = Retraction(reason=Reason.VICTIM_REQUEST)
OPINION = Opinion(verdict=Verdict.DISPUTE, category=CATEGORY, note="another scale")
COMMENT = Comment(text="the mast is new", language="en")
HANDLING = Handling(
    audience=(BR, JP), purposes=("victim-identification", "training"), code="2", retain_until_day=21_000
)
HEADER = QueryHeader(
    query_id=b"\x66" * 16,
    asker=FR,
    recipients=(BR, JP),
    purpose="victim-identification",
    issued_at=1_700_000_000,
    expires_at=1_700_000_030,
    cost=9,
)
PAYLOAD = QueryPayload(
    subjects=(Subject(fingerprints=FINGERPRINTS[3:4], orientations=(b"\x44" * 32, b"\x77" * 32)),),
    rule=MatchRule.POLICY,
    officer_role="analyst",
    case_reference="2024-17",
    legal_basis="CPP 77-1-1",
)
ANSWER = Answer(
    query_id=b"\x66" * 16,
    query_digest=b"\x88" * 32,
    answerer=BR,
    outcome=Outcome.HIT,
    hits=(
        Hit(subject=0, origin="BR", algorithm="pdq", level=Level.HIT_NO_HIT),
        Hit(
            subject=0,
            origin=str(ORIGIN),
            algorithm="md5",
            level=Level.SHARED,
            record=RecordId(ORIGIN, b"\x99" * 32),
            distance=0,
            quality=97,
            orientation="rotate90",
            category=CATEGORY,
            series="harbour",
            weak=True,
        ),
    ),
    kinds=(
        SearchedKind(name="pdq", version=1, searched=True),
        SearchedKind(name="photodna", version=0, searched=False),
    ),
    scope=((Level.HIT_NO_HIT, 12), (Level.SHARED, 340)),
    cursors_digest=b"\xaa" * 32,
    policy_digest=b"\xbb" * 32,
    roster_version=7,
    reduced=True,
    reason="",
    at=1_700_000_002,
)
VIDEO_PAYLOAD = replace(PAYLOAD, subjects=(Subject(fingerprints=VIDEO.fingerprints[2:]),))
VIDEO_ANSWER = replace(
    ANSWER,
    hits=(
        Hit(subject=0, origin="BR", algorithm="vpdq-frame", level=Level.HIT_NO_HIT),
        Hit(
            subject=0,
            origin=str(ORIGIN),
            algorithm="vpdq",
            level=Level.SHARED,
            record=RecordId(ORIGIN, b"\x99" * 32),
            distance=4,
            quality=97,
            shares=Shares(query_percent=100, compared_percent=87, moments=20, frames=23, radius=31),
            at=3_000,
            subject_at=1_000,
        ),
    ),
)
PLAIN_ENVELOPE = Envelope(
    kind=Kind.CONTRIBUTION,
    issued_day=19_675,
    open=False,
    expiry_day=21_000,
    target=None,
    handling_commitment=b"\xcc" * 32,
    commitment=b"\xdd" * 32,
)
TARGETED_ENVELOPE = Envelope(
    kind=Kind.RETRACTION,
    issued_day=19_675,
    open=True,
    expiry_day=0,
    target=RecordId(ORIGIN, b"\x99" * 32),
    handling_commitment=b"\xcc" * 32,
    commitment=b"\xdd" * 32,
)

OWN, OTHER = RecordId(ORIGIN, b"\x99" * 32), RecordId(Origin(FEDERATION, BR, 2), b"\xaa" * 32)
LINK = RecordLink(
    relation=Relation.SAME_SCENE,
    targets=(OWN, OTHER),
    certainty=Certainty.PROBABLE,
    note="the same quay",
    language="en",
    group=OTHER,
)
OPENING = Consultation(
    step=ConsultationStep.OPEN,
    subject="the harbour series",
    text="whose boat is it?",
    language="en",
    about=(OWN,),
    query_id=b"\x66" * 16,
    at=1_700_000_000,
)
REPLY = Consultation(
    step=ConsultationStep.REPLY, thread=OWN, text="ours", after=(OWN, OTHER), at=1_700_000_060, group=OTHER
)
WATCH = Watch(
    subjects=PAYLOAD.subjects,
    rule=MatchRule.POLICY,
    officer_role="analyst",
    case_reference="2024-17",
    legal_basis="CPP 77-1-1",
)
WATCH_REPLY = WatchReply(
    watch=OTHER,
    state=WatchState.HIT,
    hits=(Hit(subject=0, origin="FR", algorithm="pdq", level=Level.HIT_NO_HIT),),
    kinds=(SearchedKind(name="pdq", version=1, searched=True),),
    at=1_700_000_090,
)
NOTICE = Notice(
    colour=NoticeColour.YELLOW,
    reference="Y-2024/1",
    fingerprints=FINGERPRINTS[3:],
    consent_day=19_700,
    since_day=19_600,
)
PUBLISHED = NoticeDecision(request=OWN, step=NoticeStep.PUBLISHED, nonce=NONCE, body=b"\x08\x01")
DECLINED = NoticeDecision(request=OWN, step=NoticeStep.REFUSED, reason="no consent")
LISTING = AddressListing(address=b"\xbb" * 32, granularity=Granularity.HOST, evidence_day=19_675)
FOUNDED = Group(step=GroupStep.FOUND, name="VIDTF 9", purpose="a joint search")
ACCEPTED = Group(step=GroupStep.ACCEPT, group=OTHER)
GROUPED = replace(CONTRIBUTION, group=OTHER)
