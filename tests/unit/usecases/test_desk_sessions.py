"""Officers at the desk: codes, sessions, factors, and who a call is from."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from node.domain.caller import NOBODY, Caller, Claim, Role
from node.domain.desk_sessions import (
    CODE_SECONDS,
    FRESH_SECONDS,
    IDLE_SECONDS,
    LIFE_SECONDS,
    MAX_CODES,
    MAX_DRAFT,
    MAX_SESSIONS,
    TOKEN_BYTES,
)
from node.domain.rights import RIGHTS, Work, require
from node.errors import FactorNeeded, Misuse, NotFound, Overloaded, Refused
from node.usecases.acting import acting_for
from node.usecases.desk_drafts import DeskDrafts
from tests.unit.usecases.test_officers import DESK, NOW, OWNER, Desk

STRANGER = 1_002


class SignedInDesk(Desk):
    """A home with two officers, and short ways to act at its desk."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions = self.known._sessions
        self.known.add("Anna", "investigator", "")
        self.known.add("Bea", "administrator", "")

    def enter(self, name: str = "Anna") -> bytes:
        return self.sessions.sign_in_by_code(self.sessions.invite(name))[0]

    def at_desk(self, token: bytes, uid: int = DESK) -> Caller:
        return self.known.caller(Claim(uid=uid, session=token))


@pytest.fixture
def desk() -> Iterator[SignedInDesk]:
    made = SignedInDesk()
    yield made
    made.audit.close()


# --- codes ------------------------------------------------------------------------------------------------------------


def test_a_code_opens_a_session_once(desk: SignedInDesk) -> None:
    code = desk.sessions.invite("Anna")
    token, found = desk.sessions.sign_in_by_code(code)
    assert (found.officer.name, found.works) == ("Anna", RIGHTS[Role.INVESTIGATOR])
    assert len(token) == TOKEN_BYTES
    with pytest.raises(Refused, match="not valid"):
        desk.sessions.sign_in_by_code(code)


def test_a_code_is_typed_in_any_case_and_with_any_marks(desk: SignedInDesk) -> None:
    code = desk.sessions.invite("Anna")
    assert len(code.split("-")) == 4
    assert desk.sessions.sign_in_by_code(f" {code.lower().replace('-', ' ')} ")[1].officer.name == "Anna"


@pytest.mark.parametrize("code", ["", "x", "AAAAA-AAAAA-AAAAA-AAAAA", "\u202e", "A" * 10_000])
def test_a_wrong_code_is_refused_with_the_same_words(desk: SignedInDesk, code: str) -> None:
    desk.sessions.invite("Anna")
    with pytest.raises(Refused, match="this code is not valid, or was used already"):
        desk.sessions.sign_in_by_code(code)


def test_an_old_code_and_the_code_of_a_disabled_officer_are_refused(desk: SignedInDesk) -> None:
    old, disabled = desk.sessions.invite("Anna"), desk.sessions.invite("Bea")
    desk.known.set_disabled("Bea", disabled=True)
    with pytest.raises(Refused):
        desk.sessions.sign_in_by_code(disabled)
    desk.now += CODE_SECONDS
    with pytest.raises(Refused):
        desk.sessions.sign_in_by_code(old)
    with pytest.raises(Refused, match="disabled"):
        desk.sessions.invite("Bea")
    with pytest.raises(NotFound):
        desk.sessions.invite("Carla")


def test_too_many_codes_are_refused(desk: SignedInDesk) -> None:
    with desk.store.write() as tx:
        for number in range(MAX_CODES):
            tx.add_desk_code(number.to_bytes(32, "big"), 1, int(NOW))
    with pytest.raises(Overloaded):
        desk.sessions.invite("Anna")


# --- who calls --------------------------------------------------------------------------------------------------------


def test_a_session_makes_its_officer_the_caller(desk: SignedInDesk) -> None:
    who = desk.at_desk(desk.enter())
    assert (who.name, who.role, who.by_desk, who.owner, who.fresh) == ("Anna", Role.INVESTIGATOR, True, False, True)
    require(who, Work.INVESTIGATION, "it")
    with pytest.raises(Refused):
        require(who, Work.ADMINISTRATION, "it")


@pytest.mark.parametrize("uid", [DESK, OWNER, 0])
def test_the_desk_without_a_session_may_sign_somebody_in_and_nothing_else(desk: SignedInDesk, uid: int) -> None:
    who = desk.at_desk(b"", uid)
    require(who, Work.SIGN_IN, "it")
    for work in set(Work) - {Work.SIGN_IN}:
        with pytest.raises(Refused):
            require(who, work, "it")


