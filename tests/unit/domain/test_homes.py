"""Whether a database is the one that its home used last."""

from dataclasses import replace

import pytest

from node.domain.homes import (
    Finding,
    FoundDatabase,
    HomeMark,
    Owner,
    judge,
    pack_mark,
    pack_standing,
    unpack_mark,
    unpack_standing,
)
from node.errors import Malformed
from node.usecases.homes import Examined, refusal, require_right

FR = Owner(role="node", federation="vigil.example", member="FR")
JP = replace(FR, member="JP")
HUB = Owner(role="hub", federation="vigil.example", member="HUB")
MARK = HomeMark(owner=FR, identity=b"i" * 16, generation=7, entries=100, changes=5)
RIGHT = FoundDatabase(
    exists=True, size=8192, ours=True, owner=FR, identity=b"i" * 16, generation=7, entries=100, changes=5
)
EMPTY = FoundDatabase(exists=True)
CASES = {
    "as it was": (RIGHT, MARK, Finding.RIGHT),
    "ahead of its mark": (replace(RIGHT, generation=8, entries=200, changes=9), MARK, Finding.RIGHT),
    "opened less often": (replace(RIGHT, generation=6), MARK, Finding.OLDER),
    "fewer entries": (replace(RIGHT, entries=99), MARK, Finding.OLDER),
    "fewer changes": (replace(RIGHT, changes=4), MARK, Finding.OLDER),
    "a backup put there by hand": (replace(RIGHT, identity=b"j" * 16, entries=500), MARK, Finding.OLDER),
    "a fresh one of ours": (replace(RIGHT, identity=b"j" * 16, entries=0), MARK, Finding.EMPTY),
    "a fresh one of nobody's": (replace(RIGHT, identity=b"j" * 16, entries=0, owner=None), MARK, Finding.EMPTY),
    "no tables": (EMPTY, MARK, Finding.EMPTY),
    "no file": (FoundDatabase(), MARK, Finding.MISSING),
    "unreadable": (FoundDatabase(exists=True, fault="x"), MARK, Finding.DAMAGED),
    "another member's": (replace(RIGHT, owner=JP), MARK, Finding.FOREIGN),
    "the hub's": (replace(RIGHT, owner=HUB), MARK, Finding.FOREIGN),
    "another program's": (FoundDatabase(exists=True, other="x"), MARK, Finding.FOREIGN),
    "of a home without a mark": (RIGHT, None, Finding.RIGHT),
    "another member's, without a mark": (replace(RIGHT, owner=JP), None, Finding.FOREIGN),
}


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_database_is_told_apart(name: str) -> None:
    found, mark, finding = CASES[name]
    assert judge(found, FR, mark, admitted=True) is finding


@pytest.mark.parametrize("found", [FoundDatabase(), EMPTY])
def test_only_a_home_that_was_never_admitted_may_begin_with_nothing(found: FoundDatabase) -> None:
    assert judge(found, FR, None, admitted=False) is Finding.NEW
    assert judge(found, FR, None, admitted=True) in {Finding.MISSING, Finding.EMPTY}
    assert judge(found, FR, MARK, admitted=False) in {Finding.MISSING, Finding.EMPTY}


@pytest.mark.parametrize("owner", [FR, HUB])
def test_each_refusal_has_words_and_a_remedy_of_its_own(owner: Owner) -> None:
    said = set()
    for finding in (Finding.MISSING, Finding.EMPTY, Finding.OLDER, Finding.DAMAGED, Finding.FOREIGN):
        found = FoundDatabase(exists=True, owner=JP, fault="torn", other="")
        error = refusal(Examined(owner=owner, mark=MARK, found=found, finding=finding))
        assert f"vigil {owner.role} restore FILE" in error.remedy
        assert "accept-database" not in error.remedy or owner is FR
        said |= {(type(error), str(error))}
    assert len(said) == 5


def test_a_right_database_is_let_through() -> None:
    for finding in (Finding.RIGHT, Finding.NEW):
        require_right(Examined(owner=FR, mark=MARK, found=RIGHT, finding=finding))


def test_marks_and_standings_come_back_as_they_were() -> None:
    assert unpack_mark(pack_mark(MARK)) == MARK
    assert unpack_standing(pack_standing(HUB, 3)) == (HUB, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        b"[]\n",
        b"\xff",
        pack_mark(MARK)[:-1],
        pack_mark(MARK).replace(b"100", b"-10"),
        pack_mark(MARK).replace(b"100", b'"x"'),
        pack_mark(MARK).replace(b"69", b"zz", 1),
        pack_mark(MARK).replace(b"/v1", b"/v2"),
        pack_mark(MARK).replace(b'"FR"', b'""'),
        pack_mark(MARK).replace(b'"FR"', b"null"),
    ],
)
def test_a_mark_that_nobody_wrote_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        unpack_mark(data)
