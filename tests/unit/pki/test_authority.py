"""The offline authority signs what a person named, and nothing that a request or a hub could slip in."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from tuf.api.metadata import Targets

from node.domain.roster import KeyPurpose, KeyStatus, MemberStatus, Policy
from node.errors import BadSignature, Damaged, Malformed, Misuse, NotFound, PeerFault, Refused
from node.pki import metadata
from node.pki.admission import Verdict
from node.pki.authority import Authority
from node.pki.courier import SigningRequest, decode_bundle, decode_request, encode_request
from node.pki.keys import KeyRing
from node.pki.petition import keys_fingerprint
from node.pki.wrapping import Passphrase
from tests.unit.pki.federation import BR, DAY, EMPTY, FEDERATION, FR, JP, NOW, Federation, Hub, petition_of, secret_of


def reopened(federation: Federation) -> Authority:
    return Authority(federation.folder / "authority", EMPTY)


def test_nobody_is_admitted_who_was_not_named(empty: Federation) -> None:
    request = empty.request(petition_of(KeyRing.for_member(FEDERATION, FR)))
    empty.authority.sign(request, now=NOW, accept_hub=True)
    assert not empty.authority.members
    with pytest.raises(Refused, match="JP"):
        empty.authority.sign(request, now=NOW, admit_members=[JP], accept_hub=True)


def test_a_hub_is_accepted_by_word_only_the_first_time_and_when_it_changes(empty: Federation, tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        empty.authority.sign(empty.request(), now=NOW)
    assert "voice" in caught.value.remedy
    empty.authority.sign(empty.request(), now=NOW, accept_hub=True)
    empty.authority.sign(empty.request(), now=NOW)
    other = Hub.create(tmp_path / "other", empty.authority.root)
    review = empty.authority.review(other.signing_request(()))
    assert review.hub_changed
    assert review.hub.fingerprint == other.claims.fingerprint(FEDERATION)
    with pytest.raises(Refused, match="not in the roster"):
        empty.authority.sign(other.signing_request(()), now=NOW)


def test_a_request_altered_on_its_way_is_refused(empty: Federation) -> None:
    request = decode_request(empty.request(petition_of(KeyRing.for_member(FEDERATION, FR))))
    other = KeyRing.for_hub(FEDERATION)
    swapped = replace(request, hub=replace(request.hub, online=other.public_bytes("online")))
    with pytest.raises(BadSignature):
        empty.authority.review(encode_request(swapped))
    foreign = replace(request, federation=type(FEDERATION)("other.example"))
    with pytest.raises(Refused, match=r"other\.example"):
        empty.authority.review(encode_request(foreign))


def test_the_hub_cannot_swap_a_key_in_a_petition(empty: Federation) -> None:
    """It would need the proof of the key it puts in, and, with its own key and proof, the member's digits change."""
    honest = petition_of(KeyRing.for_member(FEDERATION, FR))
    mine = petition_of(KeyRing.for_member(FEDERATION, FR))
    swapped = replace(honest, vkeys={**honest.vkeys, "statement": mine.vkeys["statement"]})
    (finding,) = empty.authority.review(empty.request(swapped)).findings
    assert finding.verdict is Verdict.REFUSE
    with pytest.raises(Refused, match="not admitted"):
        empty.authority.sign(empty.request(swapped), now=NOW, admit_members=[FR], accept_hub=True)
    honest_print, hubs_print = (
        empty.authority.review(empty.request(each)).findings[0].fingerprint for each in (honest, mine)
    )
    assert honest_print != hubs_print


def test_one_bad_petition_stops_only_itself(empty: Federation) -> None:
    good = petition_of(KeyRing.for_member(FEDERATION, FR))
    bad = replace(petition_of(KeyRing.for_member(FEDERATION, JP)), secret_sha256=secret_of(BR))
    verdicts = {each.member: each.verdict for each in empty.authority.review(empty.request(good, bad)).findings}
    assert verdicts == {FR: Verdict.ADMIT, JP: Verdict.REFUSE}
    empty.authority.sign(empty.request(good, bad), now=NOW, admit_members=[FR], accept_hub=True)
    assert set(empty.authority.members) == {FR}