def test_only_the_desk_may_name_a_session(desk: SignedInDesk) -> None:
    token = desk.enter()
    with pytest.raises(Refused, match="not that of the desk"):
        desk.at_desk(token, STRANGER)
    with pytest.raises(Refused, match="not that of the desk"):
        desk.at_desk(b"", STRANGER)
    # The account of the desk is not an officer by itself.
    with pytest.raises(Refused):
        desk.known.caller(Claim(uid=DESK))


@pytest.mark.parametrize("token", [b"x", b"x" * TOKEN_BYTES, b"x" * 1_000])
def test_an_unknown_token_is_refused(desk: SignedInDesk, token: bytes) -> None:
    desk.enter()
    with pytest.raises(Refused, match="has ended"):
        desk.at_desk(token)


def test_signing_in_is_for_nobody_outside_the_desk() -> None:
    for who in (NOBODY, Caller(name="Anna", role=Role.INVESTIGATOR)):
        with pytest.raises(Refused):
            require(who, Work.SIGN_IN, "it")


def test_what_gives_something_away_needs_a_fresh_factor_at_the_desk_alone(desk: SignedInDesk) -> None:
    token = desk.enter()
    require(desk.at_desk(token), Work.RELEASE, "it")
    desk.now += FRESH_SECONDS
    with pytest.raises(FactorNeeded):
        require(desk.at_desk(token), Work.RELEASE, "it")
    require(desk.at_desk(token), Work.INVESTIGATION, "it")
    require(Caller(name="Anna", role=Role.INVESTIGATOR), Work.RELEASE, "it")


def test_a_factor_counts_again_and_only_the_officers_own(desk: SignedInDesk) -> None:
    token = desk.enter()
    desk.now += FRESH_SECONDS
    with acting_for(desk.at_desk(token)):
        with pytest.raises(Refused, match="another officer"):
            desk.sessions.factor_by_code(desk.sessions.invite("Bea"))
        assert not desk.at_desk(token).fresh
        desk.sessions.factor_by_code(desk.sessions.invite("Anna"))
    assert desk.at_desk(token).fresh


# --- the end ----------------------------------------------------------------------------------------------------------


def test_a_session_ends_when_it_stands_idle_and_goes_on_by_activity(desk: SignedInDesk) -> None:
    token = desk.enter()
    desk.now += IDLE_SECONDS - 1
    with acting_for(desk.at_desk(token)):
        desk.sessions.look(is_activity=False)
        desk.sessions.look(is_activity=True)
    desk.now += IDLE_SECONDS - 1
    who = desk.at_desk(token)
    desk.now += 1
    with pytest.raises(Refused):
        desk.at_desk(token)
    with acting_for(who), pytest.raises(Refused):
        desk.sessions.look(is_activity=True)


