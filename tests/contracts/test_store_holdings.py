"""What every store owes holdings."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from node.domain.fingerprint_kinds import FRAME, MD5, PDQ, PHASH, SHA1, SHA256
from node.domain.holdings import MAX_REFERENCES, Deletion, FileReference
from node.domain.ids import RecordId
from node.domain.material import Animation, MaterialFingerprints, PictureFingerprints
from node.domain.queries import Level
from node.domain.stores import NodeStore
from node.errors import NotFound
from tests.contracts.holdings import prints, put, video
from tests.simulator.batches import FR


def animation(word: str, frames: int = 3) -> PictureFingerprints:
    film = video(word, frames)
    moves = Animation(frames=film.frames, between=film.between, milliseconds=film.milliseconds)
    return replace(prints(word), media_type="image/gif", animation=moves)


def test_a_holding_is_kept_whole(store: NodeStore) -> None:
    with store.write() as writer:
        number, new = writer.put_holding(prints("a"), level=Level.HIT_NO_HIT, case="C-1", tag=b"t" * 32, now=1_234)
    assert new
    with store.read() as reader:
        held = reader.holding(number)
        assert held is not None
        assert held == reader.holding_by_sha256(prints("a").sha256)
        assert reader.holding(number + 1) is None
        assert reader.holding_by_sha256(bytes(32)) is None
    assert (held.id, held.sha256, held.media_type, held.size) == (number, prints("a").sha256, "image/jpeg", 1_001)
    assert (held.level, held.added_at, held.cases, held.record) == (Level.HIT_NO_HIT, 1_234, ("C-1",), None)
    assert held.fingerprints == prints("a").fingerprints()


def test_a_video_is_kept_with_its_frames_and_without_what_lies_between(store: NodeStore) -> None:
    film = video("film")
    with store.write() as writer:
        number, _ = writer.put_holding(film, level=Level.NATIONAL, case="C-1", tag=b"", now=1_234)
    with store.read() as reader:
        held = reader.holding(number)
        assert held is not None
        assert held == reader.holding_by_sha256(film.sha256)
        assert [held] == reader.holdings(case="C-1")
    assert held.fingerprints == film.fingerprints()
    assert (held.media_type, held.size) == ("video/mp4", 9_000)
    assert [f.at for f in held.fingerprints if f.code == FRAME.code] == [0, 1_000, 2_000]


def test_an_animated_picture_is_kept_as_a_picture_with_its_frames(store: NodeStore) -> None:
    moving, still = animation("moving"), prints("still")
    with store.write() as writer:
        for each in (moving, still):
            writer.put_holding(each, level=Level.NATIONAL, case="C-1", tag=b"", now=1_234)
    with store.read() as reader:
        held = {each.sha256: each for each in reader.holdings(case="C-1")}
        assert held[moving.sha256] == reader.holding_by_sha256(moving.sha256)
        assert held == {each.sha256: each for each in reader.holdings_by_id([1, 2, 3]).values()}
    assert held[moving.sha256].fingerprints == moving.fingerprints()
    assert [f.code for f in moving.fingerprints()] == [1, 2, 3, PDQ.code, PHASH.code] + [FRAME.code] * 3
    assert held[still.sha256].fingerprints == still.fingerprints()


def test_pages_end_where_their_frames_are_many(store: NodeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.store.frames.FRAMES_AT_ONCE", 5)
    made: list[MaterialFingerprints] = [
        prints("a"),
        animation("b", 3),
        prints("c"),
        video("d", 2),
        animation("e", 9),
        prints("f"),
    ]
    with store.write() as writer:
        ids = [writer.put_holding(each, level=Level.NATIONAL, case="", tag=b"", now=1)[0] for each in made]
    seen: dict[int, list[tuple[int, bytes]]] = {}
    after = 0
    with store.read() as reader:
        while page := reader.holding_columns(after, 10):
            after = max(int(each.rows[-1]) for each in page.columns)
            for each in page.columns:
                given = zip(each.rows.tolist(), [value.tobytes() for value in each.values], strict=True)
                seen.setdefault(each.code, []).extend(given)
    for code in (SHA256.code, PDQ.code, FRAME.code):
        expected = [
            (row, f.value) for row, one in zip(ids, made, strict=True) for f in one.fingerprints() if f.code == code
        ]
        assert seen[code] == expected


def test_pictures_and_videos_are_scanned_together(store: NodeStore) -> None:
    with store.write() as writer:
        picture = put(writer, "a")
        films = [
            writer.put_holding(video(word, frames), level=Level.NATIONAL, case="", tag=b"", now=1)[0]
            for word, frames in (("b", 2), ("c", 3))
        ]
        last = put(writer, "d")
    with store.read() as reader:
        found = reader.holding_columns(0, 10)
        assert found is not None
        by_code = {each.code: each for each in found.columns}
        assert by_code[SHA256.code].rows.tolist() == [picture, *films, last]
        assert by_code[PDQ.code].rows.tolist() == by_code[PHASH.code].rows.tolist() == [picture, last]
        frames = by_code[FRAME.code]
        assert frames.rows.tolist() == [films[0]] * 2 + [films[1]] * 3
        expected = [frame for word, count in (("b", 2), ("c", 3)) for frame in video(word, count).frames]
        assert [value.tobytes() for value in frames.values] == [frame.pdq for frame in expected]
        assert frames.quality.tolist() == [frame.quality for frame in expected]
        only = reader.holding_columns(films[1], 10)
        assert only is not None
        assert FRAME.code not in {each.code for each in only.columns}


def test_a_known_holding_gains_case_and_tag_and_its_level_only_rises(store: NodeStore) -> None:
    with store.write() as writer:
        first = put(writer, "a", level=Level.HIT_NO_HIT, case="C-2", tag=b"1" * 32)
        again, new = writer.put_holding(prints("a"), level=Level.NATIONAL, case="C-1", tag=b"2" * 32, now=9)
        assert (again, new) == (first, False)
    with store.read() as reader:
        held = reader.holding(first)
        assert held is not None
        assert (held.level, held.cases) == (Level.HIT_NO_HIT, ("C-1", "C-2"))
        assert reader.known_tags([b"1" * 32, b"2" * 32, b"3" * 32]) == {b"1" * 32, b"2" * 32}
    with store.write() as writer:
        put(writer, "a", level=Level.SHARED, case="C-1", tag=b"1" * 32)
    with store.read() as reader:
        held = reader.holding(first)
        assert held is not None
        assert (held.level, held.cases) == (Level.SHARED, ("C-1", "C-2"))


def test_holdings_are_listed_by_case_and_in_pages(store: NodeStore) -> None:
    with store.write() as writer:
        ids = [put(writer, f"{number}", case="odd" if number % 2 else "even") for number in range(7)]
        put(writer, "1", case="even")
    with store.read() as reader:
        assert [each.id for each in reader.holdings()] == ids
        assert [each.id for each in reader.holdings(after=ids[1], limit=3)] == ids[2:5]
        assert [each.id for each in reader.holdings(case="odd")] == ids[1::2]
        assert [each.id for each in reader.holdings(case="even", after=ids[0])] == [ids[1], ids[2], ids[4], ids[6]]
        assert reader.holdings(case="other") == []


def test_the_newest_holdings_come_first_on_request_and_known_cases_are_told(store: NodeStore) -> None:
    with store.write() as writer:
        numbers = [put(writer, f"{each}", case=f"C-{each % 2}") for each in range(6)]
    with store.read() as reader:
        newest = reader.holdings(before=numbers[4], limit=2)
        assert [each.id for each in newest] == [numbers[3], numbers[2]]
        assert [each.id for each in reader.holdings(case="C-1", before=10**9)] == [numbers[5], numbers[3], numbers[1]]
        assert reader.known_cases(["C-0", "C-2", "C-1"]) == {"C-0", "C-1"}


def test_a_holding_is_found_by_the_record_made_of_it(store: NodeStore) -> None:
    record, other = RecordId(FR, b"r" * 32), RecordId(FR, b"o" * 32)
    with store.write() as writer:
        first, second = put(writer, "a"), put(writer, "b")
        writer.set_record(first, record)
        writer.set_record(second, record)
    with store.read() as reader:
        assert [each.id for each in reader.holdings_of_record(record)] == [first, second]
        assert reader.holdings_of_record(other) == []
        held = reader.holding(first)
        assert held is not None
        assert held.record == record
    with store.write() as writer:
        writer.set_record(first, None)
        writer.set_record(second, other)
    with store.read() as reader:
        assert reader.holdings_of_record(record) == []
        assert [each.id for each in reader.holdings_of_record(other)] == [second]


def test_levels_are_set_and_counted(store: NodeStore) -> None:
    with store.write() as writer:
        ids = [put(writer, f"{number}") for number in range(3)]
        writer.set_level(ids[0], Level.SHARED)
        writer.set_level(ids[0], Level.HIT_NO_HIT)
    with store.read() as reader:
        assert reader.holding_levels() == {Level.NATIONAL: 2, Level.HIT_NO_HIT: 1, Level.SHARED: 0}


def test_changing_a_holding_that_is_not_there_is_refused(store: NodeStore) -> None:
    with pytest.raises(NotFound), store.write() as writer:
        writer.set_level(5, Level.SHARED)
    with pytest.raises(NotFound), store.write() as writer:
        writer.set_record(5, None)


def test_the_bulk_scan_gives_every_fingerprint_once_by_kind(store: NodeStore) -> None:
    with store.write() as writer:
        ids = [put(writer, f"{number}") for number in range(5)]
    seen: dict[int, list[tuple[int, bytes, int]]] = {}
    after = 0
    with store.read() as reader:
        while (found := reader.holding_columns(after, 2)) is not None:
            for each in found.columns:
                rows = zip(each.rows.tolist(), map(bytes, each.values), each.quality.tolist(), strict=True)
                seen.setdefault(each.code, []).extend(rows)
            (exact,) = (each for each in found.columns if each.code == SHA256.code)
            after = int(exact.rows[-1])
    assert set(seen) == {MD5.code, SHA1.code, SHA256.code, PDQ.code, PHASH.code}
    expected = [prints(f"{number}") for number in range(5)]
    assert seen[PDQ.code] == [(row, each.pdq, 80) for row, each in zip(ids, expected, strict=True)]
    assert seen[MD5.code] == [(row, each.md5, -1) for row, each in zip(ids, expected, strict=True)]
    assert [row for row, _, _ in seen[SHA256.code]] == ids


def test_many_tags_are_looked_up_at_once(store: NodeStore) -> None:
    tags = [hashlib.sha256(b"%d" % number).digest() for number in range(1_500)]
    with store.write() as writer:
        put(writer, "a", tag=tags[3])
        put(writer, "b", tag=tags[1_400])
    with store.read() as reader:
        assert reader.known_tags(tags) == {tags[3], tags[1_400]}


# --- deleting, cases and references -----------------------------------------------------------------------------------


def test_a_deleted_holding_is_gone_with_all_that_belongs_to_it_and_its_id_is_not_used_again(store: NodeStore) -> None:
    with store.write() as writer:
        first = put(writer, "a", case="C-1", tag=b"1" * 32)
        film, _ = writer.put_holding(video("b"), level=Level.HIT_NO_HIT, case="C-1", tag=b"2" * 32, now=1)
        writer.put_file_reference(film, FileReference(case="C-1", path="/evidence/b.mp4"))
        writer.delete_holding(film)
        with pytest.raises(NotFound):
            writer.delete_holding(film)
    with store.read() as reader:
        assert [each.id for each in reader.holdings()] == [first]
        assert reader.holding(film) is None
        assert reader.holding_by_sha256(video("b").sha256) is None
        assert reader.file_references(film) == []
        assert reader.known_tags([b"1" * 32, b"2" * 32]) == {b"1" * 32}
        assert reader.holding_levels() == {Level.NATIONAL: 1, Level.HIT_NO_HIT: 0, Level.SHARED: 0}
        assert reader.cases("", 10) == [("C-1", 1)]
        assert reader.last_holding() == film
        columns = reader.holding_columns(0, 10)
        assert columns is not None
        assert {int(row) for column in columns.columns for row in column.rows} == {first}
    with store.write() as writer:
        assert put(writer, "c") == film + 1


def test_a_holding_that_leaves_a_case_stays_in_the_others_and_can_be_taken_in_again(store: NodeStore) -> None:
    with store.write() as writer:
        number = put(writer, "a", case="C-1", tag=b"1" * 32)
        put(writer, "a", case="C-2", tag=b"2" * 32)
        for case in ("C-1", "C-2"):
            writer.put_file_reference(number, FileReference(case=case, path=f"/evidence/{case}"))
        writer.leave_case(number, "C-1")
    with store.read() as reader:
        held = reader.holding(number)
        assert held is not None
        assert held.cases == ("C-2",)
        assert reader.file_references(number) == [FileReference(case="C-2", path="/evidence/C-2")]
        assert reader.known_tags([b"1" * 32, b"2" * 32]) == set()
        assert reader.cases("", 10) == [("C-2", 1)]


def test_references_are_kept_once_in_order_and_not_without_end(store: NodeStore) -> None:
    odd = "/evidence/" + b"\xff\xfe".decode("utf-8", "surrogateescape")
    with store.write() as writer:
        number = put(writer, "a", case="C-1")
        for path in (odd, odd, "/evidence/a"):
            writer.put_file_reference(number, FileReference(case="C-1", path=path))
        for place in range(MAX_REFERENCES):
            writer.put_file_reference(number, FileReference(case="C-2", path=f"/icons/{place}"))
        writer.put_file_reference(number, FileReference(case="C-2", path="/one/too/many"))
    with store.read() as reader:
        kept = reader.file_references(number)
        assert [each.path for each in kept if each.case == "C-1"] == [odd, "/evidence/a"]
        assert [each.path for each in kept if each.case == "C-2"] == [f"/icons/{n}" for n in range(MAX_REFERENCES)]


def test_holdings_are_listed_by_level_and_without_their_fingerprints(store: NodeStore) -> None:
    with store.write() as writer:
        put(writer, "a", case="C-1")
        second = put(writer, "b", case="C-1", level=Level.HIT_NO_HIT)
        put(writer, "c", case="C-2", level=Level.HIT_NO_HIT)
    with store.read() as reader:
        (found,) = reader.holdings(case="C-1", level=Level.HIT_NO_HIT, bare=True)
        whole = reader.holding(second)
        assert whole is not None
        assert found == replace(whole, fingerprints=())
        assert len(reader.holdings(level=Level.HIT_NO_HIT)) == 2
        assert reader.cases("C-1", 10) == [("C-2", 1)]
        assert reader.cases("", 1) == [("C-1", 2)]


def test_a_deletion_stays_written_down_until_it_is_ended(store: NodeStore) -> None:
    wanted = [Deletion(holding=1, sha256=b"1" * 32, reason=3), Deletion(holding=2, sha256=b"2" * 32, case="C-1")]
    with store.write() as writer:
        writer.put_deletions(wanted)
    with store.write() as writer:
        first, second = writer.deletions(0, 10)
        assert [replace(each, id=0) for each in (first, second)] == wanted
        assert writer.deletions(first.id, 10) == [second]
        writer.end_deletions([first.id])
        assert writer.deletions(0, 10) == [second]