def test_two_petitions_with_one_key_do_not_both_get_in(empty: Federation) -> None:
    """A member that has another's private key, or two that collude, would blur who said what."""
    ring = KeyRing.for_member(FEDERATION, FR)
    twin = KeyRing(FEDERATION, JP, ring._keys)
    review = empty.authority.review(empty.request(petition_of(ring), petition_of(twin)))
    assert [each.verdict for each in review.findings] == [Verdict.ADMIT, Verdict.REFUSE]


def test_the_same_petition_again_changes_nothing(federation: Federation) -> None:
    before = dict(federation.authority.members)
    request = federation.request(petition_of(federation.rings[FR]))
    assert federation.authority.review(request).findings[0].verdict is Verdict.UNCHANGED
    federation.authority.sign(request, now=NOW, admit_members=[FR])
    assert {each: member.keys for each, member in federation.authority.members.items()} == {
        each: member.keys for each, member in before.items()
    }


def test_the_former_key_lets_a_member_change_its_keys(federation: Federation) -> None:
    old, new = federation.rings[FR], federation.rings[FR].successor()
    request = federation.request(petition_of(new, previous=old), log_sizes={FR: 40})
    assert federation.authority.review(request).findings[0].verdict is Verdict.ROTATE
    federation.authority.sign(request, now=NOW, admit_members=[FR])
    member = federation.authority.members[FR]
    assert [key.vkey for key in member.keys if key.epoch == 2 and key.purpose == "log"] == [new.vkey("log/2")]
    assert [key.vkey for key in member.keys if key.epoch == 1 and key.purpose == "log"] == [old.vkey("log/1")]
    assert member.statement_vkeys() == (new.vkey("statement"),)
    (former,) = [key for key in member.keys if key.vkey == old.vkey("log/1")]
    assert (former.status, former.until_size) == (KeyStatus.RETIRED, 40)


def test_without_the_former_key_it_takes_the_authoritys_own_word(federation: Federation) -> None:
    old, new = federation.rings[FR], federation.rings[FR].successor()
    request = federation.request(petition_of(new))
    assert federation.authority.review(request).findings[0].verdict is Verdict.REPLACE
    with pytest.raises(Refused, match="no endorsement"):
        federation.authority.sign(request, now=NOW, admit_members=[FR])
    federation.authority.sign(request, now=NOW, replace_keys=[FR])
    status = {key.vkey: key.status for key in federation.authority.members[FR].keys}
    assert status[old.vkey("statement")] is KeyStatus.REVOKED
    assert status[new.vkey("statement")] is KeyStatus.ACTIVE


def test_an_endorsement_by_a_key_given_up_before_is_refused(federation: Federation) -> None:
    first, second = federation.rings[FR], federation.rings[FR].successor()
    federation.authority.sign(federation.request(petition_of(second, previous=first)), now=NOW, admit_members=[FR])
    third = petition_of(second.successor(), previous=first)
    (finding,) = federation.authority.review(federation.request(third)).findings
    assert finding.verdict is Verdict.REFUSE
    assert "active" in finding.reason


def test_no_key_ever_comes_back(federation: Federation) -> None:
    first, second = federation.rings[FR], federation.rings[FR].successor()
    federation.authority.sign(federation.request(petition_of(second, previous=first)), now=NOW, admit_members=[FR])
    back = petition_of(first, previous=second)
    (finding,) = federation.authority.review(federation.request(back)).findings
    assert finding.verdict is Verdict.REFUSE


def test_a_new_log_key_has_to_open_the_next_epoch(federation: Federation) -> None:
    skipped = KeyRing.for_member(FEDERATION, FR, epoch=3)
    (finding,) = federation.authority.review(
        federation.request(petition_of(skipped, previous=federation.rings[FR]))
    ).findings
    assert finding.verdict is Verdict.REFUSE
    assert "epoch 2" in finding.reason


