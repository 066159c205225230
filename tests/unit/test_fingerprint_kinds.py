"""Each kind of fingerprint through the table of each layer: a kind without a row somewhere fails here."""

from base64 import b64encode
from dataclasses import replace

import numpy as np
import pytest

from node.cli.words import kind_words
from node.domain.algorithms import ALGORITHM_BY_NAME, ALGORITHMS, VIDEOS, possible, strength_of, told_first
from node.domain.batch import FingerprintColumns, column
from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import (
    FRAME,
    KIND_BY_CODE,
    KIND_BY_NAME,
    KINDS,
    MD5,
    PDQ,
    PHASH,
    PHOTODNA,
    SHA1,
    SHA256,
    FingerprintKind,
    name_of,
)
from node.domain.fingerprints import Fingerprint, parse
from node.domain.queries import MatchRule, Subject
from node.domain.search_ports import Probe, RawHit
from node.domain.statements import Contribution
from node.interop.hash_lines import fingerprint_of, kind_named
from node.interop.kind_spellings import BY_DIGITS, SPELLINGS
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.match.searched_kinds import SEARCHED_KINDS
from node.store.kept_kinds import COLUMNS, LISTED, NOT_KEPT, NOT_LISTED, PACKED
from node.usecases.search_terms import matchable, probes_of
from node.usecases.search_terms import searched_kinds as told_kinds
from node.wire.convert_statements import decode_body, encode_body

every = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
searched = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.searched], ids=lambda kind: kind.name)


def sound(kind: FingerprintKind, value: bytes = b"") -> Fingerprint:
    """A fingerprint of this kind that may match: half of its bits are set."""
    return Fingerprint(
        code=kind.code, value=value or bytes([0x0F]) * kind.size, quality=90 if kind.has_quality else None
    )


def material(kind: FingerprintKind) -> tuple[Fingerprint, ...]:
    """The same, beside a hash of the kind that vouches for it where it needs one."""
    return (sound(kind),) if kind.vouched_by is None else (sound(kind.vouched_by), sound(kind))


def codes(*kinds: FingerprintKind) -> frozenset[int]:
    return frozenset([kind.code for kind in kinds])


def index_of(*prints: Fingerprint) -> LocalIndex:
    index = LocalIndex(workers=1)
    columns = [
        column(each.code, [1], [each.value], [-1 if each.quality is None else each.quality], len(each.value))
        for each in prints
    ]
    index.add(0, FingerprintColumns(columns=columns))
    return index


def test_kinds_have_names_codes_and_places_of_their_own() -> None:
    assert len(KIND_BY_CODE) == len(KIND_BY_NAME) == len(KINDS)
    assert len({each.strength for each in ALGORITHMS}) == len(ALGORITHMS) == len(KINDS) + 1
    assert name_of(999) == "unknown-999"


@every
def test_what_a_kind_says_of_itself_fits_together(kind: FingerprintKind) -> None:
    assert kind.label
    assert kind.size > 0
    assert not kind.exact or (kind.radius(31) == 0 and kind.telling is None and not kind.is_pdq)
    assert kind.telling is None or 0 < kind.telling[0] < kind.telling[1] < 8 * kind.size
    assert not kind.is_pdq or (kind.size == PDQ.size and kind.radius(17) == 17)
    assert kind.oriented + kind.timed <= 1
    assert kind.vouched_by is None or (kind.vouched_by.has_quality and not kind.vouched_by.second_opinion)


@every
def test_a_kind_is_the_algorithm_of_its_hits(kind: FingerprintKind) -> None:
    algorithm = ALGORITHM_BY_NAME[kind.name]
    assert kind.name in possible(codes(kind))
    assert kind.name in algorithm.searched_by
    assert algorithm.distance is not kind.exact
    assert kind_words(kind.name) == kind.label


@every
def test_the_index_searches_what_a_kind_says_is_searched(kind: FingerprintKind) -> None:
    assert (kind in SEARCHED_KINDS) is kind.searched
    assert (kind.name in LocalIndex(workers=1).versions()) is kind.searched


@every
def test_the_store_knows_where_a_kind_is_kept(kind: FingerprintKind) -> None:
    assert (kind in COLUMNS) + (kind in PACKED) + (kind in NOT_KEPT) == 1
    assert (kind in LISTED) + (kind in NOT_LISTED) == 1
    kept = [table[kind] for table in (COLUMNS, LISTED) if kind in table]
    assert all((each.quality is not None) is kind.has_quality for each in kept)


