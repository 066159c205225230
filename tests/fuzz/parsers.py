"""Every parser of untrusted bytes, with documents of its kind to begin from.

Rules this module upholds:

- A parser takes bytes. What it may raise is said: `PeerFault` for what comes from others, `Misuse` for what a person
  gives to a command.
- Seeds are documents that the parser reads; `test_parsers` holds that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from google.protobuf.message import Message
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from node.cli.hashlist import read_hashes
from node.cli.manifest import read_manifest
from node.domain import envelope, fingerprints, ids, material
from node.domain.batch import Package
from node.domain.envelope import Disclosure, Kind
from node.domain.parts import Role
from node.domain.queries import LogView, Outcome, RelayEvent, SignedAnswer, SignedQuery
from node.domain.services import Delivery, Head, JoinStatus, Reply
from node.domain.token import parse_token
from node.errors import Misuse, PeerFault, VigilError
from node.media import replies
from node.media.course import Course
from node.media.subject_replies import Begun, Done
from node.pki import ca, courier, documents, metadata
from node.pki.keys import KeyRing
from node.tlog import checkpoint, note, proof
from node.usecases.bundle_format import (
    MAGIC,
    Frame,
    FrameReader,
    LogHead,
    frame,
    log_frame,
    read_log_head,
    read_roster_file,
    roster_frames,
)
from node.wire import checks, status
from node.wire import convert_enrolment as enrolment
from node.wire import convert_federation as federation
from node.wire.convert import ProtoCodec
from node.wire.pb import federation_pb2 as pb
from tests.unit.pki.example_documents import CASES
from tests.unit.pki.example_token import TEXT as TOKEN
from tests.unit.pki.federation import FEDERATION, FR, petition_of
from tests.unit.tlog.example_proof import EXAMPLE
from tests.unit.tlog.keys import HUB_VKEY, LOG_VKEY
from tests.unit.wire import golden_values as golden

_CODEC = ProtoCodec()
_RING = KeyRing.for_member(FEDERATION, FR)
_DISCLOSURE = Disclosure(nonce=bytes(32), body=b"body", handling_nonce=bytes(32), handling=b"handling")
_QUERY = SignedQuery(
    header=_CODEC.encode_header(golden.HEADER), payload=_CODEC.encode_payload(golden.PAYLOAD), signature=bytes(64)
)
_ANSWER = SignedAnswer(answerer=golden.BR, answer=_CODEC.encode_answer(golden.ANSWER), signature=bytes(64))
_EVENT = RelayEvent(member=golden.BR, answer=_ANSWER, query_id=bytes(16))
_OFFLINE = RelayEvent(member=golden.JP, outcome=Outcome.OFFLINE, query_id=bytes(16))
_PACKAGE = Package(
    origin=golden.ORIGIN,
    start=3,
    entries=[envelope.encode(golden.PLAIN_ENVELOPE), envelope.encode(golden.TARGETED_ENVELOPE)],
    nonces=[bytes(32), b""],
    bodies=[_CODEC.encode_body(golden.CONTRIBUTION), b""],
    handling_nonces=[bytes(32), b""],
    handlings=[_CODEC.encode_handling(golden.HANDLING), b""],
    checkpoint=b"checkpoint",
    proof=[bytes(32)],
)
_DIGESTS = material.DigestFingerprints(
    media_type="application/zip", size=7, md5=bytes(16), sha1=bytes(20), sha256=bytes(32), note="why"
)
_LINES = tuple(
    replies.write_reply(said)
    for said in (
        Begun(digests=_DIGESTS, holds=True),
        replies.MoreTime(seconds=5),
        replies.Costly(cost=7, most=9),
        _DIGESTS,
        Begun(digests=_DIGESTS, holds=True, index=2, role=Role.ATTACHMENT, name="a name"),
        _DIGESTS,
        Begun(digests=_DIGESTS, holds=False, index=0, role=Role.PICTURE),
        _DIGESTS,
        Done(note="not looked at: the rest"),
        Done(),
        replies.Spent(short=False),
        Done(),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """`read` raises `fault` or gives a value, and nothing else."""

    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    fault: type[VigilError] = PeerFault


def _message(kind: type[Message], convert: Callable[[Any], object], *values: Message) -> Parser:
    return Parser(
        read=lambda data: convert(checks.parse(kind, data, "a message")),
        seeds=tuple(value.SerializeToString() for value in values),
    )


def _text(parse: Callable[[str], object], *seeds: str, fault: type[VigilError] = PeerFault) -> Parser:
    """Of a text that comes as text: by another message, or from a person."""
    return Parser(
        read=lambda data: parse(data.decode("utf-8", "replace")), seeds=tuple(map(str.encode, seeds)), fault=fault
    )


def _of_kind(kind: Kind, *bodies: Any) -> Parser:
    return Parser(read=partial(_CODEC.decode_body, kind), seeds=tuple(map(_CODEC.encode_body, bodies)))


def _by_file(read: Callable[[Path], object], data: bytes) -> object:
    with TemporaryDirectory(prefix="vigil-fuzz-") as folder:
        path = Path(folder) / "given"
        path.write_bytes(data)
        return read(path)


def _fault(data: bytes) -> object:
    return status.from_fault(checks.parse(pb.Fault, data, "a fault"))


def _bulk(data: bytes) -> object:
    """The bulk path gives for any body what the slow path gives, and raises nothing."""
    return _CODEC.decode_bodies(range(9), bytes([Kind.CONTRIBUTION]) * 9, [data] * 9)


def _bundle(data: bytes) -> object:
    """The parts of a bundle of records, as far as they are read before anything is verified."""
    reader, found = FrameReader(), list[object]()
    for kind, content in reader.feed(data):
        if kind is Frame.LOG:
            found.append(read_log_head(content).tree())
        elif kind is Frame.ROSTER_FILE:
            found.append(read_roster_file(content))
        elif kind is Frame.PACKAGE:
            found.append(federation.decode_package(content))
    reader.end()
    return found


def _a_bundle() -> bytes:
    head = log_frame(LogHead(origin=golden.ORIGIN, start=3, edge=(bytes(range(96)),)))
    package = frame(Frame.PACKAGE, federation.encode_package(_PACKAGE))
    return b"".join([MAGIC, *roster_frames({"1.root.json": b"{}"}), head, package, frame(Frame.END, b"")])


def _envelope(data: bytes) -> object:
    found = envelope.decode(data)
    if found is not None and envelope.encode(found) != data:
        raise AssertionError("an entry was read that is not what would be written")
    return found


def _lines(data: bytes) -> object:
    """What a worker says of a file and its parts, in order."""
    course = Course(path=Path("file"))
    for line in data.splitlines(keepends=True):
        match replies.read_reply(line):
            case Begun() as begun:
                course.begin(begun)
            case Done() as done:
                course.finish(done.note)
            case material.DigestFingerprints() as result:
                course.settle(result)
            case _:
                pass
    return course.at, list(course.ready)


def _faults() -> tuple[bytes, ...]:
    made = (
        pb.Fault(kind="conflict", message="elsewhere", have=7),
        pb.Fault(kind="overloaded", message="later", retry_after_seconds=3.5),
        pb.Fault(kind="fork", message="two", evidence=[b"a", b"b"]),
    )
    return tuple(each.SerializeToString() for each in made)


def _tuf(role: Any) -> Callable[[bytes], object]:
    return lambda data: metadata.parse(data, role, "the roster")


def _tuf_seeds(role: Any) -> tuple[bytes, ...]:
    from tuf.api.metadata import Metadata

    return (Metadata(role()).to_bytes(),)


PARSERS: Mapping[str, Parser] = {
    # what is signed
    "contribution": _of_kind(Kind.CONTRIBUTION, golden.CONTRIBUTION, golden.VIDEO),
    "retraction": _of_kind(Kind.RETRACTION, golden.RETRACTION),
    "opinion": _of_kind(Kind.OPINION, golden.OPINION),
    "comment": _of_kind(Kind.COMMENT, golden.COMMENT),
    "bodies": Parser(read=_bulk, seeds=tuple(map(_CODEC.encode_body, (golden.CONTRIBUTION, golden.VIDEO)))),
    "handling": Parser(read=_CODEC.decode_handling, seeds=(_CODEC.encode_handling(golden.HANDLING),)),
    "header": Parser(read=_CODEC.decode_header, seeds=(_QUERY.header,)),
    "payload": Parser(
        read=_CODEC.decode_payload, seeds=tuple(map(_CODEC.encode_payload, (golden.PAYLOAD, golden.VIDEO_PAYLOAD)))
    ),
    "answer": Parser(
        read=_CODEC.decode_answer, seeds=tuple(map(_CODEC.encode_answer, (golden.ANSWER, golden.VIDEO_ANSWER)))
    ),
    "entry": Parser(read=_envelope, seeds=tuple(_PACKAGE.entries)),
    # how it travels
    "head": _message(
        pb.Head,
        federation.head_from_pb,
        federation.head_to_pb(Head(origin=golden.ORIGIN, size=5, cosigned=b"note", cosigned_size=5)),
    ),
    "cursors": _message(
        pb.FollowRequest,
        federation.cursors_from_pb,
        federation.cursors_to_pb([LogView(origin=golden.ORIGIN, size=5)]),
    ),
    "package": _message(pb.Package, federation.package_from_pb, federation.package_to_pb(_PACKAGE)),
    "bundle of records": Parser(read=_bundle, seeds=(_a_bundle(),)),
    "disclosures": _message(
        pb.BodiesResponse,
        federation.disclosures_from_pb,
        federation.disclosures_to_pb({1: _DISCLOSURE, 7: _DISCLOSURE}),
    ),
    "ask": _message(pb.AskRequest, federation.ask_from_pb, federation.ask_to_pb(_QUERY, 5.0)),
    "events": _message(pb.RelayEvents, federation.events_from_pb, federation.events_to_pb([_EVENT, _OFFLINE])),
    "delivery": _message(
        pb.Delivery,
        federation.delivery_from_pb,
        federation.delivery_to_pb(Delivery(query=_QUERY, remaining=4.5)),
        federation.delivery_to_pb(Delivery(late=_EVENT)),
    ),
    "reply": _message(
        pb.Reply,
        federation.reply_from_pb,
        federation.reply_to_pb(Reply(asker=golden.FR, query_id=bytes(16), answer=_ANSWER)),
    ),
    "join status": _message(
        pb.JoinStatus,
        enrolment.join_status_from_pb,
        enrolment.join_status_to_pb(JoinStatus(state="admitted", certificates=(b"one", b"two"))),
    ),
    "fault": Parser(read=_fault, seeds=_faults()),
    # who may speak
    "roster": Parser(
        read=documents.decode_membership, seeds=(CASES["roster"][0], CASES["roster of a hub that changed"][0])
    ),
    "policy": Parser(read=documents.decode_policy, seeds=(CASES["policy"][0],)),
    "suspended": Parser(read=documents.decode_suspended, seeds=(CASES["suspended"][0],)),
    "signing request": Parser(read=courier.decode_request, seeds=(CASES["request"][0],)),
    "bundle": Parser(read=courier.decode_bundle, seeds=(CASES["bundle"][0],)),
    "certificate request": Parser(read=ca.check_request, seeds=(petition_of(_RING).csr,)),
    "root": Parser(read=_tuf(Root), seeds=_tuf_seeds(Root)),
    "targets": Parser(read=_tuf(Targets), seeds=_tuf_seeds(Targets)),
    "snapshot": Parser(read=_tuf(Snapshot), seeds=_tuf_seeds(Snapshot)),
    "timestamp": Parser(read=_tuf(Timestamp), seeds=_tuf_seeds(Timestamp)),
    "token": _text(parse_token, TOKEN),
    "member": _text(ids.member_id, "FR"),
    "origin": _text(ids.Origin.parse, "vigil.example/FR/log/1"),
    "name in a certificate": _text(ids.parse_spiffe_id, "spiffe://vigil.example/member/FR"),
    # notes and proofs
    "note": Parser(read=note.parse, seeds=(EXAMPLE.partition("\n\n")[2].encode(),)),
    "verifier key": _text(note.parse_vkey, note.format_vkey(LOG_VKEY), note.format_vkey(HUB_VKEY)),
    "checkpoint": _text(checkpoint.parse_text, "\n".join(EXAMPLE.split("\n")[9:12]) + "\n"),
    "proof": Parser(read=proof.parse, seeds=(EXAMPLE.encode(),)),
    "extra of a proof": Parser(
        read=proof.decode_extra,
        seeds=(proof.encode_extra(b"entry", bytes(32), b"body"),),
    ),
    # what a worker says that has read hostile files
    "line of a worker": Parser(read=replies.read_reply, seeds=_LINES),
    "lines of a worker": Parser(read=_lines, seeds=(b"".join(_LINES),)),
    # what a person gives
    "fingerprint": _text(fingerprints.parse, "pdq:" + "ab" * 32, "sha256:" + "cd" * 32, fault=Misuse),
    "list of hashes": Parser(
        read=partial(_by_file, lambda path: list(read_hashes(path))),
        seeds=tuple(
            text.encode(coding)
            for text, coding in (
                (f"# a list\nsha256:{'cd' * 32}\n\npdq:{'ab' * 32}\r\n", "utf-8"),
                (f"{'ab' * 16}  boat.jpg\n\\{'cd' * 32} *a\\nb\n", "utf-16"),
                (f"MD5 (boat.jpg) = {'ab' * 16}\rSHA2-256(b)= {'cd' * 32}\r", "utf-8-sig"),
                (f"%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n1,{'ab' * 16},{'cd' * 32},a,b\n", "utf-8"),
                (f'Name;MD5;PDQ;Quality\n"a\nb";{"ab" * 16};{"cd" * 32};77\n', "utf-8"),
                (f"{'ab' * 20}  a\nb\0{'cd' * 20}  c\0", "utf-8"),
            )
        ),
        fault=Misuse,
    ),
    "manifest": Parser(
        read=partial(_by_file, read_manifest),
        seeds=(f'sha256,category,tags\n{"cd" * 32},uk-caid:1:A,"boat;quay"\n'.encode(),),
        fault=Misuse,
    ),
}