def test_a_member_that_left_comes_back_on_the_authoritys_word_only(federation: Federation) -> None:
    federation.authority.release(FR, now=NOW)
    assert federation.authority.members[FR].status is MemberStatus.LEFT
    with pytest.raises(Refused, match="left already"):
        federation.authority.release(FR, now=NOW)
    request = federation.request(petition_of(federation.rings[FR]))
    assert federation.authority.review(request).findings[0].verdict is Verdict.REPLACE
    federation.authority.sign(request, now=NOW, replace_keys=[FR])
    assert federation.authority.members[FR].status is MemberStatus.ACTIVE
    with pytest.raises(Refused):
        federation.authority.release(BR, now=NOW)


def test_an_authority_opens_again_as_it_was(federation: Federation) -> None:
    again = reopened(federation)
    assert again.members == federation.authority.members
    assert again.root == federation.authority.root
    assert again.bundle() == federation.authority.bundle()


def test_extending_keeps_the_membership_and_moves_the_dates(federation: Federation) -> None:
    before = federation.authority.members
    bundle = decode_bundle(federation.authority.extend(now=NOW + 80 * DAY))
    assert federation.authority.members == before
    targets = metadata.parse(bundle.files["2.targets.json"], Targets, "it").signed
    assert metadata.expires(targets) == NOW + 80 * DAY + metadata.TARGETS_LIFE
    assert max(bundle.versions("root")) == 2


def test_the_root_is_extended_when_half_its_life_is_over(federation: Federation) -> None:
    bundle = decode_bundle(federation.authority.extend(now=NOW + 200 * DAY))
    assert max(bundle.versions("root")) == 3
    federation.hub.repository.accept(federation.authority.bundle(), now=NOW + 200 * DAY)


def test_nothing_to_extend_before_the_first_signature(empty: Federation) -> None:
    with pytest.raises(NotFound):
        empty.authority.extend(now=NOW)
    with pytest.raises(NotFound):
        empty.authority.bundle()


def test_a_clock_that_runs_behind_is_refused(federation: Federation) -> None:
    with pytest.raises(Misuse, match="clock"):
        federation.authority.extend(now=NOW - DAY)


def test_the_policy_goes_out_with_the_next_signature(federation: Federation) -> None:
    federation.authority.set_policy(Policy(version=2, pdq_radius=20))
    federation.hub.repository.accept(federation.authority.extend(now=NOW), now=NOW)
    assert federation.roster().policy == Policy(version=2, pdq_radius=20)
    for wrong in (Policy(pdq_radius=40), Policy(query_budget_seconds=5)):
        with pytest.raises(Misuse):
            federation.authority.set_policy(wrong)


def test_keys_are_wrapped_files_of_their_own(empty: Federation) -> None:
    folder = empty.folder / "authority" / "keys"
    assert sorted(each.name for each in folder.iterdir()) == ["root-1.key", "targets-1.key"]
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
    wrong = Authority(empty.folder / "authority", Passphrase(b"wrong"))
    with pytest.raises(Damaged, match="passphrase"):
        wrong.sign(empty.request(), now=NOW, accept_hub=True)


def test_a_threshold_needs_the_keys_from_as_many_sticks(tmp_path: Path) -> None:
    federation = Federation(tmp_path, keys=3, threshold=2)
    folder, stick = tmp_path / "authority" / "keys", tmp_path / "stick"
    stick.mkdir()
    for name in ("root-2.key", "root-3.key", "targets-1.key", "targets-3.key"):
        (folder / name).rename(stick / name)
    alone = Authority(tmp_path / "authority", EMPTY)
    with pytest.raises(Misuse, match="1 root key found, 2 needed"):
        alone.sign(federation.request(), now=NOW, accept_hub=True)
    both = Authority(tmp_path / "authority", EMPTY, key_folders=(stick,))
    bundle = both.sign(federation.request(), now=NOW, accept_hub=True)
    federation.hub.repository.accept(bundle, now=NOW)


