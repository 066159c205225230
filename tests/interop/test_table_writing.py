"""Lists that are written and read again: every field that a format carries comes back, and the rest is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import shake_256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.fingerprint_kinds import MD5, SHA1, SHA256, FingerprintKind
from node.domain.references import At, ListHead, Reference, Withdrawal
from node.domain.statements import Tri
from node.errors import Misuse
from node.interop.csv_writing import write_csv
from node.interop.hashes_writing import write_hashes
from node.interop.icse_writing import NO_HASH_OF_ICSE, write_icse
from node.interop.left_out import LeftOut
from node.interop.ncmec_writing import NO_MEDIA_TYPE, Sender, write_ncmec
from tests.interop.expected import items

NOWHERE = At()
SENDER = Sender(number=99, name="A & B <unit>", time="2024-01-07T00:00:00Z")


def digests(size: int) -> st.SearchStrategy[bytes]:
    """A hash made of a number: drawing hundreds of bytes takes long."""
    return st.integers(0, 1_000).map(lambda number: shake_256(f"{size} {number}".encode()).digest(size))


def maybe(strategy: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.one_of(st.just(b""), strategy)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=40).map(str.strip)
formulas = st.tuples(st.sampled_from(["=", "+", "-", "@", "'=", "''+", "'", '"', ";", "#"]), texts).map("".join)
words = st.one_of(texts, formulas.map(str.strip))
flags = st.sampled_from(list(Tri))


def _row(fields: dict[str, Any]) -> Reference:
    return Reference(NOWHERE, **fields)


rows = st.fixed_dictionaries(
    {
        "id": words,
        "md5": digests(16),
        "sha1": maybe(digests(20)),
        "sha256": maybe(digests(32)),
        "pdq": maybe(digests(32)),
        "pdq_quality": st.integers(-1, 100),
        "photodna": maybe(digests(144)),
        "code": st.one_of(st.none(), words.filter(bool)),
        "victim_identified": flags,
        "offender_identified": flags,
        "distributed": flags,
        "baseline": flags,
        "series": words,
        "tags": words,
        "media_type": st.sampled_from(["", "image", "video"]),
        "size": st.integers(-1, 2**63 - 1),
    }
).map(_row)
lists = st.lists(rows, max_size=3)


def read(data: bytes, name: str) -> list[Reference]:
    """The rows of a file, without what only their place and their words say."""
    found = [item for item in items(data, name=name) if isinstance(item, Reference)]
    return [row._replace(at=NOWHERE, said="", warnings=()) for row in found]


def assert_same(got: Sequence[Reference], wanted: Sequence[Reference]) -> None:
    """Field by field: a difference of whole rows takes pytest very long to show."""
    assert len(got) == len(wanted)
    for mine, theirs in zip(got, wanted, strict=True):
        for name in Reference._fields:
            assert repr(getattr(mine, name)) == repr(getattr(theirs, name)), name


def without(row: Reference, *names: str) -> Reference:
    absent = Reference(NOWHERE)._asdict()
    return row._replace(**{name: absent[name] for name in names})


@settings(max_examples=50)
@given(lists)
def test_csv_carries_every_field(given_rows: list[Reference]) -> None:
    left_out = LeftOut()
    data = b"".join(write_csv(given_rows, left_out, scheme="us-vics", scheme_version="2.0"))
    assert_same(read(data, "csv"), given_rows)
    [head] = [item for item in items(data, name="csv") if isinstance(item, ListHead)]
    assert (head.scheme, head.scheme_version) == ("us-vics", "2.0")
    assert not left_out
    assert data == b"".join(write_csv(given_rows, LeftOut(), scheme="us-vics", scheme_version="2.0"))


@settings(max_examples=50)
@given(lists)
def test_icse_carries_what_it_has_columns_for(given_rows: list[Reference]) -> None:
    lost = ("sha256", "pdq", "pdq_quality", "code", "tags", "size")
    left_out = LeftOut()
    data = b"".join(write_icse(given_rows, left_out))
    assert_same(read(data, "icse"), [without(row, *lost) for row in given_rows])
    assert set(left_out) <= set(lost)
    assert left_out["tags"] == sum(row.tags != "" for row in given_rows)


def test_icse_leaves_rows_out_that_it_cannot_carry() -> None:
    left_out = LeftOut()
    assert b"".join(write_icse([Reference(NOWHERE, pdq=bytes(range(32)))], left_out)).count(b"\n") == 1
    assert left_out == {NO_HASH_OF_ICSE: 1}


def page(rows_of_page: Sequence[Reference | Withdrawal], left_out: LeftOut | None = None) -> bytes:
    counted = LeftOut() if left_out is None else left_out
    return b"".join(write_ncmec(lambda: rows_of_page, counted, SENDER))


members = st.from_regex(r"[0-9]{1,6}", fullmatch=True)
ids = st.from_regex(r"[A-Za-z0-9&<>\"' ._-]{0,20}[A-Za-z0-9]", fullmatch=True).map(str.strip)
medias = st.sampled_from(["image", "video"])
entries = st.tuples(rows, members, ids, medias, st.sampled_from([None, "A1", "A2", "B1", "B2"])).map(
    lambda made: without(
        made[0], "sha256", "pdq_quality", "series", "tags", "size", "distributed", "baseline"
    )._replace(
        id=f"{made[1]}/{made[2]} ({made[3]})",
        media_type=made[3],
        code=made[4],
        victim_identified=Tri.UNKNOWN,
        offender_identified=Tri.UNKNOWN,
        changed="2024-01-05T00:00:00Z",
    )
)


@settings(max_examples=50)
@given(st.lists(entries, max_size=3))
def test_ncmec_carries_entries_images_first(given_rows: list[Reference]) -> None:
    left_out = LeftOut()
    data = page(given_rows, left_out)
    assert_same(read(data, "ncmec"), sorted(given_rows, key=lambda row: row.media_type))
    assert not left_out
    assert data == page(given_rows)


@settings(max_examples=50)
@given(lists)
def test_ncmec_gives_every_row_an_identity(given_rows: list[Reference]) -> None:
    left_out = LeftOut()
    found = read(page(given_rows, left_out), "ncmec")
    assert sorted(row.md5 for row in found) == sorted(row.md5 for row in given_rows)
    assert all(row.id.endswith((" (image)", " (video)")) for row in found)
    assert left_out[NO_MEDIA_TYPE] == sum(row.media_type == "" for row in given_rows)


def test_ncmec_takes_entries_back() -> None:
    gone = Withdrawal(NOWHERE, "7/x (video)", changed="2024-01-06T00:00:00Z")
    found = [item for item in items(page([gone]), name="ncmec") if isinstance(item, Withdrawal)]
    assert [item._replace(at=NOWHERE) for item in found] == [gone]


@settings(max_examples=50)
@given(lists)
def test_ncmec_takes_back_what_it_wrote(given_rows: list[Reference]) -> None:
    before = {(row.id, row.media_type) for row in read(page(given_rows), "ncmec")}
    gone = [Withdrawal(NOWHERE, row.id, row) for row in given_rows]
    data = page(gone)
    found = [item for item in items(data, name="ncmec") if isinstance(item, Withdrawal)]
    assert {item.id for item in found} == {name for name, _ in before}
    for row in given_rows:
        assert not any(value.hex().encode() in data for value in (row.md5, row.sha1, row.pdq) if value)


def test_ncmec_takes_back_an_image_and_a_video_where_nobody_knows_which_it_was() -> None:
    records = [
        Reference(NOWHERE, id="r", md5=bytes(range(16)), media_type=media) for media in ("image/png", "video/mp4")
    ]
    gone = [item for item in items(page([Withdrawal(NOWHERE, "r")]), name="ncmec") if isinstance(item, Withdrawal)]
    assert {item.id for item in gone} == {row.id for row in read(page(records), "ncmec")}
    left_out = LeftOut()
    page([Withdrawal(NOWHERE)], left_out)
    assert left_out == {"a withdrawal that names nothing": 1}


def test_ncmec_states_the_latest_time_of_each_frame() -> None:
    first = Reference(NOWHERE, id="7/a (image)", md5=bytes(range(16)), changed="2024-01-05T00:00:00Z")
    text = page([first, first._replace(id="7/b (image)", changed="yesterday")]).decode()
    assert '<images count="2" maxTimestamp="2024-01-07T00:00:00Z">' in text
    assert '<videos count="0">' in text
    with pytest.raises(Misuse):
        list(write_ncmec(list, LeftOut(), SENDER._replace(time="today")))


@settings(max_examples=50)
@given(lists, st.sampled_from([MD5, SHA1, SHA256]))
def test_hashes_are_written_without_names(given_rows: list[Reference], kind: FingerprintKind) -> None:
    left_out = LeftOut()
    data = b"".join(write_hashes(given_rows, left_out, kind))
    values = [value for row in given_rows if (value := getattr(row, kind.name))]
    assert [getattr(row, kind.name) for row in read(data, f"{kind.name}sum")] == values
    assert left_out[f"no {kind.name}"] == len(given_rows) - len(values)


def test_no_cell_begins_as_a_formula_does() -> None:
    made: Iterable[Reference] = [
        Reference(NOWHERE, md5=bytes(range(16)), series=f"{sign}SUM(1)", tags=f"'{sign}1", id=f"{sign}x")
        for sign in "=+-@"
    ]
    lines = b"".join(write_csv(made, LeftOut())).decode().splitlines()[1:]
    assert len(lines) == 4
    for line in lines:
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line.split(","))
    assert_same(read(b"".join(write_csv(made, LeftOut())), "csv"), list(made))
