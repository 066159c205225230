"""The Merkle tree: the outside vectors, mutated copies of them, and the compact range."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from node.errors import BadProof, Malformed, Misuse
from node.tlog import merkle

VECTOR_COUNT = 196


def read_cases(vectors: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every proof of the vectors, with its name, hashes decoded."""
    for path in sorted((vectors / "merkle").rglob("*.json")):
        case = json.loads(path.read_text())
        case["proof"] = [base64.b64decode(each) for each in case["proof"] or []]
        for name in ("root", "root1", "root2", "leafHash"):
            if name in case:
                case[name] = base64.b64decode(case[name])
        yield str(path.relative_to(vectors)), case


def check(case: dict[str, Any]) -> None:
    """Runs the verifier that a case is meant for."""
    if "leafIdx" in case:
        merkle.verify_inclusion(case["leafIdx"], case["treeSize"], case["leafHash"], case["proof"], case["root"])
    else:
        merkle.verify_consistency(case["size1"], case["size2"], case["root1"], case["root2"], case["proof"])


def accepts(case: dict[str, Any]) -> bool:
    """Whether a case verifies; anything but BadProof escapes and fails the test."""
    try:
        check(case)
    except BadProof:
        return False
    return True


def test_every_outside_vector_is_judged_as_it_says(vectors: Path) -> None:
    cases = list(read_cases(vectors))
    assert len(cases) == VECTOR_COUNT
    wrong = [name for name, case in cases if accepts(case) == case["wantErr"]]
    assert wrong == []


def test_mutated_copies_of_the_good_vectors_fail(vectors: Path) -> None:
    """A flipped bit anywhere, a hash cut, doubled, swapped, dropped or added, and nearby sizes: none may verify."""
    good = [case for name, case in read_cases(vectors) if not case["wantErr"] and case["proof"]]
    assert len(good) >= 7
    for case in good:
        mutants = list(mutate(case))
        assert len(mutants) > 10
        assert [mutant for mutant in mutants if accepts(mutant)] == []


def mutate(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Copies of a case, each wrong in one thing."""
    proof: list[bytes] = case["proof"]
    for name in [each for each in ("root", "root1", "root2", "leafHash") if each in case]:
        for at in range(len(case[name])):
            yield case | {name: flip(case[name], at)}
        yield case | {name: case[name][:-1]}
        yield case | {name: case[name] + b"\0"}
        yield case | {name: b""}
    for place, each in enumerate(proof):
        for changed in (flip(each, 0), flip(each, 31), each[:-1], each + b"\0", b""):
            yield case | {"proof": [*proof[:place], changed, *proof[place + 1 :]]}
        yield case | {"proof": proof[:place] + proof[place + 1 :]}
        yield case | {"proof": [*proof[: place + 1], *proof[place:]]}
    yield case | {"proof": [*proof, merkle.EMPTY_ROOT]}
    if len(proof) > 1:
        yield case | {"proof": proof[::-1]}
    # Sizes under which the tree has another shape on this path. (A size alone is not bound by an inclusion proof's
    # hashes: where the path is the same, the proof is as well; the signed checkpoint binds size and root.)
    for size in (0, -1, merkle.MAX_TREE_SIZE + 1):
        yield case | {"treeSize" if "treeSize" in case else "size2": size}


def flip(data: bytes, at: int) -> bytes:
    """The data with one bit of byte `at` changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


# --- the edges that RFC 9162 leaves open ------------------------------------------------------------------------------


def test_the_published_hashes_of_the_empty_tree_and_the_empty_leaf() -> None:
    """RFC 9162 2.1.1; the values are SHA-256 of nothing, and of one zero byte."""
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.CompactRange().root() == merkle.EMPTY_ROOT


def test_every_tree_extends_the_empty_one_with_an_empty_proof_only() -> None:
    some = merkle.leaf_hash(b"a")
    merkle.verify_consistency(0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, ())
    merkle.verify_consistency(0, 1, merkle.EMPTY_ROOT, some, ())
    for old_root, proof in ((some, ()), (merkle.EMPTY_ROOT, (some,))):
        with pytest.raises(BadProof):
            merkle.verify_consistency(0, 1, old_root, some, proof)


def test_two_hashes_cut_at_another_place_are_not_the_same_two_hashes() -> None:
    """A node hashes its children's 64 bytes, wherever one ends: without the check of widths all these would verify."""
    left, right = merkle.leaf_hash(b"l"), merkle.leaf_hash(b"r")
    root, both = merkle.node_hash(left, right), left + right
    merkle.verify_inclusion(0, 2, left, (right,), root)
    merkle.verify_consistency(1, 2, left, root, (right,))
    for cut in (0, 31, 33, 64):
        with pytest.raises(BadProof):
            merkle.verify_inclusion(0, 2, both[:cut], (both[cut:],), root)
        with pytest.raises(BadProof):
            merkle.verify_consistency(1, 2, both[:cut], root, (both[cut:],))


def test_an_empty_tree_holds_no_leaf() -> None:
    with pytest.raises(BadProof):
        merkle.verify_inclusion(0, 0, merkle.leaf_hash(b""), (), merkle.EMPTY_ROOT)


# --- hashing ----------------------------------------------------------------------------------------------------------


def test_many_leaf_hashes_are_those_of_one_at_a_time() -> None:
    entries = [b"", b"a", b"\0" * 65535]
    assert merkle.leaf_hashes(entries) == [merkle.leaf_hash(each) for each in entries]


def test_parents_demand_pairs() -> None:
    with pytest.raises(ValueError, match="zip"):
        merkle.parents([merkle.EMPTY_ROOT])


# --- compact range ----------------------------------------------------------------------------------------------------


def test_a_compact_range_refuses_hashes_of_another_width() -> None:
    with pytest.raises(Misuse):
        merkle.CompactRange().append_many([b"\0" * 31])
    with pytest.raises(Misuse):
        merkle.CompactRange(size=1, edge=(b"\0" * 33,))


@pytest.mark.parametrize(("size", "hashes"), [(-1, 0), (3, 1), (0, 1), (merkle.MAX_TREE_SIZE + 1, 1)])
def test_a_compact_range_refuses_an_edge_that_does_not_fit_its_size(size: int, hashes: int) -> None:
    with pytest.raises(Misuse):
        merkle.CompactRange(size=size, edge=(merkle.EMPTY_ROOT,) * hashes)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[:7],
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data + merkle.EMPTY_ROOT,
        lambda data: b"\x80" + data[1:],
        lambda data: data[:7] + b"\x07" + data[8:],
    ],
    ids=["nothing", "no whole size", "cut", "a byte more", "a hash more", "too large a size", "a size of more bits"],
)
def test_a_compact_range_is_read_only_from_what_it_wrote(spoil: Callable[[bytes], bytes]) -> None:
    data = merkle.CompactRange().append_many([merkle.leaf_hash(bytes([each])) for each in range(5)]).to_bytes()
    assert merkle.CompactRange.from_bytes(data).to_bytes() == data
    with pytest.raises(Malformed):
        merkle.CompactRange.from_bytes(spoil(data))
