"""Which fingerprints may match: one rule on hashes without content, for records, holdings and questions.

Rules this module upholds:

- PDQ and pHash compare each of their coefficients with the median of all. So for a picture with any content, half of
  the bits are set. A hash far from half is from a plain surface, or made up: it is near to every other plain picture.
  It is not contributed, and never searched, from any source.
- pHash has no quality of its own. The picture's PDQ decides for it: if the PDQ is below its floor, or absent, the pHash
  neither matches nor is contributed. A bare pHash that a person types is searched.
- A hash that may not match is still stored, sent on, and reported as not searched. The record keeps all its other
  fingerprints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from node.domain.batch import FingerprintColumn, FingerprintColumns
from node.domain.fingerprint_kinds import KIND_BY_CODE, KINDS, PDQ_QUALITY_FLOOR
from node.domain.fingerprints import UNSTATED_QUALITY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from node.domain.fingerprints import Fingerprint

HIGHEST_QUALITY: Final = 100
"""PDQ qualities run 0..100."""
_VOUCHERS: Final = {kind.code: kind.vouched_by.code for kind in KINDS if kind.vouched_by is not None}
"""Second opinions, and by which kind each is vouched for: codes."""
_VOUCHED: Final = tuple(_VOUCHERS.items())


def may_match(fingerprints: Sequence[Fingerprint], floor: int = PDQ_QUALITY_FLOOR) -> tuple[bool, ...]:
    """Whether each fingerprint of a question may match. A pHash goes with the PDQ of the same number (the whole
    picture's, then the inside's). A pHash without any PDQ was typed by a person. `floor`: the policy's.
    """
    searchable = [each.may_match(floor) for each in fingerprints]
    codes = [each.code for each in fingerprints]
    for opinion, voucher in _VOUCHED:
        if opinion not in codes:
            continue
        pictures: list[bool] = []
        second_opinions: list[int] = []
        for at, code in enumerate(codes):
            if code == voucher:
                pictures.append(searchable[at])
            elif code == opinion:
                second_opinions.append(at)
        for number, at in enumerate(second_opinions if pictures else ()):
            searchable[at] = searchable[at] and pictures[min(number, len(pictures) - 1)]
    return tuple(searchable)


def spoken_for(code: int, fingerprints: Iterable[Fingerprint], floor: int = PDQ_QUALITY_FLOOR) -> bool:
    """Whether a hash of this kind may match among the fingerprints of a record or a holding: a second opinion needs a
    hash of the kind that vouches for it, which may match itself.
    """
    voucher = _VOUCHERS.get(code)
    return voucher is None or any(each.code == voucher and each.may_match(floor) for each in fingerprints)


def contributable(fingerprints: Sequence[Fingerprint], floor: int = PDQ_QUALITY_FLOOR) -> tuple[Fingerprint, ...]:
    """Those fingerprints of one thing that may leave in a record."""
    leaving = [each for each in fingerprints if each.may_leave(floor)]
    codes = {each.code for each in leaving}
    return tuple(each for each in leaving if _VOUCHERS.get(each.code, each.code) in codes)


def reaching(quality: np.ndarray, floor: int) -> np.ndarray:
    """Which qualities of a column reach the floor; unstated ones do. bool (n,)."""
    good: np.ndarray = (quality >= floor) & (quality <= HIGHEST_QUALITY) & (quality >= 0) | (
        quality == UNSTATED_QUALITY
    )
    return good


def matchable_columns(columns: FingerprintColumns, floor: int = PDQ_QUALITY_FLOOR) -> FingerprintColumns:
    """The same for whole records or holdings, by the column: without the hashes that may not match."""
    chosen: list[FingerprintColumn] = []
    vouching: dict[int, list[np.ndarray]] = {voucher: [] for voucher in _VOUCHERS.values()}
    opinions: list[FingerprintColumn] = []
    for each in columns.columns:
        kind = KIND_BY_CODE.get(each.code)
        sound = _some(each, _telling(each, kind.telling)) if kind and kind.telling else each
        if each.code in _VOUCHERS:
            opinions.append(sound)
            continue
        if each.code in vouching:
            vouching[each.code].append(sound.rows[reaching(sound.quality, floor)])
        chosen.append(sound)
    for each in opinions:
        rows = np.concatenate([np.empty(0, dtype=np.int64), *vouching[_VOUCHERS[each.code]]])
        chosen.append(_some(each, np.isin(each.rows, rows)))
    return FingerprintColumns(columns=chosen, unknown=columns.unknown)


def _telling(column: FingerprintColumn, bits: tuple[int, int]) -> np.ndarray:
    """Which hashes of a perceptual column tell anything. bool (n,)."""
    least, most = bits
    counted = np.bitwise_count(column.values).sum(axis=1, dtype=np.int64)
    telling: np.ndarray = (counted >= least) & (counted <= most)
    return telling


def _some(column: FingerprintColumn, chosen: np.ndarray) -> FingerprintColumn:
    if chosen.all():
        return column
    return FingerprintColumn(
        code=column.code, rows=column.rows[chosen], values=column.values[chosen], quality=column.quality[chosen]
    )
