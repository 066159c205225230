from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Tri(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRI_UNKNOWN: _ClassVar[Tri]
    TRI_YES: _ClassVar[Tri]
    TRI_NO: _ClassVar[Tri]

class RetractionReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RETRACTION_REASON_UNSTATED: _ClassVar[RetractionReason]
    RETRACTION_REASON_MISTAKE: _ClassVar[RetractionReason]
    RETRACTION_REASON_NOT_ILLEGAL: _ClassVar[RetractionReason]
    RETRACTION_REASON_LEGAL_ORDER: _ClassVar[RetractionReason]
    RETRACTION_REASON_VICTIM_REQUEST: _ClassVar[RetractionReason]
    RETRACTION_REASON_DUPLICATE: _ClassVar[RetractionReason]
    RETRACTION_REASON_EXPIRED: _ClassVar[RetractionReason]

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_CONFIRM: _ClassVar[Verdict]
    VERDICT_DISPUTE: _ClassVar[Verdict]

class Relation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELATION_UNSPECIFIED: _ClassVar[Relation]
    RELATION_SAME_VICTIM: _ClassVar[Relation]
    RELATION_SAME_OFFENDER: _ClassVar[Relation]
    RELATION_SAME_PLACE: _ClassVar[Relation]
    RELATION_SAME_SCENE: _ClassVar[Relation]
    RELATION_SAME_DEVICE: _ClassVar[Relation]
    RELATION_SAME_SERIES: _ClassVar[Relation]
    RELATION_COPY: _ClassVar[Relation]

class Certainty(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CERTAINTY_UNSPECIFIED: _ClassVar[Certainty]
    CERTAINTY_CERTAIN: _ClassVar[Certainty]
    CERTAINTY_PROBABLE: _ClassVar[Certainty]
    CERTAINTY_POSSIBLE: _ClassVar[Certainty]

class ConsultationStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSULTATION_STEP_UNSPECIFIED: _ClassVar[ConsultationStep]
    CONSULTATION_STEP_OPEN: _ClassVar[ConsultationStep]
    CONSULTATION_STEP_REPLY: _ClassVar[ConsultationStep]
    CONSULTATION_STEP_CLOSE: _ClassVar[ConsultationStep]

class WatchState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WATCH_STATE_UNSPECIFIED: _ClassVar[WatchState]
    WATCH_STATE_KEPT: _ClassVar[WatchState]
    WATCH_STATE_REFUSED: _ClassVar[WatchState]
    WATCH_STATE_ENDED: _ClassVar[WatchState]
    WATCH_STATE_HIT: _ClassVar[WatchState]
    WATCH_STATE_HELD: _ClassVar[WatchState]

class NoticeColour(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_COLOUR_UNSPECIFIED: _ClassVar[NoticeColour]
    NOTICE_COLOUR_YELLOW: _ClassVar[NoticeColour]
    NOTICE_COLOUR_GREEN: _ClassVar[NoticeColour]

class NoticeStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_STEP_UNSPECIFIED: _ClassVar[NoticeStep]
    NOTICE_STEP_PUBLISHED: _ClassVar[NoticeStep]
    NOTICE_STEP_REFUSED: _ClassVar[NoticeStep]
    NOTICE_STEP_WITHDRAWN: _ClassVar[NoticeStep]

class Granularity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GRANULARITY_UNSPECIFIED: _ClassVar[Granularity]
    GRANULARITY_DOMAIN: _ClassVar[Granularity]
    GRANULARITY_HOST: _ClassVar[Granularity]
    GRANULARITY_URL: _ClassVar[Granularity]

class GroupStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GROUP_STEP_UNSPECIFIED: _ClassVar[GroupStep]
    GROUP_STEP_FOUND: _ClassVar[GroupStep]
    GROUP_STEP_ACCEPT: _ClassVar[GroupStep]
    GROUP_STEP_DECLINE: _ClassVar[GroupStep]
    GROUP_STEP_LEAVE: _ClassVar[GroupStep]
    GROUP_STEP_CLOSE: _ClassVar[GroupStep]

class MatchRule(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MATCH_RULE_UNSPECIFIED: _ClassVar[MatchRule]
    MATCH_RULE_EXACT: _ClassVar[MatchRule]
    MATCH_RULE_POLICY: _ClassVar[MatchRule]

class Background(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BACKGROUND_UNSPECIFIED: _ClassVar[Background]
    BACKGROUND_WHITE: _ClassVar[Background]
    BACKGROUND_BLACK: _ClassVar[Background]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_HIT: _ClassVar[Outcome]
    OUTCOME_NO_HIT: _ClassVar[Outcome]
    OUTCOME_HELD: _ClassVar[Outcome]
    OUTCOME_REFUSED: _ClassVar[Outcome]
    OUTCOME_ERROR: _ClassVar[Outcome]

class Level(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEVEL_NATIONAL: _ClassVar[Level]
    LEVEL_HIT_NO_HIT: _ClassVar[Level]
    LEVEL_SHARED: _ClassVar[Level]
TRI_UNKNOWN: Tri
TRI_YES: Tri
TRI_NO: Tri
RETRACTION_REASON_UNSTATED: RetractionReason
RETRACTION_REASON_MISTAKE: RetractionReason
RETRACTION_REASON_NOT_ILLEGAL: RetractionReason
RETRACTION_REASON_LEGAL_ORDER: RetractionReason
RETRACTION_REASON_VICTIM_REQUEST: RetractionReason
RETRACTION_REASON_DUPLICATE: RetractionReason
RETRACTION_REASON_EXPIRED: RetractionReason
VERDICT_UNSPECIFIED: Verdict
VERDICT_CONFIRM: Verdict
VERDICT_DISPUTE: Verdict
RELATION_UNSPECIFIED: Relation
RELATION_SAME_VICTIM: Relation
RELATION_SAME_OFFENDER: Relation
RELATION_SAME_PLACE: Relation
RELATION_SAME_SCENE: Relation
RELATION_SAME_DEVICE: Relation
RELATION_SAME_SERIES: Relation
RELATION_COPY: Relation
CERTAINTY_UNSPECIFIED: Certainty
CERTAINTY_CERTAIN: Certainty
CERTAINTY_PROBABLE: Certainty
CERTAINTY_POSSIBLE: Certainty
CONSULTATION_STEP_UNSPECIFIED: ConsultationStep
CONSULTATION_STEP_OPEN: ConsultationStep
CONSULTATION_STEP_REPLY: ConsultationStep
CONSULTATION_STEP_CLOSE: ConsultationStep
WATCH_STATE_UNSPECIFIED: WatchState
WATCH_STATE_KEPT: WatchState
WATCH_STATE_REFUSED: WatchState
WATCH_STATE_ENDED: WatchState
WATCH_STATE_HIT: WatchState
WATCH_STATE_HELD: WatchState
NOTICE_COLOUR_UNSPECIFIED: NoticeColour
NOTICE_COLOUR_YELLOW: NoticeColour
NOTICE_COLOUR_GREEN: NoticeColour
NOTICE_STEP_UNSPECIFIED: NoticeStep
NOTICE_STEP_PUBLISHED: NoticeStep
NOTICE_STEP_REFUSED: NoticeStep
NOTICE_STEP_WITHDRAWN: NoticeStep
GRANULARITY_UNSPECIFIED: Granularity
GRANULARITY_DOMAIN: Granularity
GRANULARITY_HOST: Granularity
GRANULARITY_URL: Granularity
GROUP_STEP_UNSPECIFIED: GroupStep
GROUP_STEP_FOUND: GroupStep
GROUP_STEP_ACCEPT: GroupStep
GROUP_STEP_DECLINE: GroupStep
GROUP_STEP_LEAVE: GroupStep
GROUP_STEP_CLOSE: GroupStep
MATCH_RULE_UNSPECIFIED: MatchRule
MATCH_RULE_EXACT: MatchRule
MATCH_RULE_POLICY: MatchRule
BACKGROUND_UNSPECIFIED: Background
BACKGROUND_WHITE: Background
BACKGROUND_BLACK: Background
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_HIT: Outcome
OUTCOME_NO_HIT: Outcome
OUTCOME_HELD: Outcome
OUTCOME_REFUSED: Outcome
OUTCOME_ERROR: Outcome
LEVEL_NATIONAL: Level
LEVEL_HIT_NO_HIT: Level
LEVEL_SHARED: Level

class Body(_message.Message):
    __slots__ = ("min_reader", "plain", "sealed")
    MIN_READER_FIELD_NUMBER: _ClassVar[int]
    PLAIN_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    min_reader: int
    plain: Statement
    sealed: Sealed
    def __init__(self, min_reader: _Optional[int] = ..., plain: _Optional[_Union[Statement, _Mapping]] = ..., sealed: _Optional[_Union[Sealed, _Mapping]] = ...) -> None: ...

class Sealed(_message.Message):
    __slots__ = ("scheme", "ciphertext")
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXT_FIELD_NUMBER: _ClassVar[int]
    scheme: int
    ciphertext: bytes
    def __init__(self, scheme: _Optional[int] = ..., ciphertext: _Optional[bytes] = ...) -> None: ...

class Statement(_message.Message):
    __slots__ = ("contribution", "retraction", "opinion", "comment", "watch", "consultation", "notice", "address_listing", "group", "link", "watch_reply", "notice_decision")
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    RETRACTION_FIELD_NUMBER: _ClassVar[int]
    OPINION_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    WATCH_FIELD_NUMBER: _ClassVar[int]
    CONSULTATION_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_LISTING_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    WATCH_REPLY_FIELD_NUMBER: _ClassVar[int]
    NOTICE_DECISION_FIELD_NUMBER: _ClassVar[int]
    contribution: Contribution
    retraction: Retraction
    opinion: Opinion
    comment: Comment
    watch: Watch
    consultation: Consultation
    notice: Notice
    address_listing: AddressListing
    group: Group
    link: Link
    watch_reply: WatchReply
    notice_decision: NoticeDecision
    def __init__(self, contribution: _Optional[_Union[Contribution, _Mapping]] = ..., retraction: _Optional[_Union[Retraction, _Mapping]] = ..., opinion: _Optional[_Union[Opinion, _Mapping]] = ..., comment: _Optional[_Union[Comment, _Mapping]] = ..., watch: _Optional[_Union[Watch, _Mapping]] = ..., consultation: _Optional[_Union[Consultation, _Mapping]] = ..., notice: _Optional[_Union[Notice, _Mapping]] = ..., address_listing: _Optional[_Union[AddressListing, _Mapping]] = ..., group: _Optional[_Union[Group, _Mapping]] = ..., link: _Optional[_Union[Link, _Mapping]] = ..., watch_reply: _Optional[_Union[WatchReply, _Mapping]] = ..., notice_decision: _Optional[_Union[NoticeDecision, _Mapping]] = ...) -> None: ...

class Fingerprints(_message.Message):
    __slots__ = ("kind", "value", "quality", "at")
    KIND_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    kind: _containers.RepeatedScalarFieldContainer[int]
    value: _containers.RepeatedScalarFieldContainer[bytes]
    quality: _containers.RepeatedScalarFieldContainer[int]
    at: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, kind: _Optional[_Iterable[int]] = ..., value: _Optional[_Iterable[bytes]] = ..., quality: _Optional[_Iterable[int]] = ..., at: _Optional[_Iterable[int]] = ...) -> None: ...

class Category(_message.Message):
    __slots__ = ("scheme", "version", "code", "baseline")
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    scheme: str
    version: str
    code: str
    baseline: Tri
    def __init__(self, scheme: _Optional[str] = ..., version: _Optional[str] = ..., code: _Optional[str] = ..., baseline: _Optional[_Union[Tri, str]] = ...) -> None: ...

class Contribution(_message.Message):
    __slots__ = ("fingerprints", "media_type", "category", "series", "victim_identified", "offender_identified", "tags", "language", "group")
    FINGERPRINTS_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    VICTIM_IDENTIFIED_FIELD_NUMBER: _ClassVar[int]
    OFFENDER_IDENTIFIED_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    fingerprints: Fingerprints
    media_type: str
    category: Category
    series: str
    victim_identified: Tri
    offender_identified: Tri
    tags: _containers.RepeatedScalarFieldContainer[str]
    language: str
    group: RecordId
    def __init__(self, fingerprints: _Optional[_Union[Fingerprints, _Mapping]] = ..., media_type: _Optional[str] = ..., category: _Optional[_Union[Category, _Mapping]] = ..., series: _Optional[str] = ..., victim_identified: _Optional[_Union[Tri, str]] = ..., offender_identified: _Optional[_Union[Tri, str]] = ..., tags: _Optional[_Iterable[str]] = ..., language: _Optional[str] = ..., group: _Optional[_Union[RecordId, _Mapping]] = ...) -> None: ...

class Retraction(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: RetractionReason
    def __init__(self, reason: _Optional[_Union[RetractionReason, str]] = ...) -> None: ...

class Opinion(_message.Message):
    __slots__ = ("verdict", "category", "note")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    category: Category
    note: str
    def __init__(self, verdict: _Optional[_Union[Verdict, str]] = ..., category: _Optional[_Union[Category, _Mapping]] = ..., note: _Optional[str] = ...) -> None: ...

class Comment(_message.Message):
    __slots__ = ("text", "language")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    text: str
    language: str
    def __init__(self, text: _Optional[str] = ..., language: _Optional[str] = ...) -> None: ...

class RecordId(_message.Message):
    __slots__ = ("origin", "leaf")
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    LEAF_FIELD_NUMBER: _ClassVar[int]
    origin: str
    leaf: bytes
    def __init__(self, origin: _Optional[str] = ..., leaf: _Optional[bytes] = ...) -> None: ...

class Link(_message.Message):
    __slots__ = ("relation", "targets", "certainty", "note", "language", "group")
    RELATION_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    CERTAINTY_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    relation: Relation
    targets: _containers.RepeatedCompositeFieldContainer[RecordId]
    certainty: Certainty
    note: str
    language: str
    group: RecordId
    def __init__(self, relation: _Optional[_Union[Relation, str]] = ..., targets: _Optional[_Iterable[_Union[RecordId, _Mapping]]] = ..., certainty: _Optional[_Union[Certainty, str]] = ..., note: _Optional[str] = ..., language: _Optional[str] = ..., group: _Optional[_Union[RecordId, _Mapping]] = ...) -> None: ...

class Consultation(_message.Message):
    __slots__ = ("step", "thread", "subject", "text", "language", "about", "query_id", "after", "at", "group")
    STEP_FIELD_NUMBER: _ClassVar[int]
    THREAD_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    ABOUT_FIELD_NUMBER: _ClassVar[int]
    QUERY_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    step: ConsultationStep
    thread: RecordId
    subject: str
    text: str
    language: str
    about: _containers.RepeatedCompositeFieldContainer[RecordId]
    query_id: bytes
    after: _containers.RepeatedCompositeFieldContainer[RecordId]
    at: int
    group: RecordId
    def __init__(self, step: _Optional[_Union[ConsultationStep, str]] = ..., thread: _Optional[_Union[RecordId, _Mapping]] = ..., subject: _Optional[str] = ..., text: _Optional[str] = ..., language: _Optional[str] = ..., about: _Optional[_Iterable[_Union[RecordId, _Mapping]]] = ..., query_id: _Optional[bytes] = ..., after: _Optional[_Iterable[_Union[RecordId, _Mapping]]] = ..., at: _Optional[int] = ..., group: _Optional[_Union[RecordId, _Mapping]] = ...) -> None: ...

class Watch(_message.Message):
    __slots__ = ("subjects", "rule", "officer_role", "case_reference", "legal_basis")
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ROLE_FIELD_NUMBER: _ClassVar[int]
    CASE_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    subjects: _containers.RepeatedCompositeFieldContainer[Subject]
    rule: MatchRule
    officer_role: str
    case_reference: str
    legal_basis: str
    def __init__(self, subjects: _Optional[_Iterable[_Union[Subject, _Mapping]]] = ..., rule: _Optional[_Union[MatchRule, str]] = ..., officer_role: _Optional[str] = ..., case_reference: _Optional[str] = ..., legal_basis: _Optional[str] = ...) -> None: ...

class WatchReply(_message.Message):
    __slots__ = ("watch", "state", "hits", "kinds", "reason", "at")
    WATCH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    watch: RecordId
    state: WatchState
    hits: _containers.RepeatedCompositeFieldContainer[Hit]
    kinds: _containers.RepeatedCompositeFieldContainer[SearchedKind]
    reason: str
    at: int
    def __init__(self, watch: _Optional[_Union[RecordId, _Mapping]] = ..., state: _Optional[_Union[WatchState, str]] = ..., hits: _Optional[_Iterable[_Union[Hit, _Mapping]]] = ..., kinds: _Optional[_Iterable[_Union[SearchedKind, _Mapping]]] = ..., reason: _Optional[str] = ..., at: _Optional[int] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("colour", "reference", "fingerprints", "consent_day", "since_day")
    COLOUR_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINTS_FIELD_NUMBER: _ClassVar[int]
    CONSENT_DAY_FIELD_NUMBER: _ClassVar[int]
    SINCE_DAY_FIELD_NUMBER: _ClassVar[int]
    colour: NoticeColour
    reference: str
    fingerprints: Fingerprints
    consent_day: int
    since_day: int
    def __init__(self, colour: _Optional[_Union[NoticeColour, str]] = ..., reference: _Optional[str] = ..., fingerprints: _Optional[_Union[Fingerprints, _Mapping]] = ..., consent_day: _Optional[int] = ..., since_day: _Optional[int] = ...) -> None: ...

class NoticeDecision(_message.Message):
    __slots__ = ("request", "step", "reason", "nonce", "body")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    request: RecordId
    step: NoticeStep
    reason: str
    nonce: bytes
    body: bytes
    def __init__(self, request: _Optional[_Union[RecordId, _Mapping]] = ..., step: _Optional[_Union[NoticeStep, str]] = ..., reason: _Optional[str] = ..., nonce: _Optional[bytes] = ..., body: _Optional[bytes] = ...) -> None: ...

class AddressListing(_message.Message):
    __slots__ = ("address", "granularity", "evidence_day")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_DAY_FIELD_NUMBER: _ClassVar[int]
    address: bytes
    granularity: Granularity
    evidence_day: int
    def __init__(self, address: _Optional[bytes] = ..., granularity: _Optional[_Union[Granularity, str]] = ..., evidence_day: _Optional[int] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ("step", "group", "name", "purpose")
    STEP_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    step: GroupStep
    group: RecordId
    name: str
    purpose: str
    def __init__(self, step: _Optional[_Union[GroupStep, str]] = ..., group: _Optional[_Union[RecordId, _Mapping]] = ..., name: _Optional[str] = ..., purpose: _Optional[str] = ...) -> None: ...

class Handling(_message.Message):
    __slots__ = ("min_reader", "everyone", "audience", "purposes", "code", "retain_until_day")
    MIN_READER_FIELD_NUMBER: _ClassVar[int]
    EVERYONE_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    RETAIN_UNTIL_DAY_FIELD_NUMBER: _ClassVar[int]
    min_reader: int
    everyone: bool
    audience: _containers.RepeatedScalarFieldContainer[str]
    purposes: _containers.RepeatedScalarFieldContainer[str]
    code: str
    retain_until_day: int
    def __init__(self, min_reader: _Optional[int] = ..., everyone: _Optional[bool] = ..., audience: _Optional[_Iterable[str]] = ..., purposes: _Optional[_Iterable[str]] = ..., code: _Optional[str] = ..., retain_until_day: _Optional[int] = ...) -> None: ...

class QueryHeader(_message.Message):
    __slots__ = ("min_reader", "query_id", "asker", "recipients", "purpose", "issued_at", "expires_at", "cost")
    MIN_READER_FIELD_NUMBER: _ClassVar[int]
    QUERY_ID_FIELD_NUMBER: _ClassVar[int]
    ASKER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENTS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    min_reader: int
    query_id: bytes
    asker: str
    recipients: _containers.RepeatedScalarFieldContainer[str]
    purpose: str
    issued_at: int
    expires_at: int
    cost: int
    def __init__(self, min_reader: _Optional[int] = ..., query_id: _Optional[bytes] = ..., asker: _Optional[str] = ..., recipients: _Optional[_Iterable[str]] = ..., purpose: _Optional[str] = ..., issued_at: _Optional[int] = ..., expires_at: _Optional[int] = ..., cost: _Optional[int] = ...) -> None: ...

class QueryPayload(_message.Message):
    __slots__ = ("min_reader", "plain", "sealed")
    MIN_READER_FIELD_NUMBER: _ClassVar[int]
    PLAIN_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    min_reader: int
    plain: Question
    sealed: Sealed
    def __init__(self, min_reader: _Optional[int] = ..., plain: _Optional[_Union[Question, _Mapping]] = ..., sealed: _Optional[_Union[Sealed, _Mapping]] = ...) -> None: ...

class Question(_message.Message):
    __slots__ = ("subjects", "rule", "officer_role", "case_reference", "legal_basis")
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    OFFICER_ROLE_FIELD_NUMBER: _ClassVar[int]
    CASE_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    subjects: _containers.RepeatedCompositeFieldContainer[Subject]
    rule: MatchRule
    officer_role: str
    case_reference: str
    legal_basis: str
    def __init__(self, subjects: _Optional[_Iterable[_Union[Subject, _Mapping]]] = ..., rule: _Optional[_Union[MatchRule, str]] = ..., officer_role: _Optional[str] = ..., case_reference: _Optional[str] = ..., legal_basis: _Optional[str] = ...) -> None: ...

class Subject(_message.Message):
    __slots__ = ("fingerprints", "orientations", "trimmed_orientations", "looks")
    FINGERPRINTS_FIELD_NUMBER: _ClassVar[int]
    ORIENTATIONS_FIELD_NUMBER: _ClassVar[int]
    TRIMMED_ORIENTATIONS_FIELD_NUMBER: _ClassVar[int]
    LOOKS_FIELD_NUMBER: _ClassVar[int]
    fingerprints: Fingerprints
    orientations: _containers.RepeatedScalarFieldContainer[bytes]
    trimmed_orientations: _containers.RepeatedScalarFieldContainer[bytes]
    looks: _containers.RepeatedCompositeFieldContainer[Look]
    def __init__(self, fingerprints: _Optional[_Union[Fingerprints, _Mapping]] = ..., orientations: _Optional[_Iterable[bytes]] = ..., trimmed_orientations: _Optional[_Iterable[bytes]] = ..., looks: _Optional[_Iterable[_Union[Look, _Mapping]]] = ...) -> None: ...

class Look(_message.Message):
    __slots__ = ("background", "orientations")
    BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    ORIENTATIONS_FIELD_NUMBER: _ClassVar[int]
    background: Background
    orientations: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, background: _Optional[_Union[Background, str]] = ..., orientations: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Shares(_message.Message):
    __slots__ = ("query_percent", "compared_percent", "moments", "frames", "radius")
    QUERY_PERCENT_FIELD_NUMBER: _ClassVar[int]
    COMPARED_PERCENT_FIELD_NUMBER: _ClassVar[int]
    MOMENTS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    RADIUS_FIELD_NUMBER: _ClassVar[int]
    query_percent: int
    compared_percent: int
    moments: int
    frames: int
    radius: int
    def __init__(self, query_percent: _Optional[int] = ..., compared_percent: _Optional[int] = ..., moments: _Optional[int] = ..., frames: _Optional[int] = ..., radius: _Optional[int] = ...) -> None: ...

class Hit(_message.Message):
    __slots__ = ("subject", "origin", "algorithm", "level", "record", "distance", "quality", "orientation", "category", "series", "weak", "trimmed", "shares", "at", "subject_at", "frame", "whole", "look")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    ORIENTATION_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    WEAK_FIELD_NUMBER: _ClassVar[int]
    TRIMMED_FIELD_NUMBER: _ClassVar[int]
    SHARES_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_AT_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FIELD_NUMBER: _ClassVar[int]
    LOOK_FIELD_NUMBER: _ClassVar[int]
    subject: int
    origin: str
    algorithm: str
    level: Level
    record: RecordId
    distance: int
    quality: int
    orientation: int
    category: Category
    series: str
    weak: bool
    trimmed: bool
    shares: Shares
    at: int
    subject_at: int
    frame: bool
    whole: bool
    look: Background
    def __init__(self, subject: _Optional[int] = ..., origin: _Optional[str] = ..., algorithm: _Optional[str] = ..., level: _Optional[_Union[Level, str]] = ..., record: _Optional[_Union[RecordId, _Mapping]] = ..., distance: _Optional[int] = ..., quality: _Optional[int] = ..., orientation: _Optional[int] = ..., category: _Optional[_Union[Category, _Mapping]] = ..., series: _Optional[str] = ..., weak: _Optional[bool] = ..., trimmed: _Optional[bool] = ..., shares: _Optional[_Union[Shares, _Mapping]] = ..., at: _Optional[int] = ..., subject_at: _Optional[int] = ..., frame: _Optional[bool] = ..., whole: _Optional[bool] = ..., look: _Optional[_Union[Background, str]] = ...) -> None: ...

class SearchedKind(_message.Message):
    __slots__ = ("name", "version", "searched")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SEARCHED_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    searched: bool
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., searched: _Optional[bool] = ...) -> None: ...

class Scope(_message.Message):
    __slots__ = ("level", "holdings")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    HOLDINGS_FIELD_NUMBER: _ClassVar[int]
    level: Level
    holdings: int
    def __init__(self, level: _Optional[_Union[Level, str]] = ..., holdings: _Optional[int] = ...) -> None: ...

class Answer(_message.Message):
    __slots__ = ("min_reader", "query_id", "query_digest", "answerer", "outcome", "hits", "kinds", "scope", "cursors_digest", "policy_digest", "roster_version", "reduced", "reason", "at", "padding")
    MIN_READER_FIELD_NUMBER: _ClassVar[int]
    QUERY_ID_FIELD_NUMBER: _ClassVar[int]
    QUERY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ANSWERER_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    CURSORS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    POLICY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ROSTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    REDUCED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    min_reader: int
    query_id: bytes
    query_digest: bytes
    answerer: str
    outcome: Outcome
    hits: _containers.RepeatedCompositeFieldContainer[Hit]
    kinds: _containers.RepeatedCompositeFieldContainer[SearchedKind]
    scope: _containers.RepeatedCompositeFieldContainer[Scope]
    cursors_digest: bytes
    policy_digest: bytes
    roster_version: int
    reduced: bool
    reason: str
    at: int
    padding: bytes
    def __init__(self, min_reader: _Optional[int] = ..., query_id: _Optional[bytes] = ..., query_digest: _Optional[bytes] = ..., answerer: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., hits: _Optional[_Iterable[_Union[Hit, _Mapping]]] = ..., kinds: _Optional[_Iterable[_Union[SearchedKind, _Mapping]]] = ..., scope: _Optional[_Iterable[_Union[Scope, _Mapping]]] = ..., cursors_digest: _Optional[bytes] = ..., policy_digest: _Optional[bytes] = ..., roster_version: _Optional[int] = ..., reduced: _Optional[bool] = ..., reason: _Optional[str] = ..., at: _Optional[int] = ..., padding: _Optional[bytes] = ...) -> None: ...
