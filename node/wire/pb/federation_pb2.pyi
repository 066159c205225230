from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Observed(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OBSERVED_UNSPECIFIED: _ClassVar[Observed]
    OBSERVED_OFFLINE: _ClassVar[Observed]
    OBSERVED_TIMEOUT: _ClassVar[Observed]
    OBSERVED_NOT_ASKED: _ClassVar[Observed]

class JoinState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOIN_STATE_UNSPECIFIED: _ClassVar[JoinState]
    JOIN_STATE_PENDING: _ClassVar[JoinState]
    JOIN_STATE_ADMITTED: _ClassVar[JoinState]
    JOIN_STATE_REFUSED: _ClassVar[JoinState]
OBSERVED_UNSPECIFIED: Observed
OBSERVED_OFFLINE: Observed
OBSERVED_TIMEOUT: Observed
OBSERVED_NOT_ASKED: Observed
JOIN_STATE_UNSPECIFIED: JoinState
JOIN_STATE_PENDING: JoinState
JOIN_STATE_ADMITTED: JoinState
JOIN_STATE_REFUSED: JoinState

class HeadsRequest(_message.Message):
    __slots__ = ("origins",)
    ORIGINS_FIELD_NUMBER: _ClassVar[int]
    origins: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, origins: _Optional[_Iterable[str]] = ...) -> None: ...

class HeadsResponse(_message.Message):
    __slots__ = ("heads",)
    HEADS_FIELD_NUMBER: _ClassVar[int]
    heads: _containers.RepeatedCompositeFieldContainer[Head]
    def __init__(self, heads: _Optional[_Iterable[_Union[Head, _Mapping]]] = ...) -> None: ...

class Head(_message.Message):
    __slots__ = ("origin", "size", "cosigned", "cosigned_size")
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    COSIGNED_FIELD_NUMBER: _ClassVar[int]
    COSIGNED_SIZE_FIELD_NUMBER: _ClassVar[int]
    origin: str
    size: int
    cosigned: bytes
    cosigned_size: int
    def __init__(self, origin: _Optional[str] = ..., size: _Optional[int] = ..., cosigned: _Optional[bytes] = ..., cosigned_size: _Optional[int] = ...) -> None: ...

class Package(_message.Message):
    __slots__ = ("origin", "start", "entries", "nonces", "bodies", "handling_nonces", "handlings", "checkpoint", "proof")
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NONCES_FIELD_NUMBER: _ClassVar[int]
    BODIES_FIELD_NUMBER: _ClassVar[int]
    HANDLING_NONCES_FIELD_NUMBER: _ClassVar[int]
    HANDLINGS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    origin: str
    start: int
    entries: _containers.RepeatedScalarFieldContainer[bytes]
    nonces: _containers.RepeatedScalarFieldContainer[bytes]
    bodies: _containers.RepeatedScalarFieldContainer[bytes]
    handling_nonces: _containers.RepeatedScalarFieldContainer[bytes]
    handlings: _containers.RepeatedScalarFieldContainer[bytes]
    checkpoint: bytes
    proof: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, origin: _Optional[str] = ..., start: _Optional[int] = ..., entries: _Optional[_Iterable[bytes]] = ..., nonces: _Optional[_Iterable[bytes]] = ..., bodies: _Optional[_Iterable[bytes]] = ..., handling_nonces: _Optional[_Iterable[bytes]] = ..., handlings: _Optional[_Iterable[bytes]] = ..., checkpoint: _Optional[bytes] = ..., proof: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Cursor(_message.Message):
    __slots__ = ("origin", "size")
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    origin: str
    size: int
    def __init__(self, origin: _Optional[str] = ..., size: _Optional[int] = ...) -> None: ...

class FollowRequest(_message.Message):
    __slots__ = ("cursors",)
    CURSORS_FIELD_NUMBER: _ClassVar[int]
    cursors: _containers.RepeatedCompositeFieldContainer[Cursor]
    def __init__(self, cursors: _Optional[_Iterable[_Union[Cursor, _Mapping]]] = ...) -> None: ...