def test_a_hub_refuses_a_membership_signed_by_too_few(tmp_path: Path) -> None:
    federation = Federation(tmp_path, keys=2, threshold=2)
    bundle = decode_bundle(federation.authority.sign(federation.request(), now=NOW, accept_hub=True))
    signed = metadata.parse(bundle.files["1.targets.json"], Targets, "it")
    signed.signatures.popitem()
    short = replace(bundle, files={**bundle.files, "1.targets.json": signed.to_bytes()})
    from node.pki.courier import encode_bundle

    with pytest.raises(BadSignature):
        federation.hub.repository.accept(encode_bundle(short), now=NOW)


@pytest.mark.parametrize(("keys", "threshold"), [(0, 0), (1, 2), (2, 0), (10, 1)])
def test_a_senseless_threshold_is_refused(tmp_path: Path, keys: int, threshold: int) -> None:
    with pytest.raises(Misuse):
        Authority.create(tmp_path / "a", FEDERATION, EMPTY, now=NOW, keys=keys, threshold=threshold)


def test_a_second_authority_in_one_folder_is_refused(empty: Federation) -> None:
    with pytest.raises(Misuse):
        Authority.create(empty.folder / "authority", FEDERATION, EMPTY, now=NOW)


def test_a_damaged_folder_is_told_from_an_empty_one(federation: Federation, tmp_path: Path) -> None:
    (federation.folder / "authority" / "metadata" / "2.root.json").write_bytes(b"{}")
    with pytest.raises(Damaged):
        reopened(federation)
    with pytest.raises(NotFound):
        Authority(tmp_path / "nothing", EMPTY)


def test_the_digits_that_both_sides_read_out_are_the_same(empty: Federation) -> None:
    ring = KeyRing.for_member(FEDERATION, FR)
    (finding,) = empty.authority.review(empty.request(petition_of(ring))).findings
    assert finding.fingerprint == keys_fingerprint(FR, ring.member_vkeys())


def test_junk_is_no_request(empty: Federation) -> None:
    for junk in (b"", b"{}", b"\xff", empty.authority.root):
        with pytest.raises(PeerFault):
            empty.authority.review(junk)


def test_a_request_is_a_value_that_any_stick_carries(federation: Federation) -> None:
    """Nothing but bytes goes between the two folders."""
    request = SigningRequest(federation=FEDERATION, hub=federation.hub.claims, petitions=())
    assert encode_request(request) == federation.request()


def test_each_member_has_one_active_key_a_purpose_after_every_change(federation: Federation) -> None:
    ring = federation.rings[FR]
    for _ in range(3):
        ring, former = ring.successor(), ring
        federation.authority.sign(federation.request(petition_of(ring, previous=former)), now=NOW, admit_members=[FR])
    active = [key.purpose for key in federation.authority.members[FR].keys if key.status is KeyStatus.ACTIVE]
    assert sorted(active) == sorted(KeyPurpose)
    with pytest.raises(Malformed):
        metadata.parse(b"{}", Targets, "it")


# --- a change of the authority's own keys -----------------------------------------------------------------------------


def of_folder(federation: Federation, *sticks: Path) -> Authority:
    return Authority(federation.folder / "authority", EMPTY, sticks)


def test_new_keys_are_vouched_for_by_the_former_ones_and_every_node_follows(federation: Federation) -> None:
    client = federation.client("before")
    client.refresh(federation.fetch, now=NOW)
    founding = federation.authority.root_digits
    bundle = federation.authority.rotate(now=NOW, keys=3, threshold=2)
    federation.hub.repository.accept(bundle, now=NOW)
    assert client.refresh(federation.fetch, now=NOW).active() == (FR, JP)
    assert federation.roster().active() == (FR, JP)
    assert federation.authority.signature == (3, 2)
    fresh = federation.authority.root_digits
    assert (founding.version, fresh.version) == (1, 3)
    assert federation.hub.repository.root_pin() == (fresh.version, fresh.sha256)


def test_former_keys_sign_nothing_any_more(federation: Federation) -> None:
    federation.authority.rotate(now=NOW, keys=1, threshold=1)
    folder = federation.folder / "authority" / "keys"
    assert sorted(each.name for each in folder.iterdir()) == [
        "root-1.key", "root-2.key", "targets-1.key", "targets-2.key",
    ]  # fmt: skip
    (folder / "targets-2.key").unlink()
    with pytest.raises(Misuse, match="0 targets keys found, 1 needed"):
        of_folder(federation).extend(now=NOW)