@every
def test_a_kind_travels(kind: FingerprintKind) -> None:
    one = replace(sound(kind), at=1_500 if kind.timed else None)
    body = encode_body(Contribution(fingerprints=(one,), media_type="image/jpeg"))
    said = decode_body(Kind.CONTRIBUTION, body)
    assert isinstance(said, Contribution)
    assert said.fingerprints == (one,)


@every
def test_lists_of_others_may_name_a_kind(kind: FingerprintKind) -> None:
    assert all(kind_named(name) is kind for name in (kind.name, kind.name.upper(), *SPELLINGS[kind].names))
    assert fingerprint_of(kind, "0f" * kind.size).value == sound(kind).value
    if kind.base64:
        written = b64encode(sound(kind).value).decode()
        assert fingerprint_of(kind, written) == parse(f"{kind.name}:{written}") == sound(kind)
    assert BY_DIGITS.get(2 * kind.size) is (kind if SPELLINGS[kind].bare else None)


@searched
def test_a_searched_kind_is_found_from_material_to_evidence(kind: FingerprintKind) -> None:
    subject = Subject(fingerprints=material(kind))
    may = matchable([subject], 50)
    probes = probes_of([subject], MatchRule.POLICY, matching=may)
    assert kind.code in {probe.code for probe in probes}
    with_kind = index_of(sound(kind))
    best = rank(with_kind.search([probe for probe in probes if probe.code == kind.code], 31))
    assert [(hit.row, hit.code, hit.distance) for hit in best] == [(1, kind.code, 0)]
    told = told_kinds([subject], with_kind.versions(), MatchRule.POLICY, matching=may)
    assert (kind.name, True) in {(each.name, each.searched) for each in told}


@every
def test_a_kind_that_is_not_searched_finds_nothing_and_is_told_as_not_searched(kind: FingerprintKind) -> None:
    if kind.searched:
        assert sound(kind).searchable
        return
    assert not sound(kind).searchable
    assert index_of(sound(kind)).search([Probe(0, kind.code, sound(kind).value)], 31) == []


def test_hits_on_one_pair_are_kept_in_this_order() -> None:
    names = sorted(ALGORITHM_BY_NAME, key=strength_of)
    assert names == [each.name for each in (SHA256, PDQ, SHA1, MD5, VIDEOS, FRAME, PHASH, PHOTODNA)]
    assert strength_of("of a later version") > max(map(strength_of, names))


def test_another_member_is_told_of_the_strongest_in_this_order() -> None:
    names = [each.name for each in ALGORITHMS]
    expected = [each.name for each in (SHA256, SHA1, MD5, PDQ, PHOTODNA, FRAME, VIDEOS, PHASH)]
    assert sorted(names, key=told_first) == expected


def test_a_question_may_have_hits_by_its_kinds_and_by_what_frames_add() -> None:
    assert possible(codes(SHA256)) == {"sha256"}
    assert possible(codes(PDQ, PHASH)) == {"pdq", "phash", "vpdq-frame"}
    assert possible(codes(FRAME)) == {"vpdq-frame", "vpdq"}
    assert possible(codes()) == frozenset()


def test_photodna_matches_as_a_whole_and_proves_no_same_file() -> None:
    rng = np.random.default_rng(7)
    held, other = rng.bytes(PHOTODNA.size), rng.bytes(PHOTODNA.size)
    index = index_of(sound(PHOTODNA, held))
    subjects = [Subject(fingerprints=(sound(PHOTODNA, value),)) for value in (held, other)]
    probes = probes_of(subjects, MatchRule.POLICY, matching=matchable(subjects, 50), abroad=True)
    hits = rank(index.search(probes, 31))
    assert [(hit.subject, hit.row, hit.code, hit.distance) for hit in hits] == [(0, 1, PHOTODNA.code, 0)]
    weak = RawHit(0, 0, 2, MD5.code, 0, -1, 0)
    assert rank([*hits, weak]) == [weak, *hits], "an equal digest says more than an equal look"
    index.merge()
    assert rank(index.search(probes, 31)) == hits
