"""The statements of cooperation (links, consultations, watches, notices, listings, groups), to and from protobuf.

Rules this module upholds:

- As `node.wire.convert`: reading raises only `Malformed`, and accepts what an honest writer emits.
- What a statement cannot be is refused here, so that no reader has to ask again: a link of one record, a reply without
  a thread, a yellow notice without a consent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from node.domain.address_listings import AddressListing, Granularity
from node.domain.calendar import LAST_DAY
from node.domain.consultations import MOST_ABOUT, MOST_AFTER, Consultation, ConsultationStep
from node.domain.groups import Group, GroupStep
from node.domain.ids import HASH_SIZE, NONCE_SIZE, QUERY_ID_SIZE, RecordId
from node.domain.notices import Notice, NoticeColour, NoticeDecision, NoticeStep
from node.domain.record_links import FEWEST_TARGETS, MOST_TARGETS, Certainty, RecordLink, Relation
from node.domain.statements import MAX_TEXT
from node.domain.watches import MOST_HITS, MOST_SUBJECTS, Watch, WatchReply, WatchState
from node.errors import Malformed
from node.wire import checks
from node.wire.convert_hits import hit_from_pb, hit_to_pb, kind_to_pb, kinds_from_pb
from node.wire.convert_records import fingerprints_from_pb, fingerprints_to_pb, record_id_from_pb, record_id_to_pb
from node.wire.convert_subjects import question_from_pb, question_to_pb
from node.wire.pb import record_pb2 as pb


def _records(messages: Sequence[pb.RecordId], most: int, what: str) -> tuple[RecordId, ...]:
    if not messages:
        return ()
    checks.at_most(len(messages), most, what)
    found = tuple(map(record_id_from_pb, messages))
    if len(found) > 1 and len(set(found)) != len(found):
        raise Malformed(f"{what} are each named once")
    return found


def _records_to_pb(records: Iterable[RecordId]) -> list[pb.RecordId]:
    return [record_id_to_pb(each) for each in records]


def _day(value: int, what: str) -> int:
    if value > LAST_DAY:
        raise Malformed(f"{what} is not a date")
    return value


# --- links and groups -------------------------------------------------------------------------------------------------


def link_from_pb(message: pb.Link) -> RecordLink:
    """Raises `Malformed`."""
    targets = _records(message.targets, MOST_TARGETS, "the targets of a link")
    if len(targets) < FEWEST_TARGETS:
        raise Malformed(f"a link has at least {FEWEST_TARGETS} targets")
    return RecordLink(
        relation=checks.enum(Relation, message.relation, "a relation"),
        targets=targets,
        certainty=checks.enum(Certainty, message.certainty, "a certainty"),
        note=checks.text(message.note, "a note", MAX_TEXT),
        language=checks.text(message.language, "a language"),
        group=record_id_from_pb(message.group) if message.HasField("group") else None,
    )


def link_to_pb(link: RecordLink) -> pb.Link:
    """The other way."""
    return pb.Link(
        relation=checks.number(link.relation),
        targets=_records_to_pb(link.targets),
        certainty=checks.number(link.certainty),
        note=link.note,
        language=link.language,
        group=record_id_to_pb(link.group) if link.group else None,
    )


def group_from_pb(message: pb.Group) -> Group:
    """Raises `Malformed`."""
    step = checks.enum(GroupStep, message.step, "a step of a group")
    if (step is GroupStep.FOUND) == message.HasField("group") or (step is GroupStep.FOUND) != bool(message.name):
        raise Malformed("a statement about a group either founds it and names it, or says which group it is about")
    if message.purpose and step is not GroupStep.FOUND:
        raise Malformed("the purpose of a group is in the statement that founds it")
    return Group(
        step=step,
        group=record_id_from_pb(message.group) if message.HasField("group") else None,
        name=checks.text(message.name, "the name of a group"),
        purpose=checks.text(message.purpose, "the purpose of a group", MAX_TEXT),
    )


def group_to_pb(group: Group) -> pb.Group:
    """The other way."""
    return pb.Group(
        step=checks.number(group.step),
        group=record_id_to_pb(group.group) if group.group else None,
        name=group.name,
        purpose=group.purpose,
    )


# --- consultations ----------------------------------------------------------------------------------------------------


def consultation_from_pb(message: pb.Consultation) -> Consultation:
    """Raises `Malformed`."""
    step = checks.enum(ConsultationStep, message.step, "a step of a consultation")
    opens = step is ConsultationStep.OPEN
    if opens == message.HasField("thread") or opens != bool(message.subject):
        raise Malformed("a message either opens a thread and states its subject, or names the thread it belongs to")
    return Consultation(
        step=step,
        thread=record_id_from_pb(message.thread) if message.HasField("thread") else None,
        subject=checks.text(message.subject, "a subject", checks.MAX_PHRASE),
        text=checks.text(message.text, "a message", MAX_TEXT),
        language=checks.text(message.language, "a language"),
        about=_records(message.about, MOST_ABOUT, "what a message is about"),
        query_id=checks.size(message.query_id, "a query id", 0, QUERY_ID_SIZE),
        after=_records(message.after, MOST_AFTER, "the messages before one"),
        at=checks.time(message.at, "a statement's time"),
        group=record_id_from_pb(message.group) if message.HasField("group") else None,
    )


def consultation_to_pb(message: Consultation) -> pb.Consultation:
    """The other way."""
    return pb.Consultation(
        step=checks.number(message.step),
        thread=record_id_to_pb(message.thread) if message.thread else None,
        subject=message.subject,
        text=message.text,
        language=message.language,
        about=_records_to_pb(message.about),
        query_id=message.query_id,
        after=_records_to_pb(message.after),
        at=message.at,
        group=record_id_to_pb(message.group) if message.group else None,
    )


# --- watches ----------------------------------------------------------------------------------------------------------


def watch_from_pb(message: pb.Watch) -> Watch:
    """Raises `Malformed`."""
    if not message.subjects:
        raise Malformed("a watch has at least one subject")
    checks.at_most(len(message.subjects), MOST_SUBJECTS, "the subjects of a watch")
    return question_from_pb(Watch, message)


def watch_to_pb(watch: Watch) -> pb.Watch:
    """The other way."""
    return question_to_pb(pb.Watch, watch)


def watch_reply_from_pb(message: pb.WatchReply) -> WatchReply:
    """Raises `Malformed`."""
    if not message.HasField("watch"):
        raise Malformed("a reply to a watch does not name it")
    state = checks.enum(WatchState, message.state, "the state of a watch")
    if bool(message.hits) != (state is WatchState.HIT):
        raise Malformed("a reply to a watch has hits if, and only if, it says so")
    checks.at_most(len(message.hits), MOST_HITS, "hits")
    return WatchReply(
        watch=record_id_from_pb(message.watch),
        state=state,
        hits=tuple(map(hit_from_pb, message.hits)),
        kinds=kinds_from_pb(message.kinds),
        reason=checks.text(message.reason, "a reason", MAX_TEXT),
        at=checks.time(message.at, "a statement's time"),
    )


def watch_reply_to_pb(reply: WatchReply) -> pb.WatchReply:
    """The other way."""
    return pb.WatchReply(
        watch=record_id_to_pb(reply.watch),
        state=checks.number(reply.state),
        hits=map(hit_to_pb, reply.hits),
        kinds=map(kind_to_pb, reply.kinds),
        reason=reply.reason,
        at=reply.at,
    )


# --- notices and listings ---------------------------------------------------------------------------------------------


def notice_from_pb(message: pb.Notice) -> Notice:
    """Raises `Malformed`."""
    colour = checks.enum(NoticeColour, message.colour, "the colour of a notice")
    if colour is NoticeColour.YELLOW and not message.consent_day:
        raise Malformed("a yellow notice states the day on which consent was recorded")
    if not message.reference:
        raise Malformed("a notice has a reference")
    return Notice(
        colour=colour,
        reference=checks.text(message.reference, "the reference of a notice"),
        fingerprints=fingerprints_from_pb(message.fingerprints),
        consent_day=_day(message.consent_day, "the day of the consent"),
        since_day=_day(message.since_day, "the first day of a notice"),
    )


def notice_to_pb(notice: Notice) -> pb.Notice:
    """The other way."""
    return pb.Notice(
        colour=checks.number(notice.colour),
        reference=notice.reference,
        fingerprints=fingerprints_to_pb(notice.fingerprints),
        consent_day=notice.consent_day,
        since_day=notice.since_day,
    )


def decision_from_pb(message: pb.NoticeDecision) -> NoticeDecision:
    """Raises `Malformed`."""
    if not message.HasField("request"):
        raise Malformed("a decision on a notice does not name the request")
    step = checks.enum(NoticeStep, message.step, "a step of a notice")
    published = step is NoticeStep.PUBLISHED
    if published != bool(message.body) or published != bool(message.nonce):
        raise Malformed("a decision has the bytes of its request if, and only if, it publishes them")
    return NoticeDecision(
        request=record_id_from_pb(message.request),
        step=step,
        reason=checks.text(message.reason, "a reason", MAX_TEXT),
        nonce=checks.size(message.nonce, "a nonce", 0, NONCE_SIZE),
        body=message.body,
    )


def decision_to_pb(decision: NoticeDecision) -> pb.NoticeDecision:
    """The other way."""
    return pb.NoticeDecision(
        request=record_id_to_pb(decision.request),
        step=checks.number(decision.step),
        reason=decision.reason,
        nonce=decision.nonce,
        body=decision.body,
    )


def listing_from_pb(message: pb.AddressListing) -> AddressListing:
    """Raises `Malformed`."""
    return AddressListing(
        address=checks.size(message.address, "the hash of an address", HASH_SIZE),
        granularity=checks.enum(Granularity, message.granularity, "a granularity"),
        evidence_day=_day(message.evidence_day, "the day of the evidence"),
    )


def listing_to_pb(listing: AddressListing) -> pb.AddressListing:
    """The other way."""
    return pb.AddressListing(
        address=listing.address, granularity=checks.number(listing.granularity), evidence_day=listing.evidence_day
    )
