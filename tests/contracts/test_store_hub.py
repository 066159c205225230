"""What every store of a hub owes petitions, invitations, certificates, mail, promises and the switchboard."""

from __future__ import annotations

import pytest

from node.domain.hub_ports import Invitation, IssuedCertificate, JoinRequest
from node.domain.ids import MemberId
from node.domain.queries import SignedAnswer
from node.domain.stores import HubStore
from node.errors import Misuse, NotFound

FR, JP, BR = MemberId("FR"), MemberId("JP"), MemberId("BR")
QUERY = b"q" * 16


def answer(member: MemberId, text: bytes = b"answer") -> SignedAnswer:
    return SignedAnswer(answerer=member, answer=text, signature=b"s" * 64)


def test_an_invitation_is_used_once_and_not_past_its_end(hub_store: HubStore) -> None:
    fresh = Invitation(secret_sha256=b"f" * 32, member=JP, expires_at=1_000)
    stale = Invitation(secret_sha256=b"s" * 32, member=BR, expires_at=500)
    with hub_store.write() as writer:
        writer.put_invitation(fresh)
        writer.put_invitation(stale)
        assert not writer.use_invitation(b"s" * 32, 500)
        assert not writer.use_invitation(b"x" * 32, 500)
        assert writer.use_invitation(b"f" * 32, 999)
        assert not writer.use_invitation(b"f" * 32, 999)
    with hub_store.read() as reader:
        used = reader.invitation(b"f" * 32)
        assert used is not None
        assert used.used_at == 999
        assert reader.invitation(b"s" * 32) == stale
        assert reader.invitation(b"x" * 32) is None
    with pytest.raises(Misuse), hub_store.write() as writer:
        writer.put_invitation(fresh)


def join(member: MemberId, at: int, name: str = "Someone") -> JoinRequest:
    return JoinRequest(
        member=member,
        name=name,
        secret_sha256=b"s" * 32,
        csr=b"\x30\x82csr",
        vkeys={"log": "test.example/log+abc+def", "statement": "é"},
        proofs={"log": bytes(range(64))},
        requested_at=at,
    )


def test_requests_to_join_are_kept_until_they_are_decided(hub_store: HubStore) -> None:
    with hub_store.write() as writer:
        writer.put_join_request(join(JP, 20))
        writer.put_join_request(join(BR, 10))
        writer.put_join_request(join(JP, 30, "Renamed"))
        writer.set_join_state(BR, "admitted")
    with hub_store.read() as reader:
        assert reader.join_request(JP) == join(JP, 30, "Renamed")
        assert reader.join_request(FR) is None
        assert [each.member for each in reader.join_requests()] == [BR, JP]
        assert [each.member for each in reader.join_requests(state="pending")] == [JP]
    with pytest.raises(NotFound), hub_store.write() as writer:
        writer.set_join_state(FR, "refused")


def test_certificates_are_kept_with_serials_of_any_size(hub_store: HubStore) -> None:
    issued = [
        IssuedCertificate(member=JP, serial=(1 << 159) + 1, spki_sha256=b"k" * 32, not_after=50, issued_at=10),
        IssuedCertificate(member=JP, serial=3, spki_sha256=b"l" * 32, not_after=90, issued_at=40),
    ]
    with hub_store.write() as writer:
        for each in issued:
            writer.put_certificate(each)
    with hub_store.read() as reader:
        assert reader.certificates(JP) == issued
        assert reader.certificates(FR) == []
        assert reader.owners_of_key(b"k" * 32) == {JP}
        assert reader.owners_of_key(b"m" * 32) == set()


def test_late_answers_wait_for_their_asker_until_they_are_fetched_or_expire(hub_store: HubStore) -> None:
    with hub_store.write() as writer:
        for number, expires_at in ((1, 100), (2, 200), (3, 300)):
            writer.put_mail(FR, bytes([number]) * 16, answer(JP, b"%d" % number), expires_at)
        writer.put_mail(BR, b"b" * 16, answer(JP), 100)
    with hub_store.read() as reader:
        waiting = reader.mailbox(FR, 9)
        assert [(query, each) for _, query, each in waiting] == [
            (bytes([number]) * 16, answer(JP, b"%d" % number)) for number in (1, 2, 3)
        ]
        assert reader.mailbox(FR, 2) == waiting[:2]
        assert (reader.mailbox_size(FR), reader.mailbox_size(BR), reader.mailbox_size(JP)) == (3, 1, 0)
        size = sum(len(each.answer) for _, _, each in waiting)
        assert (reader.mail_of(FR, JP), reader.mail_of(FR, BR), reader.mail_of(JP, FR)) == ((3, size), (0, 0), (0, 0))
    with hub_store.write() as writer:
        assert writer.expire_mail(100) == 2
        writer.delete_mail([waiting[1][0], 999])
    with hub_store.read() as reader:
        assert reader.mailbox(FR, 9) == waiting[2:]
        assert reader.mailbox(BR, 9) == []


def test_switchboard_messages_come_in_order_and_their_ids_are_never_used_again(hub_store: HubStore) -> None:
    with hub_store.write() as writer:
        ids = [writer.put_switchboard_message("FR", b"message %d" % number) for number in range(4)]
    assert ids == sorted(set(ids))
    with hub_store.read() as reader:
        assert reader.switchboard_messages(0, 2) == [(ids[0], "FR", b"message 0"), (ids[1], "FR", b"message 1")]
        assert [row[0] for row in reader.switchboard_messages(ids[1], 9)] == ids[2:]
    with hub_store.write() as writer:
        writer.trim_switchboard(ids[2])
        assert [row[0] for row in writer.switchboard_messages(0, 9)] == ids[2:]
        writer.trim_switchboard(ids[3] + 1)
    with hub_store.write() as writer:
        assert writer.put_switchboard_message("JP", b"") > ids[3]


@pytest.mark.parametrize("now", [199, 200])
def test_a_promise_is_kept_once_and_until_its_end(hub_store: HubStore, now: int) -> None:
    with hub_store.write() as tx:
        tx.put_promise(JP, FR, QUERY, 100)
        tx.put_promise(JP, FR, QUERY, 200)
        assert (tx.promises(JP), tx.promises(FR)) == (1, 0)
        assert (tx.promised(JP, FR, QUERY), tx.promised(FR, JP, QUERY)) == (True, False)
        assert not tx.take_promise(FR, JP, QUERY, now)
        assert tx.take_promise(JP, FR, QUERY, now) is (now < 200)
        assert not tx.take_promise(JP, FR, QUERY, now)
        assert tx.expire_promises(now) == (now >= 200)
