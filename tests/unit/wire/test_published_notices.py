"""The fingerprints of a published notice, as the bulk path reads them out of the hub's decision."""

from __future__ import annotations

import pytest

from node.domain.envelope import Kind
from node.domain.ids import NONCE_SIZE, RecordId
from node.domain.notices import Notice, NoticeColour, NoticeDecision, NoticeStep
from node.wire.convert_bulk import decode_bodies
from node.wire.convert_statements import encode_body
from tests.simulator.federation import Speaker, picture

REQUEST = RecordId(Speaker.named("FR").origin, bytes(32))
NOTICE = Notice(
    colour=NoticeColour.YELLOW, reference="2026/1", fingerprints=picture(1).fingerprints, consent_day=20_000
)


def published(body: bytes) -> bytes:
    return encode_body(NoticeDecision(request=REQUEST, step=NoticeStep.PUBLISHED, nonce=bytes(NONCE_SIZE), body=body))


@pytest.mark.parametrize("kind", [Kind.NOTICE_DECISION, Kind.REVISION])
def test_a_published_notice_is_read_beside_the_records(kind: Kind) -> None:
    """In the rows of their entries, whatever else is in the run."""
    bodies = [encode_body(picture(2)), published(encode_body(NOTICE)), encode_body(picture(3))]
    kinds = bytes([Kind.CONTRIBUTION, kind, Kind.CONTRIBUTION])
    decoded = decode_bodies([4, 5, 6], kinds, bodies)
    assert decoded.understood == b"\1\1\1"
    found = {
        (each.code, bytes(value))
        for each in decoded.fingerprints.columns
        for row, value in zip(each.rows, each.values, strict=True)
        if row == 5
    }
    assert found == {(each.code, each.value) for each in NOTICE.fingerprints}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(published(b"\xff\xff"), id="bytes that are no body"),
        pytest.param(published(encode_body(picture(1))), id="a record in place of a notice"),
        pytest.param(b"\xff", id="no decision"),
        pytest.param(encode_body(NoticeDecision(request=REQUEST, step=NoticeStep.REFUSED)), id="a refusal"),
        pytest.param(encode_body(NOTICE), id="a notice that nobody published"),
    ],
)
def test_what_publishes_no_notice_has_no_fingerprints(body: bytes) -> None:
    decoded = decode_bodies([0, 1], bytes([Kind.NOTICE_DECISION, Kind.REVISION]), [body, body])
    assert decoded.fingerprints.columns == []
    assert decoded.understood == b"\0\0"