class BodiesRequest(_message.Message):
    __slots__ = ("origin", "indices")
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    INDICES_FIELD_NUMBER: _ClassVar[int]
    origin: str
    indices: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, origin: _Optional[str] = ..., indices: _Optional[_Iterable[int]] = ...) -> None: ...

class BodiesResponse(_message.Message):
    __slots__ = ("indices", "nonces", "bodies", "handling_nonces", "handlings")
    INDICES_FIELD_NUMBER: _ClassVar[int]
    NONCES_FIELD_NUMBER: _ClassVar[int]
    BODIES_FIELD_NUMBER: _ClassVar[int]
    HANDLING_NONCES_FIELD_NUMBER: _ClassVar[int]
    HANDLINGS_FIELD_NUMBER: _ClassVar[int]
    indices: _containers.RepeatedScalarFieldContainer[int]
    nonces: _containers.RepeatedScalarFieldContainer[bytes]
    bodies: _containers.RepeatedScalarFieldContainer[bytes]
    handling_nonces: _containers.RepeatedScalarFieldContainer[bytes]
    handlings: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, indices: _Optional[_Iterable[int]] = ..., nonces: _Optional[_Iterable[bytes]] = ..., bodies: _Optional[_Iterable[bytes]] = ..., handling_nonces: _Optional[_Iterable[bytes]] = ..., handlings: _Optional[_Iterable[bytes]] = ...) -> None: ...

