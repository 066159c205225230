"""The ids of exercises: a reserved word, refused by real federations, and real ids by exercises."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import app
from node.config import Home
from node.domain.ids import EXERCISE, federation_id, foreign, is_exercise, member_id, require_kind
from node.domain.token import Token, format_token
from node.errors import Refused

IDS = st.from_regex(r"[a-z0-9][a-z0-9.-]{1,40}[a-z0-9]", fullmatch=True)
EXERCISES = IDS.map(EXERCISE.__add__)
REAL = IDS.filter(lambda text: not text.startswith(EXERCISE))


@given(EXERCISES, REAL)
def test_an_id_is_either_of_an_exercise_or_real(training: str, real: str) -> None:
    assert is_exercise(federation_id(training))
    assert not is_exercise(federation_id(real))
    require_kind(training, exercise=True)
    require_kind(real, exercise=False)
    for federation, exercise in ((training, False), (real, True)):
        with pytest.raises(Refused):
            require_kind(federation, exercise=exercise)


@given(EXERCISES, REAL)
def test_what_comes_from_the_other_kind_is_said_to(training: str, real: str) -> None:
    assert foreign("a roster", training, real) == "a roster is of an exercise, and this is a real federation"
    assert foreign("a roster", real, training) == "a roster is of a real federation, and this is an exercise"
    for one in (training, real):
        assert foreign("a roster", one, one) == "a roster is of another federation"


def _token(federation: str) -> str:
    return format_token(
        Token(
            federation=federation_id(federation),
            member=member_id("FR"),
            hub="127.0.0.1:1",
            enrolment="127.0.0.1:2",
            ca_sha256=bytes(32),
            root_version=1,
            root_sha256=hashlib.sha256(b"root").digest(),
            secret=bytes(32),
            expires=1 << 40,
        )
    )


def _found(folder: Path, federation: str, how: dict[str, Any]) -> None:
    app.init_authority(folder, federation, lambda: "x", keys=1, threshold=1, **how)


def _hub(folder: Path, federation: str, how: dict[str, Any]) -> None:
    home, at = Home(folder=folder), "127.0.0.1:1"
    app.init_hub(home, federation, b"root", lambda: "x", listen=at, enrolment_listen=at, hosts=[], **how)


def _join(folder: Path, federation: str, how: dict[str, Any]) -> None:
    list(app.join_node(Home(folder=folder), _token(federation), lambda: "x", hub="", name="", wait=False, **how))


@pytest.mark.parametrize("make", [_found, _hub, _join])
@pytest.mark.parametrize(("federation", "how"), [("exercise.one", {}), ("vigil.example", {"exercise": True})])
def test_authority_hub_and_node_refuse_the_other_kind_and_make_nothing(
    make: Any, federation: str, how: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="exercise"):
        make(tmp_path / "new", federation, how)
    assert not (tmp_path / "new").exists()
