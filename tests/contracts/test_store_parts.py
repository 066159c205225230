"""What every store owes holdings of digests alone, further looks at a picture, notes, and the places of parts."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from node.domain.fingerprint_kinds import MD5, PDQ, PHASH, SHA1, SHA256
from node.domain.holdings import FileReference
from node.domain.material import ComposedFingerprints, PictureFingerprints
from node.domain.parts import Place, Role
from node.domain.queries import Level
from node.domain.stores import NodeStore
from tests.contracts.holdings import prints, put
from tests.contracts.parts import digests


def composed(word: str, backgrounds: tuple[str, ...] = ("white", "black")) -> PictureFingerprints:
    """A picture with looks of its own on these backgrounds."""
    looks = []
    for background in backgrounds:
        value = hashlib.sha256(f"{word} {background}".encode()).digest()
        turned = (value, *(hashlib.sha256(value + bytes([turn])).digest() for turn in range(1, 8)))
        looks.append(
            ComposedFingerprints(background=background, pdq_quality=90, pdq_orientations=turned, phash=value[:8])
        )
    return replace(prints(word), composed=tuple(looks), note="3 rows are missing")


def place(parent: str, *path: int, name: str = "", role: Role = Role.MEMBER) -> Place:
    return Place(parent=hashlib.sha256(parent.encode()).digest(), path=path, role=role, name=name)


def test_digests_alone_are_a_holding_like_any_other(store: NodeStore) -> None:
    archive = digests("archive")
    with store.write() as writer:
        number, new = writer.put_holding(archive, level=Level.HIT_NO_HIT, case="C-1", tag=b"t" * 32, now=5)
        again, _ = writer.put_holding(archive, level=Level.NATIONAL, case="C-2", tag=b"", now=6)
    assert (new, again) == (True, number)
    with store.read() as reader:
        held = reader.holding(number)
        assert held is not None
        assert held == reader.holding_by_sha256(archive.sha256)
        columns = reader.holding_columns(0, 10)
    assert held.fingerprints == held.kept == archive.fingerprints()
    assert (held.media_type, held.size, held.note, held.cases) == ("application/zip", 12, archive.note, ("C-1", "C-2"))
    assert columns is not None
    assert {each.code: each.rows.tolist() for each in columns.columns} == {
        code.code: [number] for code in (MD5, SHA1, SHA256)
    }


def test_the_looks_of_a_picture_are_found_by_and_are_none_of_its_fingerprints(store: NodeStore) -> None:
    clear, plain = composed("clear"), prints("plain")
    with store.write() as writer:
        first = put(writer, "before")
        number, _ = writer.put_holding(clear, level=Level.NATIONAL, case="C-1", tag=b"", now=5)
        last, _ = writer.put_holding(plain, level=Level.NATIONAL, case="C-1", tag=b"", now=5)
    with store.read() as reader:
        held = reader.holdings_by_id([number])[number]
        assert [each.id for each in reader.holdings(case="C-1")] == [number, last]
        (bare, _) = reader.holdings(case="C-1", bare=True)
        columns = reader.holding_columns(0, 10)
    assert held.fingerprints == clear.fingerprints()
    assert held.kept == clear.kept()
    assert [each.background for each in held.composed] == ["white", "black"]
    assert (bare.note, bare.kept) == ("3 rows are missing", ())
    assert columns is not None
    by_code = {each.code: each for each in columns.columns}
    looks = [value for each in clear.composed for value in each.fingerprints()]
    for kind in (PDQ, PHASH):
        assert by_code[kind.code].rows.tolist() == [first, number, number, number, last]
        seen = {value.tobytes() for value in by_code[kind.code].values}
        assert {each.value for each in looks if each.code == kind.code} <= seen
    assert by_code[PDQ.code].quality.tolist() == [80, 80, 90, 90, 80]
    assert by_code[SHA256.code].rows.tolist() == [first, number, last]


def test_a_place_is_kept_once_and_told_from_the_part_and_from_its_parent(store: NodeStore) -> None:
    with store.write() as writer:
        part, other, file = put(writer, "part"), put(writer, "other"), put(writer, "a.zip")
        for each in (place("a.zip", 0, name="x/\udcff.jpg"), place("a.zip", 0, name="again"), place("b.zip", 3, 1)):
            writer.put_place(part, each)
        writer.put_place(other, place("a.zip", 1, role=Role.PAGE))
    with store.read() as reader:
        assert reader.places(part, 10) == [place("a.zip", 0, name="x/\udcff.jpg"), place("b.zip", 3, 1)]
        assert reader.places(part, 1) == [place("a.zip", 0, name="x/\udcff.jpg")]
        assert reader.places(other, 10) == [place("a.zip", 1, role=Role.PAGE)]
        assert reader.places(file, 10) == []
        a, b = place("a.zip").parent, place("b.zip").parent
        assert reader.parents([part, other, file]) == {part: {a, b}, other: {a}}
        assert (reader.parts(a), reader.parts(b), reader.parts(bytes(32))) == ([part, other], [part], [])


def test_places_go_with_the_part_and_with_its_parent(store: NodeStore) -> None:
    with store.write() as writer:
        part, other, file = put(writer, "part"), put(writer, "other"), put(writer, "a.zip")
        for each in (part, other):
            writer.put_place(each, place("a.zip", each, name="a name"))
            writer.put_place(each, place("b.zip", each, name="a name"))
        writer.delete_holding(file)
    with store.read() as reader:
        assert reader.places(part, 10) == [place("b.zip", part, name="a name")]
        assert reader.parts(place("a.zip").parent) == []
    with store.write() as writer:
        writer.delete_holding(part)
        writer.end_deletions([])
    with store.read() as reader:
        assert reader.places(part, 10) == []
        assert reader.places(other, 10) == [place("b.zip", other, name="a name")]
        assert reader.parts(place("b.zip").parent) == [other]


def test_what_was_taken_in_itself_is_told_from_what_was_only_found_inside(store: NodeStore) -> None:
    with store.write() as writer:
        inside, tagged, named = put(writer, "inside"), put(writer, "tagged", tag=b"1" * 32), put(writer, "named")
        writer.put_file_reference(inside, FileReference(case="C-1", path="/a.zip", inside=""))
        writer.put_file_reference(named, FileReference(case="C-1", path="/a.zip"))
    with store.read() as reader:
        assert reader.taken_in([inside, tagged, named]) == {tagged, named}
        assert reader.file_references(inside) == [FileReference(case="C-1", path="/a.zip", inside="")]
        assert reader.file_references(named) == [FileReference(case="C-1", path="/a.zip")]