def test_a_lost_stick_is_replaced_by_those_that_are_left_and_targets_sticks_are_not_needed(tmp_path: Path) -> None:
    federation = Federation(tmp_path, keys=3, threshold=2)
    federation.admit(FR)
    keys = tmp_path / "authority" / "keys"
    for name in ("root-1.key", "targets-1.key", "targets-2.key", "targets-3.key"):
        (keys / name).unlink()
    federation.hub.repository.accept(of_folder(federation).rotate(now=NOW, keys=2, threshold=1), now=NOW)
    assert sorted(each.name for each in keys.glob("root-[4-9].key")) == ["root-4.key", "root-5.key"]
    assert federation.roster().active() == (FR,)
    (keys / "root-3.key").unlink()
    assert of_folder(federation).signature == (2, 1)
    federation.hub.repository.accept(of_folder(federation).extend(now=NOW), now=NOW)


def test_below_the_threshold_no_key_is_made(tmp_path: Path) -> None:
    federation = Federation(tmp_path, keys=2, threshold=2)
    federation.admit(FR)
    keys = tmp_path / "authority" / "keys"
    (keys / "root-2.key").unlink()
    before = sorted(each.name for each in keys.iterdir())
    with pytest.raises(Misuse, match="1 root key found, 2 needed"):
        of_folder(federation).rotate(now=NOW, keys=1, threshold=1)
    assert sorted(each.name for each in keys.iterdir()) == before


@pytest.mark.parametrize("step", range(6))
def test_a_change_that_dies_at_any_step_goes_on_with_the_same_command(
    federation: Federation, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Two key files, the root, the two documents, the list of members: after each of them the process is killed."""
    from node.pki import files, keys, stick

    written: list[Path] = []

    def dying(path: Path, data: bytes) -> None:
        if len(written) == step:
            raise KeyboardInterrupt
        files.write_atomic(path, data)
        written.append(path)

    with monkeypatch.context() as patch:
        patch.setattr(stick, "write_atomic", dying)
        patch.setattr(keys, "write_atomic", dying)
        with pytest.raises(KeyboardInterrupt):
            of_folder(federation).rotate(now=NOW, keys=1, threshold=1)
    again = of_folder(federation)
    if step in {3, 4, 5}:
        with pytest.raises(Misuse, match="interrupted"):
            again.bundle()
    federation.hub.repository.accept(again.rotate(now=NOW, keys=1, threshold=1), now=NOW)
    assert federation.roster().active() == (FR, JP)
    assert of_folder(federation).root_digits.version == 3
    federation.hub.repository.accept(of_folder(federation).extend(now=NOW), now=NOW)


def test_before_its_first_signature_an_authority_is_made_again_instead(empty: Federation) -> None:
    with pytest.raises(NotFound):
        empty.authority.rotate(now=NOW, keys=1, threshold=1)


def test_root_and_hub_digits_are_those_that_the_hub_and_its_tokens_show(empty: Federation) -> None:
    digits = empty.authority.root_digits
    assert (digits.version, digits.sha256) == empty.hub.repository.root_pin()
    assert empty.authority.hub_fingerprint == b""
    empty.admit(FR)
    empty.hub.repository.accept(empty.authority.extend(now=NOW + 200 * DAY), now=NOW + 200 * DAY)
    assert empty.authority.root_digits == digits
    assert (digits.version, digits.sha256) == empty.hub.repository.root_pin()
    assert empty.authority.hub_fingerprint == empty.hub.claims.fingerprint(FEDERATION)


def test_a_new_log_key_is_not_signed_where_nobody_says_where_the_former_log_ends(federation: Federation) -> None:
    old = federation.rings[FR]
    request = federation.request(petition_of(old.successor(), previous=old), log_sizes={})
    with pytest.raises(Refused, match="where the former log of FR ends"):
        federation.authority.sign(request, now=NOW, admit_members=[FR])
