"""ICSE CSV: columns, cells, codings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.interop.second_set.made import (
    EMPTY_INPUT,
    EMPTY_SHA1,
    NO_HASH,
    PLACEHOLDER,
    Made,
    Page,
    Row,
    accepted,
    bad,
    base64_of,
    dna,
    made,
    md5,
    refused,
    rejected,
    row,
    sha1,
    truncated,
)

ALL: tuple[str, ...] = (
    "MD5",
    "SHA1",
    "ZZ40",
    "PhotoDNA",
    "Lace",
    "Image ID",
    "Is distributed",
    "Victim identified",
    "Offender identified",
    "Series name",
    "Investigation name",
    "Agency",
    "Number of submissions",
    "File Available",
    "Media Type",
    "Baseline",
)
TWELVE = tuple(each for each in ALL if each not in ("ZZ40", "Lace", "Investigation name", "Agency"))
NO_CODE = None


def cells(label: object, **cell: str) -> dict[str, str]:
    """A whole line of values. A name of a column is written with `_` for a space."""
    whole = {
        "MD5": md5(label),
        "SHA1": sha1(label),
        "ZZ40": "AB" * 16,
        "PhotoDNA": dna(label).hex().upper(),
        "Lace": base64_of(bytes(129)),
        "Image ID": f"X{label}",
        "Is distributed": "Y",
        "Victim identified": "N",
        "Offender identified": "N",
        "Series name": "",
        "Investigation name": "Secret investigation",
        "Agency": "Secret agency",
        "Number of submissions": "1,5",
        "File Available": "True",
        "Media Type": "Image",
        "Baseline": "Yes",
    }
    return whole | {name.replace("_", " "): value for name, value in cell.items()}


FLAGS = {"distributed": "yes", "victim_identified": "no", "offender_identified": "no", "baseline": "yes"}


def kept(at: dict[str, int], label: object, **more: object) -> Row:
    flags = FLAGS | dict(more.pop("flags", {}))  # type: ignore[call-overload]
    hashes = more.pop("hashes", {"md5": md5(label), "sha1": sha1(label), "photodna": dna(label).hex()})
    return row(at, hashes, flags=flags, **({"media_type": "image"} | more))  # type: ignore[arg-type]


def written(
    columns: Sequence[str], lines: Sequence[dict[str, str] | str], page: Page, *, extra: str = "", last: str = "\n"
) -> Page:
    page.add(";".join(columns) + "\n")
    for n, line in enumerate(lines):
        text = line if isinstance(line, str) else ";".join(line[name] for name in columns) + extra
        page.record(text)
        page.add("\n" if n < len(lines) - 1 else last)
    return page


def files() -> Iterator[Made]:
    yield from _columns()
    yield from _codings()
    yield _quoted()
    yield from _flags()
    yield _hashes()
    yield from _faults()


def _columns() -> Iterator[Made]:
    lines = [cells("a"), cells("b", Media_Type="Video", Series_name="Sérîe")]
    told: dict[str, Any] = {"notices": ["not-searched"], "must_not_appear": ["Secret"]}
    for name, columns in (("16", tuple(ALL)), ("16-reversed", ALL[::-1]), ("16-rotated", ALL[7:] + ALL[:7])):
        for extra in ("", ";"):
            page = written(columns, lines, Page(), extra=extra)
            rows = [kept(page.records[0], "a"), kept(page.records[1], "b", media_type="video", series="Sérîe")]
            expected = accepted(rows, **told)
            # An empty column more is what the real file has: told or not.
            more = expected | {"warnings": ["columns-differ", "not-searched"]}
            yield made(
                f"icse/{name}{'-one-more' if extra else ''}.csv",
                page.data,
                *((more, expected) if extra else (expected,)),
            )
    for name, columns in (
        ("12", tuple(TWELVE)),
        ("12-reversed", TWELVE[::-1]),
        ("14", tuple(e for e in ALL if e not in ("Lace", "Agency"))),
    ):
        page = written(columns, lines, Page(), last="")
        rows = [kept(page.records[0], "a"), kept(page.records[1], "b", media_type="video", series="Sérîe")]
        expected = accepted(rows, must_not_appear=["Secret"])
        if name == "14":
            expected |= {"warnings": ["not-searched"]}
        yield made(f"icse/{name}.csv", page.data, expected)
    spelt = tuple(each.upper() for each in TWELVE)
    page = Page().add(";".join(spelt) + "\n").record(";".join(cells("u")[name] for name in TWELVE)).add("\n")
    yield made("icse/12-upper-case.csv", page.data, accepted([kept(page.records[0], "u")]))
    page = written(TWELVE, [cells("v")], Page())
    data = page.data.replace(b"Is distributed", b" Is distributed ", 1)
    moved = page.records[0] | {"offset": page.records[0]["offset"] + 2}
    yield made("icse/12-spaces-in-the-header.csv", data, accepted([kept(moved, "v")]))
    quoted = ";".join(f'"{each}"' for each in TWELVE)
    page = Page().add(quoted + "\n").record(";".join(f'"{cells("q")[name]}"' for name in TWELVE)).add("\n")
    yield made("icse/12-quoted.csv", page.data, accepted([kept(page.records[0], "q")]))
    yield made(
        "icse/only-the-header.csv", (";".join(ALL) + "\n").encode(), accepted(), accepted(notices=["empty-file"])
    )
    page = written((*TWELVE, "Made up column"), [cells("n") | {"Made up column": "secret"}], Page())
    one = accepted([kept(page.records[0], "n")], notices=["unknown-field"], must_not_appear=["secret"])
    yield made(
        "icse/one-unknown-column.csv", page.data, one, one | {"warnings": ["columns-differ"]}, one | {"warnings": []}
    )


def _codings() -> Iterator[Made]:
    for name, coding, bom, newline in (
        ("utf16le", "utf-16-le", b"\xff\xfe", "\r\n"),
        ("utf16be", "utf-16-be", b"\xfe\xff", "\n"),
        ("utf8-bom", "utf-8", b"\xef\xbb\xbf", "\r\n"),
    ):
        page = written(TWELVE, [cells("a", Series_name="Łódź; not quoted"[:4]), cells("b")], Page(coding, bom, newline))
        rows = [kept(page.records[0], "a", series="Łódź"), kept(page.records[1], "b")]
        yield made(f"icse/{name}.csv", page.data, accepted(rows))


def _quoted() -> Made:
    columns = TWELVE
    lines = []
    for label, text in (("a", 'Se; "mi"'), ("b", "one\n\ntwo; three"), ("c", '"'), ("d", "")):
        line = cells(label, Series_name='"' + text.replace('"', '""') + '"')
        lines.append(";".join(line[name] for name in columns))
    page = written(columns, lines, Page())
    rows = [
        kept(page.records[0], "a", series='Se; "mi"'),
        kept(page.records[1], "b", series="one\n\ntwo; three"),
        kept(page.records[2], "c", series='"'),
        kept(page.records[3], "d", series=None),
    ]
    return made("icse/quoted.csv", page.data, accepted(rows))


def _flags() -> Iterator[Made]:
    lines = [
        cells(1, Is_distributed="y", Victim_identified="n", Offender_identified="YES", Baseline="no"),
        cells(2, Is_distributed="True", Victim_identified="False", Offender_identified="1", Baseline="0"),
        cells(3, Is_distributed="", Victim_identified="", Offender_identified="", Baseline=""),
        cells(4, Is_distributed="-", Victim_identified="Y/N", Offender_identified="2", Baseline="Ja"),
    ]
    page = written(TWELVE, lines, Page())
    yes_no = {"distributed": "yes", "victim_identified": "no", "offender_identified": "yes", "baseline": "no"}
    unknown = dict.fromkeys(FLAGS, "unknown")
    rows = [
        kept(page.records[0], 1, flags=yes_no, warnings=[]),
        kept(page.records[1], 2, flags=yes_no, warnings=[]),
        kept(page.records[2], 3, flags=unknown, warnings=[]),
        kept(page.records[3], 4, flags=unknown, warnings=["bad-flag"]),
    ]
    yield made("icse/flags.csv", page.data, accepted(rows))


def _hashes() -> Made:
    lines = [
        cells(1, MD5=md5(1)[:31]),
        cells(2, MD5=md5(2) + "00", SHA1=f" {sha1(2).upper()} "),
        cells(3, MD5="", SHA1=""),
        cells(4, MD5="", SHA1="", PhotoDNA=""),
        cells(5, SHA1=EMPTY_SHA1),
        cells(6, MD5="0" * 32),
        cells(7, PhotoDNA="00" * 144),
        cells(8, PhotoDNA=base64_of(dna(8))),
        cells(9, PhotoDNA=dna(9).hex()[:-1]),
    ]
    page = written(TWELVE, lines, Page())
    at = page.records
    rows = [
        kept(at[0], 1, hashes={"sha1": sha1(1), "photodna": dna(1).hex()}, warnings=["bad-md5"]),
        kept(at[1], 2, hashes={"sha1": sha1(2), "photodna": dna(2).hex()}, warnings=["bad-md5"]),
        kept(at[2], 3, hashes={"photodna": dna(3).hex()}),
        kept(at[6], 7, hashes={"md5": md5(7), "sha1": sha1(7)}, warnings=["bad-photodna"]),
        kept(at[7], 8, hashes={"md5": md5(8), "sha1": sha1(8), "photodna": dna(8).hex()}),
        kept(at[8], 9, hashes={"md5": md5(9), "sha1": sha1(9)}, warnings=["bad-photodna"]),
    ]
    faults = [bad(at[3], NO_HASH), bad(at[4], EMPTY_INPUT), bad(at[5], PLACEHOLDER)]
    return made("icse/hashes.csv", page.data, accepted(rows, rejected=faults))


def _faults() -> Iterator[Made]:
    whole = [cells(1), cells(2)]
    # A cell that is not empty beyond the columns: the row has shifted, or a text was not quoted.
    shifted = ";".join(cells(3, Series_name="a;b")[name] for name in TWELVE)
    page = written(TWELVE, [whole[0], shifted, whole[1]], Page())
    rows = [kept(page.records[0], 1), kept(page.records[2], 2)]
    place = page.records[1]
    yield made(
        "icse/one-cell-too-many.csv",
        page.data,
        accepted(rows, rejected=[bad(place, "more cells than columns")]),
        accepted(rows, rejected=[{"record": 2}], notices=["columns-differ"]),
        accepted([*rows, row(place, {"md5": md5(3)}) | {"optional": True}], notices=["columns-differ"]),
        accepted([*rows, kept(place, 3)], notices=["columns-differ"]),
    )
    short = [md5(4), ";".join((md5(5), sha1(5)))]
    page = written(TWELVE, [whole[0], *short], Page(), last="")
    unknown = dict.fromkeys(FLAGS, "unknown")
    rows = [
        kept(page.records[0], 1),
        kept(page.records[1], 4, hashes={"md5": md5(4)}, flags=unknown, media_type=None, warnings=["columns-differ"]),
        kept(
            page.records[2],
            5,
            hashes={"md5": md5(5), "sha1": sha1(5)},
            flags=unknown,
            media_type=None,
            warnings=["columns-differ"],
        ),
    ]
    # A short row at the very end, without a line end, is also what a cut leaves.
    yield made("icse/short-rows.csv", page.data, accepted(rows), truncated(page.data, 80))
    # A quotation mark that never closes swallows the rest: nothing of what follows may be taken for cells.
    lines: list[dict[str, str] | str] = [";".join(cells(6, Series_name='"never closed')[name] for name in TWELVE)]
    lines += whole
    page = written(TWELVE, lines, Page())
    rows = [kept(page.records[1], 1), kept(page.records[2], 2)]
    # Or the line alone is told, and those behind it are read as what they are.
    options = (accepted(rejected=[{"record": 1}]), accepted(rows, rejected=[{"record": 1}]))
    yield made("icse/quote-never-closed.csv", page.data, rejected(), *options)
    page = written(TWELVE, [whole[0]], Page())
    page.add("\n\n  \n").record(";".join(whole[1][name] for name in TWELVE)).add("\n\n")
    rows = [kept(page.records[0], 1), kept(page.records[1] | {"record": 2}, 2)]
    yield made("icse/blank-lines.csv", page.data, accepted(rows), accepted(rows, rejected=[{"line": 5}]))
    page = written(TWELVE, [whole[0]], Page())
    yield made(
        "icse/nul-behind.csv",
        page.data + b"\x00\x00",
        rejected(),
        accepted([kept(page.records[0], 1)], rejected=[{"line": 3}]),
    )
    doubled = (*TWELVE, "MD5")
    text = ";".join(cells(7)[name] for name in TWELVE)
    page = Page().add(";".join(doubled) + "\n").record(f"{text};{md5('other')}").add("\n")
    # Neither of two MD5s of one file, and told: the other hashes stand.
    neither = kept(
        page.records[0], 7, hashes={"sha1": sha1(7), "photodna": dna(7).hex()}, warnings=["conflicting-hash"]
    )
    yield made("icse/md5-twice.csv", page.data, refused(), rejected(), accepted([neither]))
