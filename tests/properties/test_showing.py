"""Whatever a value is, showing it raises nothing: a list must not end at one row."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from node.cli import queries, records, search_words, words
from node.cli.evidence import _verified_words
from node.cli.output import Output
from node.cli.search import HitWords
from node.cli.statement_words import handling_words
from node.control.lines import handling_line, hit_line, outcome_line, told_hit_line
from node.control.query_lines import refused_line
from node.control.record_lines import record_line
from node.domain.batch import BodyState
from node.domain.calendar import LAST_DAY, in_calendar, spell_day, spell_moment
from node.domain.envelope import Kind
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.held_questions import RefusedAnswer
from node.domain.ids import MemberId, Origin, RecordId, federation_id
from node.domain.queries import (
    SIGNED,
    Answer,
    Hit,
    Level,
    MemberOutcome,
    Outcome,
    SearchedKind,
    SignedAnswer,
)
from node.domain.statements import (
    Category,
    Comment,
    Contribution,
    NotUnderstood,
    Opinion,
    Reason,
    Retraction,
    Sealed,
    Tri,
    Verdict,
)
from node.domain.videos import Shares
from node.usecases.catalogue import RecordView, Remark
from node.usecases.publication import Publication
from node.usecases.recordlist import Shown
from node.usecases.standing import Standing

ORIGIN = Origin(federation_id("sim.example"), MemberId("JP"))
NUMBERS = st.integers(-(1 << 63), 1 << 64)
U32 = st.integers(0, (1 << 32) - 1)
TEXTS = st.text(max_size=30)
RECORDS = st.binary(min_size=32, max_size=32).map(lambda leaf: RecordId(ORIGIN, leaf))
CATEGORIES = st.builds(Category, scheme=TEXTS, version=TEXTS, code=TEXTS, baseline=st.sampled_from(Tri))
HANDLINGS = st.builds(
    Handling,
    audience=st.none() | st.lists(TEXTS.map(MemberId), max_size=3).map(tuple),
    purposes=st.lists(TEXTS, max_size=3).map(tuple),
    code=TEXTS,
    retain_until_day=NUMBERS,
    understood=st.booleans(),
)
FINGERPRINTS = st.builds(
    Fingerprint, code=st.integers(0, 1 << 16), value=st.binary(max_size=40), quality=st.none() | NUMBERS,
    at=st.none() | U32,
)  # fmt: skip
BODIES = st.one_of(
    st.none(),
    st.builds(
        Contribution,
        fingerprints=st.lists(FINGERPRINTS, max_size=7).map(tuple),
        media_type=TEXTS,
        category=st.none() | CATEGORIES,
        series=TEXTS,
        victim_identified=st.sampled_from(Tri),
        tags=st.lists(TEXTS, max_size=3).map(tuple),
        language=TEXTS,
    ),
    st.builds(Retraction, reason=st.sampled_from(Reason)),
    st.builds(Opinion, verdict=st.sampled_from(Verdict), category=st.none() | CATEGORIES, note=TEXTS),
    st.builds(Comment, text=TEXTS, language=TEXTS),
    st.builds(Sealed, scheme=NUMBERS, ciphertext=st.binary(max_size=5)),
    st.builds(NotUnderstood, min_reader=NUMBERS),
)
SHARES = st.builds(Shares, query_percent=U32, compared_percent=U32, moments=U32, frames=U32, radius=U32)
HITS = st.builds(
    Hit,
    subject=U32,
    origin=TEXTS,
    algorithm=TEXTS,
    level=st.sampled_from(Level),
    record=st.none() | RECORDS,
    distance=st.none() | NUMBERS,
    quality=st.none() | NUMBERS,
    orientation=st.none() | TEXTS,
    category=st.none() | CATEGORIES,
    series=st.none() | TEXTS,
    weak=st.booleans(),
    trimmed=st.booleans(),
    whole=st.booleans(),
    shares=st.none() | SHARES,
    at=st.none() | U32,
    subject_at=st.none() | U32,
    handling=st.none() | HANDLINGS,
)
KINDS = st.builds(SearchedKind, name=TEXTS, version=NUMBERS, searched=st.booleans())
ANSWERS = st.builds(
    Answer,
    query_id=st.binary(min_size=16, max_size=16),
    query_digest=st.binary(min_size=32, max_size=32),
    answerer=TEXTS.map(MemberId),
    outcome=st.sampled_from(sorted(SIGNED)),
    hits=st.lists(HITS, max_size=3).map(tuple),
    kinds=st.lists(KINDS, max_size=3).map(tuple),
    scope=st.lists(st.tuples(st.sampled_from(Level), NUMBERS), max_size=3).map(tuple),
    roster_version=NUMBERS,
    reduced=st.booleans(),
    reason=TEXTS,
    at=NUMBERS,
)
OUTCOMES = st.builds(
    MemberOutcome,
    member=TEXTS.map(MemberId),
    outcome=st.sampled_from(Outcome),
    answer=st.none() | ANSWERS,
    reason=TEXTS,
    late=st.booleans(),
    refused=st.booleans(),
)
VIEWS = st.builds(
    RecordView,
    record=RECORDS,
    index=NUMBERS,
    kind=st.integers(0, 255),
    state=st.sampled_from(BodyState),
    issued_day=NUMBERS,
    expiry_day=NUMBERS,
    open=st.booleans(),
    target=st.none() | RECORDS,
    body=BODIES,
    handling=st.none() | HANDLINGS,
    replaced=st.booleans(),
    newest=st.none() | RECORDS,
    reason=TEXTS,
    said=U32,
    remarks=st.lists(
        st.builds(
            Remark,
            record=RECORDS,
            kind=st.sampled_from([Kind.OPINION, Kind.COMMENT]),
            body=BODIES,
            about=RECORDS,
            earlier=st.booleans(),
            fault=TEXTS,
        ),
        max_size=2,
    ).map(tuple),
    fault=TEXTS,
)


def as_printed(line: dict[str, Any]) -> dict[str, Any]:
    """What the other end of the local socket has."""
    return json.loads(json.dumps(line))  # type: ignore[no-any-return]


@given(days=NUMBERS)
def test_every_count_of_days_is_spelled_and_a_date_as_one(days: int) -> None:
    assert ("outside" in spell_day(days)) != in_calendar(days)
    assert words.day_words(days)


@given(seconds=NUMBERS | st.floats())
def test_every_moment_is_spelled(seconds: float) -> None:
    assert spell_moment(seconds, "%Y-%m-%d %H:%M")
    assert words.moment(seconds)
    assert words.clock_time(seconds)


def test_the_calendar_ends_where_dates_end() -> None:
    assert spell_day(LAST_DAY) == "9999-12-31"
    assert spell_day(4_000_000_000) == "day 4000000000 (outside the calendar)"


@given(hit=HITS, labels=st.lists(TEXTS, max_size=2), standing=st.none() | st.sampled_from(Standing))
def test_every_hit_is_shown(hit: Hit, labels: list[str], standing: Standing | None) -> None:
    search_words.hit_words(as_printed(hit_line("a", hit)))
    told = as_printed(told_hit_line(labels, "JP", hit, standing))
    HitWords()(told)
    queries._Words()(told)


@given(outcome=OUTCOMES)
def test_every_outcome_is_shown(outcome: MemberOutcome) -> None:
    words.outcome_words(as_printed(outcome_line(bytes(16), outcome)))


@given(handling=HANDLINGS)
def test_every_handling_is_shown(handling: Handling) -> None:
    handling_words(as_printed(handling_line(handling) or {}))


@given(
    view=VIEWS, whole=st.booleans(), publication=st.none() | st.sampled_from(Publication), mine=st.booleans()
)  # fmt: skip
def test_every_record_is_shown(*, view: RecordView, whole: bool, publication: Publication | None, mine: bool) -> None:
    line = as_printed(record_line(Shown(view=view, publication=publication), whole=whole))
    output = Output(json=False)
    output.say = lambda words: None  # type: ignore[method-assign]
    records._row_words(line | {"remarks": 0}, mine=mine)
    if whole:
        records.print_record(output, line)
    assert (line["state"] == "malformed") == bool(view.fault)


@given(answer=st.binary(max_size=50), reason=TEXTS, at=NUMBERS)
def test_every_refused_answer_is_shown_without_what_it_says(answer: bytes, reason: str, at: int) -> None:
    signed = SignedAnswer(answerer=MemberId("JP"), answer=answer, signature=bytes(64))
    refused = RefusedAnswer(query_id=bytes(16), member=MemberId("JP"), answer=signed, reason=reason, late=False, at=at)
    queries._Words()(as_printed(refused_line(refused)))


@given(
    issued=NUMBERS, cosigned=NUMBERS, until=NUMBERS, status=TEXTS, value=TEXTS, index=NUMBERS,
    said=st.dictionaries(st.sampled_from(["category", "series", "language", "media_type"]), st.none()),
)  # fmt: skip
def test_every_proven_record_is_shown(  # noqa: PLR0917
    issued: int, cosigned: int, until: int, status: str, value: str, index: int, said: dict[str, None]
) -> None:
    line = {
        "record": value,
        "issued_day": issued,
        "member": value,
        "cosigned_at": cosigned,
        "former_hub_key": {"status": status, "until": until},
        "index": index,
        "size": index,
        "roster_version": index,
        "roster_expired": False,
        "root_fingerprint": value,
        "fingerprints": [{"algorithm": value, "value": value}],
        "tags": None,
        **said,
    }
    _verified_words(as_printed(line))
