"""Holdings and records as rows of a list, for other programs.

Rules this module upholds:

- A row has hashes, media type, size and what a record states. No file name, path, comment or case is in it.
- A list has one scheme of categories. A category of another scheme becomes a tag, `scheme:version:code`.
- A baseline that the policy wants confirmed by more members is left out, and a tag says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import MD5, PDQ, SHA1, SHA256
from node.domain.fingerprints import UNSTATED_QUALITY
from node.domain.references import At, Reference
from node.domain.statements import Tri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.fingerprints import Fingerprint
    from node.domain.holdings import Holding
    from node.domain.ids import RecordId
    from node.domain.statements import Contribution
    from node.domain.verification import Verification

UNCONFIRMED: Final = "baseline:unconfirmed"
Scheme = tuple[str, str]
"""Scheme and version of categories; ("", "") for none."""


def of_holding(
    holding: Holding, said: Contribution | None, scheme: Scheme, known: Verification | None = None
) -> Reference:
    """A holding as a row. `said`: the content of its record, None if it has none; `known`: what other members say of
    the record.
    """
    row = _with_hashes(Reference(At()), holding.fingerprints)
    row = row._replace(sha256=holding.sha256, media_type=holding.media_type, size=holding.size)
    return row if said is None else _with_statement(row, said, scheme, known)


def of_record(record: RecordId, said: Contribution, scheme: Scheme, known: Verification | None = None) -> Reference:
    """A record as a row. Its identity is that of the record. `known`: what other members say of it."""
    row = _with_hashes(Reference(At(), id=str(record), media_type=said.media_type), said.fingerprints)
    return _with_statement(row, said, scheme, known)


def scheme_of(said: Contribution | None) -> Scheme:
    """The scheme of its category."""
    category = said.category if said else None
    return (category.scheme, category.version) if category else ("", "")


def _with_hashes(row: Reference, given: Sequence[Fingerprint]) -> Reference:
    # The first of a kind: further ones are of a picture without its borders.
    first = {each.code: each for each in reversed(given)}
    md5, sha1, sha256 = (first[kind.code].value if kind.code in first else b"" for kind in (MD5, SHA1, SHA256))
    row = row._replace(md5=md5, sha1=sha1, sha256=sha256)
    pdq = first.get(PDQ.code)
    if pdq is None:
        return row
    return row._replace(pdq=pdq.value, pdq_quality=UNSTATED_QUALITY if pdq.quality is None else pdq.quality)


def _with_statement(row: Reference, said: Contribution, scheme: Scheme, known: Verification | None) -> Reference:
    category = said.category
    tags = list(said.tags)
    code = None
    if category is not None and scheme == (category.scheme, category.version):
        code = category.code
    elif category is not None:
        tags.append(str(category))
    baseline = category.baseline if category else row.baseline
    if known is not None and known.is_baseline_unconfirmed(category):
        baseline = Tri.UNKNOWN
        tags.append(UNCONFIRMED)
    return row._replace(
        code=code,
        baseline=baseline,
        series=said.series,
        tags=", ".join(tags),
        victim_identified=said.victim_identified,
        offender_identified=said.offender_identified,
    )
