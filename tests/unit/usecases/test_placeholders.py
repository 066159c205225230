"""One PhotoDNA under many MD5s is a placeholder; one picture saved a few times is not."""

from __future__ import annotations

import hashlib

from node.domain.references import At, Reference
from node.usecases.placeholders import CONSTANT, MANY_MD5, Placeholders, without


def row(md5: int, photodna: int) -> Reference:
    def digest(text: str) -> bytes:
        return hashlib.sha256(text.encode()).digest()

    return Reference(At(record=md5), md5=digest(f"m{md5}")[:16], photodna=(digest(f"p{photodna}") * 5)[:144])


def test_ten_md5s_under_one_value_are_noticed_at_the_tenth() -> None:
    counted = Placeholders()
    told = [counted.look(row(number, 0)) for number in range(MANY_MD5 + 2)]
    assert told == [False] * (MANY_MD5 - 1) + [True] * 3
    assert counted.end() == {row(0, 0).photodna}


def test_the_same_md5_counts_once() -> None:
    counted = Placeholders()
    assert not any(counted.look(row(number % 3, 0)) for number in range(50))
    assert counted.end() == set()


def test_four_md5s_are_enough_if_half_of_the_rows_have_the_value() -> None:
    half, fewer = Placeholders(), Placeholders()
    for number in range(4):
        assert not half.look(row(number, 0))
        assert not fewer.look(row(number, 0))
    for number in range(4, 8):
        half.look(row(number, number))
        fewer.look(row(number, number))
    fewer.look(row(9, 9))
    assert half.end() == {row(0, 0).photodna}
    assert fewer.end() == set()


def test_rows_without_a_value_or_an_md5_are_no_witness() -> None:
    counted = Placeholders()
    for number in range(20):
        assert not counted.look(row(number, 0)._replace(photodna=b""))
        assert not counted.look(row(number, 0)._replace(md5=b""))
    assert counted.end() == set()


def test_a_placeholder_is_found_among_more_values_than_are_counted() -> None:
    """Every third row has it; of the others none comes twice. Eight values are counted at a time."""
    counted = Placeholders(most=8)
    for number in range(600):
        counted.look(row(number, 0 if number % 3 == 0 else number))
        assert len(counted._count) <= 8
    assert counted.end() == {row(0, 0).photodna}


def test_a_row_without_its_placeholder_says_so() -> None:
    left = without(row(1, 1)._replace(warnings=("bad-sha1",)))
    assert (left.photodna, left.warnings) == (b"", ("bad-sha1", CONSTANT))
    assert left.md5 == row(1, 1).md5
