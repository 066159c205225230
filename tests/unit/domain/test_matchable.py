"""A hash that tells nothing does not match, and a pHash counts where the PDQ of its picture does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from node.domain.batch import FingerprintColumns, column
from node.domain.fingerprint_kinds import FRAME, KINDS, PDQ, PHASH, SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.matchable import contributable, matchable_columns, may_match, spoken_for

HALF_PDQ, HALF_PHASH = bytes([0x0F]) * 32, bytes([0x0F]) * 8
SHA = Fingerprint(code=SHA256.code, value=bytes(32))


def pdq(value: bytes = HALF_PDQ, quality: int = 90) -> Fingerprint:
    return Fingerprint(code=PDQ.code, value=value, quality=quality)


def phash(value: bytes = HALF_PHASH) -> Fingerprint:
    return Fingerprint(code=PHASH.code, value=value)


def with_bits(size: int, count: int) -> bytes:
    return ((1 << count) - 1).to_bytes(size, "big")


def test_zeros_ones_and_few_bits_are_neither_searched_nor_contributed() -> None:
    told = [(kind, kind.telling) for kind in KINDS if kind.telling is not None]
    assert [kind for kind, _ in told] == [PDQ, PHASH, FRAME]
    for kind, (least, most) in told:
        quality = 100 if kind.has_quality else None
        for bits, fit in ((0, False), (1, False), (least - 1, False), (least, True), (most, True), (most + 1, False)):
            one = Fingerprint(code=kind.code, value=with_bits(kind.size, bits), quality=quality)
            assert (one.searchable, one.contributable, one.degenerate) == (fit, fit, not fit), (kind.name, bits)


def test_a_digest_of_zeros_is_a_digest_like_another() -> None:
    assert SHA.searchable
    assert SHA.contributable


def test_the_phash_of_a_picture_below_the_floor_does_not_match_and_does_not_leave() -> None:
    assert may_match((SHA, pdq(quality=49), phash())) == (True, False, False)
    assert contributable((SHA, pdq(quality=49), phash())) == (SHA,)
    assert contributable((SHA, pdq(), phash())) == (SHA, pdq(), phash())
    assert not spoken_for(PHASH.code, (SHA, phash())), "a record that has a pHash and no PDQ is one of a plain picture"
    assert contributable((SHA, phash())) == (SHA,)


def test_each_phash_of_a_question_goes_with_its_own_picture() -> None:
    whole, inside = (pdq(quality=10), phash()), (pdq(quality=90), phash(bytes([0xF0]) * 8))
    assert may_match((SHA, *whole, *inside)) == (True, False, False, True, True)
    assert may_match((SHA, *inside, *whole)) == (True, True, True, False, False)


def test_a_bare_phash_that_a_person_types_is_searched() -> None:
    assert may_match((phash(),)) == (True,)
    assert may_match((phash(bytes(8)),)) == (False,)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([PDQ, PHASH, FRAME, SHA256]),
            st.integers(0, 5),
            st.integers(0, 64),
            st.sampled_from([-1, 0, 49, 50, 100]),
        ),
        unique_by=lambda each: each[:2],
    )
)
def test_columns_are_judged_as_the_fingerprints_in_them(
    given_prints: list[tuple[object, int, int, int]],
) -> None:
    by_row: dict[int, list[Fingerprint]] = {}
    columns = []
    for kind in (PDQ, PHASH, FRAME, SHA256):
        mine = [
            (row, with_bits(kind.size, bits if kind is PHASH else 4 * bits), quality if kind.has_quality else -1)
            for other, row, bits, quality in given_prints
            if other is kind
        ]
        for row, value, quality in mine:
            made = Fingerprint(code=kind.code, value=value, quality=quality if kind.has_quality else None)
            by_row.setdefault(row, []).append(made)
        rows, values, qualities = [row for row, _, _ in mine], [value for _, value, _ in mine], [q for _, _, q in mine]
        columns.append(column(kind.code, rows, values, qualities, kind.size))
    kept = matchable_columns(FingerprintColumns(columns=columns, unknown=3))
    assert kept.unknown == 3
    found = {(each.code, row) for each in kept.columns for row in each.rows.tolist()}
    for row, prints in by_row.items():
        for each in prints:
            fit = not each.degenerate and spoken_for(each.code, prints)
            assert ((each.code, row) in found) == fit
    assert all(len(each.rows) == len(each.values) == len(each.quality) for each in kept.columns)
    assert all(each.values.dtype == np.uint8 for each in kept.columns)