class SignedQuery(_message.Message):
    __slots__ = ("header", "payload", "signature")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    header: bytes
    payload: bytes
    signature: bytes
    def __init__(self, header: _Optional[bytes] = ..., payload: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class SignedAnswer(_message.Message):
    __slots__ = ("answerer", "answer", "signature")
    ANSWERER_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    answerer: str
    answer: bytes
    signature: bytes
    def __init__(self, answerer: _Optional[str] = ..., answer: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class AskRequest(_message.Message):
    __slots__ = ("query", "budget_seconds")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    BUDGET_SECONDS_FIELD_NUMBER: _ClassVar[int]
    query: SignedQuery
    budget_seconds: float
    def __init__(self, query: _Optional[_Union[SignedQuery, _Mapping]] = ..., budget_seconds: _Optional[float] = ...) -> None: ...

class RelayEvent(_message.Message):
    __slots__ = ("member", "observed", "answer", "query_id")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    QUERY_ID_FIELD_NUMBER: _ClassVar[int]
    member: str
    observed: Observed
    answer: SignedAnswer
    query_id: bytes
    def __init__(self, member: _Optional[str] = ..., observed: _Optional[_Union[Observed, str]] = ..., answer: _Optional[_Union[SignedAnswer, _Mapping]] = ..., query_id: _Optional[bytes] = ...) -> None: ...

class RelayEvents(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[RelayEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[RelayEvent, _Mapping]]] = ...) -> None: ...

class QueryDelivery(_message.Message):
    __slots__ = ("query", "remaining_seconds")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    REMAINING_SECONDS_FIELD_NUMBER: _ClassVar[int]
    query: SignedQuery
    remaining_seconds: float
    def __init__(self, query: _Optional[_Union[SignedQuery, _Mapping]] = ..., remaining_seconds: _Optional[float] = ...) -> None: ...

class GoingAway(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("query", "late", "going_away")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    GOING_AWAY_FIELD_NUMBER: _ClassVar[int]
    query: QueryDelivery
    late: RelayEvent
    going_away: GoingAway
    def __init__(self, query: _Optional[_Union[QueryDelivery, _Mapping]] = ..., late: _Optional[_Union[RelayEvent, _Mapping]] = ..., going_away: _Optional[_Union[GoingAway, _Mapping]] = ...) -> None: ...

class Reply(_message.Message):
    __slots__ = ("asker", "query_id", "answer", "held", "decided")
    ASKER_FIELD_NUMBER: _ClassVar[int]
    QUERY_ID_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    asker: str
    query_id: bytes
    answer: SignedAnswer
    held: bool
    decided: bool
    def __init__(self, asker: _Optional[str] = ..., query_id: _Optional[bytes] = ..., answer: _Optional[_Union[SignedAnswer, _Mapping]] = ..., held: _Optional[bool] = ..., decided: _Optional[bool] = ...) -> None: ...

class RenewRequest(_message.Message):
    __slots__ = ("csr",)
    CSR_FIELD_NUMBER: _ClassVar[int]
    csr: bytes
    def __init__(self, csr: _Optional[bytes] = ...) -> None: ...

class Certificates(_message.Message):
    __slots__ = ("chain",)
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    chain: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, chain: _Optional[_Iterable[bytes]] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RosterChange(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class KeyClaim(_message.Message):
    __slots__ = ("purpose", "vkey", "proof")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    VKEY_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    purpose: str
    vkey: str
    proof: bytes
    def __init__(self, purpose: _Optional[str] = ..., vkey: _Optional[str] = ..., proof: _Optional[bytes] = ...) -> None: ...

class JoinPetition(_message.Message):
    __slots__ = ("secret", "member", "name", "csr", "keys")
    SECRET_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CSR_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    secret: bytes
    member: str
    name: str
    csr: bytes
    keys: _containers.RepeatedCompositeFieldContainer[KeyClaim]
    def __init__(self, secret: _Optional[bytes] = ..., member: _Optional[str] = ..., name: _Optional[str] = ..., csr: _Optional[bytes] = ..., keys: _Optional[_Iterable[_Union[KeyClaim, _Mapping]]] = ...) -> None: ...

class JoinStatus(_message.Message):
    __slots__ = ("state", "chain")
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    state: JoinState
    chain: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, state: _Optional[_Union[JoinState, str]] = ..., chain: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ChallengeRequest(_message.Message):
    __slots__ = ("member",)
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    member: str
    def __init__(self, member: _Optional[str] = ...) -> None: ...

class ChallengeResponse(_message.Message):
    __slots__ = ("challenge",)
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    challenge: bytes
    def __init__(self, challenge: _Optional[bytes] = ...) -> None: ...

class RenewExpiredRequest(_message.Message):
    __slots__ = ("member", "csr", "challenge", "signature")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    CSR_FIELD_NUMBER: _ClassVar[int]
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    member: str
    csr: bytes
    challenge: bytes
    signature: bytes
    def __init__(self, member: _Optional[str] = ..., csr: _Optional[bytes] = ..., challenge: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class MetadataRequest(_message.Message):
    __slots__ = ("name", "limit", "secret", "member", "challenge", "signature")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    name: str
    limit: int
    secret: bytes
    member: str
    challenge: bytes
    signature: bytes
    def __init__(self, name: _Optional[str] = ..., limit: _Optional[int] = ..., secret: _Optional[bytes] = ..., member: _Optional[str] = ..., challenge: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class MetadataResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class Fault(_message.Message):
    __slots__ = ("kind", "message", "remedy", "have", "retry_after_seconds", "evidence", "faults", "said", "said_remedy")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    HAVE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_SECONDS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    SAID_FIELD_NUMBER: _ClassVar[int]
    SAID_REMEDY_FIELD_NUMBER: _ClassVar[int]
    kind: str
    message: str
    remedy: str
    have: int
    retry_after_seconds: float
    evidence: _containers.RepeatedScalarFieldContainer[bytes]
    faults: _containers.RepeatedScalarFieldContainer[str]
    said: Said
    said_remedy: Said
    def __init__(self, kind: _Optional[str] = ..., message: _Optional[str] = ..., remedy: _Optional[str] = ..., have: _Optional[int] = ..., retry_after_seconds: _Optional[float] = ..., evidence: _Optional[_Iterable[bytes]] = ..., faults: _Optional[_Iterable[str]] = ..., said: _Optional[_Union[Said, _Mapping]] = ..., said_remedy: _Optional[_Union[Said, _Mapping]] = ...) -> None: ...

class Said(_message.Message):
    __slots__ = ("code", "parameters")
    CODE_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    code: str
    parameters: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, code: _Optional[str] = ..., parameters: _Optional[_Iterable[str]] = ...) -> None: ...