def test_activity_does_not_outlive_the_longest_time(desk: SignedInDesk) -> None:
    token = desk.enter()
    for _ in range(LIFE_SECONDS // 600):
        with acting_for(desk.at_desk(token)):
            desk.sessions.look(is_activity=True)
        desk.now += 600
    with pytest.raises(Refused):
        desk.at_desk(token)


def test_a_disabled_officer_is_out_at_once(desk: SignedInDesk) -> None:
    token = desk.enter()
    desk.known.set_disabled("Anna", disabled=True)
    with pytest.raises(Refused, match="has ended"):
        desk.at_desk(token)


def test_signing_out_ends_one_session_and_revoking_ends_all(desk: SignedInDesk) -> None:
    first, second, third = desk.enter(), desk.enter(), desk.enter("Bea")
    with acting_for(desk.at_desk(first)):
        desk.sessions.sign_out()
    with pytest.raises(Refused):
        desk.at_desk(first)
    assert [each.officer.name for each in desk.sessions.live()] == ["Anna", "Bea"]
    assert desk.sessions.revoke([], "Anna") == 1
    with pytest.raises(Refused):
        desk.at_desk(second)
    number = desk.at_desk(third).session
    assert desk.sessions.revoke([number], "") == 1
    with pytest.raises(NotFound):
        desk.sessions.revoke([number], "Anna")


def test_one_more_session_than_allowed_ends_the_oldest(desk: SignedInDesk) -> None:
    tokens = [desk.enter() for _ in range(MAX_SESSIONS + 1)]
    with pytest.raises(Refused):
        desk.at_desk(tokens[0])
    for token in tokens[1:]:
        desk.at_desk(token)


def test_the_audit_log_names_officers_and_holds_no_secret(desk: SignedInDesk) -> None:
    code = desk.sessions.invite("Anna")
    token, _ = desk.sessions.sign_in_by_code(code)
    with acting_for(desk.at_desk(token)):
        desk.sessions.sign_out()
    written = desk.written()
    text = json.dumps(written)
    told = [(each["what"], each.get("officer")) for each in written if str(each["what"]).startswith("desk:")]
    assert told == [("desk: signed in", "Anna"), ("desk: signed out", "Anna")]
    assert code not in text
    assert code.replace("-", "") not in text
    assert token.hex() not in text


# --- a model of all of it ---------------------------------------------------------------------------------------------


class SessionMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order, a token counts exactly as long as the rules say."""

    @initialize()
    def start(self) -> None:
        self.desk = SignedInDesk()
        self.made: dict[bytes, tuple[str, int]] = {}
        self.seen: dict[bytes, int] = {}
        self.over: set[bytes] = set()
        self.disabled: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.desk.audit.close()

    def counts(self, token: bytes) -> bool:
        name, made_at = self.made[token]
        until = min(self.seen[token] + IDLE_SECONDS, made_at + LIFE_SECONDS)
        return token not in self.over and name not in self.disabled and self.desk.now < until

    @rule(name=st.sampled_from(["Anna", "Bea"]))
    def sign_in(self, name: str) -> None:
        if name in self.disabled:
            return
        token = self.desk.enter(name)
        self.made[token], self.seen[token] = (name, int(self.desk.now)), int(self.desk.now)
        live = [each for each, (of, _) in self.made.items() if of == name and each not in self.over]
        live = [each for each in live if self.desk.now < self.seen[each] + IDLE_SECONDS]
        self.over |= set(live[:-MAX_SESSIONS])

    @rule(seconds=st.sampled_from([1, 30, 300, IDLE_SECONDS, LIFE_SECONDS]))
    def time_passes(self, seconds: int) -> None:
        self.desk.now += seconds

    @rule(data=st.data(), is_activity=st.booleans())
    def use(self, data: st.DataObject, is_activity: bool) -> None:
        if not self.made:
            return
        token = data.draw(st.sampled_from(sorted(self.made)))
        try:
            who = self.desk.at_desk(token)
        except Refused:
            assert not self.counts(token)
            return
        assert self.counts(token)
        assert who.name == self.made[token][0]
        with acting_for(who):
            found = self.desk.sessions.look(is_activity=is_activity)
        self.seen[token] = found.session.seen_at
        if is_activity:
            assert self.desk.now - found.session.seen_at < 20

    @rule(data=st.data())
    def sign_out(self, data: st.DataObject) -> None:
        live = [each for each in sorted(self.made) if self.counts(each)]
        if live:
            token = data.draw(st.sampled_from(live))
            with acting_for(self.desk.at_desk(token)):
                self.desk.sessions.sign_out()
            self.over.add(token)

    @rule(name=st.sampled_from(["Anna", "Bea"]), disabled=st.booleans())
    def disable(self, name: str, disabled: bool) -> None:
        self.desk.known.set_disabled(name, disabled=disabled)
        (self.disabled.add if disabled else self.disabled.discard)(name)


TestSessionMachine = SessionMachine.TestCase


def test_random_bytes_make_the_codes(desk: SignedInDesk) -> None:
    codes = {desk.sessions.invite("Anna") for _ in range(50)}
    assert len(codes) == 50
    assert set("".join(codes)) <= set("23456789ABCDEFGHJKLMNPQRSTUVWXYZ-")


def test_a_draft_is_read_by_its_officer_alone(desk: SignedInDesk) -> None:
    drafts = DeskDrafts(store=desk.store, clock=lambda: desk.now)
    anna, bea = desk.at_desk(desk.enter()), desk.at_desk(desk.enter("Bea"))
    with acting_for(anna):
        drafts.save("hit-1", "half a note")
    with acting_for(desk.at_desk(desk.enter())):
        assert drafts.read("hit-1") == "half a note"
    with acting_for(bea):
        assert drafts.read("hit-1") == ""
    with acting_for(NOBODY), pytest.raises(Refused):
        drafts.read("hit-1")
    with acting_for(anna):
        for form in ("", "a\n", "x" * 300, "\u202e"):
            with pytest.raises(Misuse):
                drafts.save(form, "x")
        with pytest.raises(Misuse, match="at most"):
            drafts.save("hit-1", "x" * (MAX_DRAFT + 1))
        assert drafts.read("hit-1") == "half a note"
