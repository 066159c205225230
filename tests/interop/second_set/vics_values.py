"""VICS: what stands in the fields of a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.interop.second_set.made import (
    EMPTY_INPUT,
    EMPTY_MD5,
    EMPTY_SHA1,
    EMPTY_SHA256,
    NO_HASH,
    PLACEHOLDER,
    Made,
    accepted,
    bad,
    base64_of,
    dna,
    made,
    md5,
    media,
    root,
    row,
    sha1,
    sha256,
    vics,
)


def files() -> Iterator[Made]:
    yield from _categories()
    yield _flags()
    yield _odd_flags()
    yield _sizes()
    yield _large_sizes()
    yield _hashes()
    yield _other_hashes()
    yield _refused_hashes()
    yield _photodna()
    yield _constants()
    yield _texts()
    yield _dates()


def _categories() -> Iterator[Made]:
    codes = {"01": "01", "-1": "-1", "6": "6", "A": "A", "2a": "2a", "B1": "B1"}
    page = vics(
        *(media(code, Category=code) for code in codes),
        *(media(f"number{code}", Category=code) for code in (-1, 99, 2**70)),
        *(media(f"none{n}", Category=code) for n, code in enumerate((None, "", ...))),
        *(media(f"bad{n}", Category=code) for n, code in enumerate((True, False, [], {}, [1], 2.5))),
        media("zero", Category="0"),
    )
    known = {str(number) for number in range(6)}
    rows = []
    written = [*codes, "-1", "99", str(2**70)]
    labels = [*codes, *(f"number{code}" for code in (-1, 99, 2**70))]
    for at, label, code in zip(page.records, labels, written, strict=False):
        rows.append(row(at, {"md5": md5(label)}, code=code, warnings=[] if code in known else ["unknown-code"]))
    rows += [row(page.records[9 + n], {"md5": md5(f"none{n}")}, warnings=[]) for n in range(3)]
    rows += [row(page.records[12 + n], {"md5": md5(f"bad{n}")}, warnings=["bad-category"]) for n in range(6)]
    rows.append(row(page.records[18], {"md5": md5("zero")}, code="0", warnings=[]))
    yield made("vics/us-categories.json", page.data, accepted(rows))
    # A number with a fraction of zero is no code as it is written; taking it as a code is no fault either.
    for name, text in (("1.0", "1.0"), ("1e0", "1e0"), ("-0", "-0")):
        page = vics(f'{{"MD5":"{md5(name)}","Category":{text}}}')
        at, hashes = page.records[0], {"md5": md5(name)}
        yield made(
            f"vics/category-{name}.json",
            page.data,
            accepted([row(at, hashes, warnings=["bad-category"])]),
            accepted([row(at, hashes, code=text, warnings=["unknown-code"])]),
            accepted([row(at, hashes, code="0", warnings=[])] if name == "-0" else [row(at, hashes, code=text)]),
        )
    page = vics(media("long", Category="7" * 5_000), media("short"))
    short = row(page.records[1], {"md5": md5("short")}, code="1")
    yield made(
        "vics/category-long.json",
        page.data,
        accepted([row(page.records[0], {"md5": md5("long")}, warnings=["bad-category"]), short]),
        accepted([row(page.records[0], {"md5": md5("long")}, warnings=["text-too-long"]), short]),
    )


def _flags() -> Made:
    spelt: dict[str, tuple[Any, ...]] = {
        "yes": (True, 1, "1", "Y", "y", "YES", "Yes", "T", "t", "TRUE", "tRuE"),
        "no": (False, 0, "0", "N", "n", "NO", "No", "F", "f", "FALSE"),
        "unknown": (None, "", ..., 2, -1, "2", "oui", "unknown", [], {}, [True], 1.5, "yes no", "\uff59"),
    }
    values = [(tri, value) for tri, each in spelt.items() for value in each]
    page = vics(*(media(n, VictimIdentified=value, Category=...) for n, (_, value) in enumerate(values)))
    silent = (None, "", ...)
    rows = [
        row(
            at,
            {"md5": md5(n)},
            flags={"victim_identified": tri},
            warnings=["bad-flag"] if tri == "unknown" and not any(value is each for each in silent) else [],
        )
        for n, (at, (tri, value)) in enumerate(zip(page.records, values, strict=True))
    ]
    return made("vics/flags.json", page.data, accepted(rows))


def _odd_flags() -> Made:
    """Spaces around a word, and a whole number that is written as a fraction: both readings are sound."""
    page = vics(media(1, OffenderIdentified=" yes "), media(2, OffenderIdentified=1.0))
    rows = []
    for n, at in enumerate(page.records):
        rows.append(
            (
                row(at, {"md5": md5(n + 1)}, code="1", flags={"offender_identified": "yes"}, warnings=[]),
                row(at, {"md5": md5(n + 1)}, code="1", warnings=["bad-flag"]),
            )
        )
    return made("vics/odd-flags.json", page.data, *(accepted([one, other]) for one in rows[0] for other in rows[1]))


def _sizes() -> Made:
    good = ((0, 0), ("0", 0), ("12", 12), (2**53 + 1, 2**53 + 1), (str(2**62), 2**62), (2**63 - 1, 2**63 - 1))
    wrong: tuple[Any, ...] = (
        -1,
        "-1",
        1.5,
        "1.5",
        "0x10",
        "\uff11\uff12",
        True,
        [],
        {},
        "12,5",
        "1 2",
        2**64,
        "9" * 40,
        "many",
    )
    page = vics(
        *(media(f"good{n}", MediaSize=value) for n, (value, _) in enumerate(good)),
        *(media(f"none{n}", MediaSize=value) for n, value in enumerate((None, "", ...))),
        *(media(f"bad{n}", MediaSize=value) for n, value in enumerate(wrong)),
    )
    sizes: list[tuple[str, int | None, list[str]]] = [(f"good{n}", size, []) for n, (_, size) in enumerate(good)]
    sizes += [(f"none{n}", None, []) for n in range(3)]
    sizes += [(f"bad{n}", None, ["bad-size"]) for n in range(len(wrong))]
    rows = [
        row(at, {"md5": md5(label)}, code="1", media_size=size, warnings=told)
        for at, (label, size, told) in zip(page.records, sizes, strict=True)
    ]
    return made("vics/sizes.json", page.data, accepted(rows))


def _large_sizes() -> Made:
    """Sizes that a reader may take or not, as long as it says so: no case may stop the record."""
    texts = ("1e3", '"12 "', '" 12"', str(2**63), '"+12"', '"007"', "12.0", '"1e3"')
    page = vics(*(f'{{"MD5":"{md5(text)}","MediaSize":{text}}}' for text in texts))
    rows = [row(at, {"md5": md5(text)}) for at, text in zip(page.records, texts, strict=True)]
    return made("vics/odd-sizes.json", page.data, accepted(rows, notices=["bad-size"]))


def _hashes() -> Made:
    digits = md5("x")
    kept = {
        "upper": digits.upper(),
        "spaces": f"  {digits} ",
        "tab and line end": f"\t{digits}\r\n",
        "mixed": digits[:16].upper() + digits[16:],
    }
    wrong = {
        "31": digits[:31],
        "33": digits + "0",
        "40 in MD5": sha1("x"),
        "prefix": f"md5:{digits}",
        "space inside": f"{digits[:16]} {digits[16:]}",
        "hyphens": "-".join(digits[n : n + 8] for n in range(0, 32, 8)),
        "full width": "".join(chr(ord(each) + 0xFEE0) for each in digits),
        "0x": "0x" + digits[:30],
        "zero width": digits + "\u200b",
        "nul": digits + "\0",
        "arabic digits": "\u0661" * 32,
        "list": [digits],
        "object": {"MD5": digits},
        "number": 11111111111111111111111111111111,
        "true": True,
        "quoted": f'"{digits}"',
        "base64": base64_of(bytes.fromhex(digits)),
    }
    page = vics(*(media(name, MD5=value) for name, value in kept.items()), *(media(n, MD5=v) for n, v in wrong.items()))
    rows = [row(page.records[0], {"md5": digits}, code="1")]
    faults = [bad(at, NO_HASH) for at in page.records[len(kept) :]]
    # The spellings say the same: one row of four.
    return made("vics/md5-spellings.json", page.data, accepted(rows, notices=["duplicate"], rejected=faults))


def _other_hashes() -> Made:
    """A bad hash beside a good one falls alone."""
    values: dict[str, tuple[tuple[Any, str | None], ...]] = {
        "SHA1": ((sha1(1)[:39], "bad-sha1"), (md5(1), "bad-sha1"), (5, "bad-sha1"), ("", None), (None, None)),
        "SHA256": ((sha256(1) + "0", "bad-sha256"), ("z" * 64, "bad-sha256"), ([], "bad-sha256"), ("", None)),
    }
    each = [(f"{name}{n}", name, *one) for name, some in values.items() for n, one in enumerate(some)]
    page = vics(*(media(label, **{name: value}) for label, name, value, _ in each))
    rows = [
        row(at, {"md5": md5(label)}, code="1", warnings=[code] if code else [])
        for at, (label, _, _, code) in zip(page.records, each, strict=True)
    ]
    return made("vics/other-hash-spellings.json", page.data, accepted(rows))


def _refused_hashes() -> Made:
    page = vics(
        media(1, MD5=EMPTY_MD5.upper()),
        media(2, SHA1=EMPTY_SHA1),
        media(3, SHA256=EMPTY_SHA256),
        media(4, MD5=..., SHA1=EMPTY_SHA1),
        media(5, MD5="0" * 32),
        media(6, SHA1="0" * 40),
        media(7, SHA256="0" * 64),
        media(8, MD5=f" {EMPTY_MD5} ", SHA1=sha1(8)),
        media(9, MD5="f" * 32),
        media(10, AlternativeHashes=[{"HashName": "SHA256", "HashValue": EMPTY_SHA256}]),
    )
    reasons = {1: EMPTY_INPUT, 2: EMPTY_INPUT, 3: EMPTY_INPUT, 4: EMPTY_INPUT, 8: EMPTY_INPUT, 10: EMPTY_INPUT}
    reasons |= dict.fromkeys((5, 6, 7), PLACEHOLDER)
    faults = [bad(page.records[n - 1], reason) for n, reason in reasons.items()]
    # All ones is a value like any other by the rules.
    rows = [row(page.records[8], {"md5": "f" * 32}, code="1")]
    return made("vics/refused-hashes.json", page.data, accepted(rows, rejected=faults))


def _photodna() -> Made:
    value = dna("x")
    text = base64_of(value)
    good = {"base64": base64_of(dna("base64")), "hex": dna("hex").hex(), "HEX": dna("HEX").hex().upper()}
    good["spaces"] = f" {base64_of(dna('spaces'))}\n"
    wrong = {
        "url-safe": base64_of(bytes([251, 255]) * 72).replace("+", "-").replace("/", "_"),
        "143": base64_of(value[:143]),
        "145": base64_of(value + b"x"),
        "padding behind": text + "==",
        "a line end inside": text[:76] + "\n" + text[76:],
        "a space inside": text[:76] + " " + text[76:],
        "zero base64": base64_of(bytes(144)),
        "zero hex": "00" * 144,
        "hex of 143": value[:143].hex(),
        "hex and one digit": value.hex() + "0",
        "list": list(value[:3]),
        "number": 7,
        "full width": "\uff21" * 192,
    }
    page = vics(
        *(media(name, PhotoDNA=each) for name, each in (good | wrong).items()),
        media("alone", MD5=..., PhotoDNA=base64_of(dna("alone"))),
        media("bad alone", MD5=..., PhotoDNA=text[:-1] + "!"),
        media("empty", PhotoDNA=""),
    )
    rows = [
        row(at, {"md5": md5(name), "photodna": dna(name).hex()}, code="1", warnings=[])
        for at, name in zip(page.records, good, strict=False)
    ]
    at = len(good)
    rows += [
        row(each, {"md5": md5(name)}, code="1", warnings=["bad-photodna"])
        for each, name in zip(page.records[at:], wrong, strict=False)
    ]
    at += len(wrong)
    rows.append(row(page.records[at], {"photodna": dna("alone").hex()}, code="1", warnings=["no-md5"]))
    rows.append(row(page.records[at + 2], {"md5": md5("empty")}, code="1", warnings=[]))
    return made(
        "vics/photodna-spellings.json", page.data, accepted(rows, rejected=[bad(page.records[at + 1], NO_HASH)])
    )


def _constants() -> Made:
    """One value under twenty MD5s, spelt in two ways, is a placeholder. Under two it is not: a copy, re-encoded."""
    many, few = dna("many"), dna("few")
    page = vics(
        *(media(f"many{n}", PhotoDNA=base64_of(many) if n % 2 else many.hex(), Category=n % 3) for n in range(20)),
        *(media(f"few{n}", PhotoDNA=base64_of(few)) for n in range(2)),
        media("many0", PhotoDNA=base64_of(dna("other")), Category=5),
    )
    rows = [row(at, {"md5": md5(f"many{n}")}, code=str(n % 3)) for n, at in enumerate(page.records[:20])]
    rows += [
        row(at, {"md5": md5(f"few{n}"), "photodna": few.hex()}, code="1") for n, at in enumerate(page.records[20:22])
    ]
    rows.append(row(page.records[22], {"md5": md5("many0"), "photodna": dna("other").hex()}, code="5", optional=True))
    return made("vics/photodna-constant.json", page.data, accepted(rows, notices=["constant-photodna"]))


def _texts() -> Made:
    page = vics(
        media(1, Series="Łódź \U0001f600", Tags="a, b"),
        media(2, Series="line\none\ttab", Tags=["one", "two"]),
        media(3, Series="s" * 4_000),
        media(4, Series="s" * 4_001),
        media(5, Series={"Name": "An object"}),
        media(6, Series="", Tags=""),
        media(7, Series=None, Tags=None),
        media(8, MimeType="video/mp4", Comments="secret comment", RelativeFilePath="secret\\path.jpg"),
        media("lists", Series=["a"], Tags=["b"], MimeType=["c"]),
        media("numbers", Series=7, Tags=5, MimeType=1),
        media(9, MediaFiles=[{"FileName": "secret.jpg", "FilePath": "C:\\secret", "MD5": md5("inner")}], Exifs=[]),
    )
    rows = [
        row(page.records[0], {"md5": md5(1)}, code="1", series="Łódź \U0001f600", tags_raw="a, b"),
        row(page.records[1], {"md5": md5(2)}, code="1", series="line\none\ttab"),
        row(page.records[2], {"md5": md5(3)}, code="1", series="s" * 4_000, warnings=[]),
        row(page.records[3], {"md5": md5(4)}, code="1", series=None, warnings=["text-too-long"]),
        row(page.records[4], {"md5": md5(5)}, code="1"),
        row(page.records[5], {"md5": md5(6)}, code="1", series=None, tags_raw=None, warnings=[]),
        row(page.records[6], {"md5": md5(7)}, code="1", series=None, tags_raw=None, warnings=[]),
        row(page.records[7], {"md5": md5(8)}, code="1", media_type="video/mp4"),
        # A series and a type that are lists or numbers may be taken as texts or not.
        row(page.records[8], {"md5": md5("lists")}, code="1"),
        row(page.records[9], {"md5": md5("numbers")}, code="1"),
        row(page.records[10], {"md5": md5(9)}, code="1"),
    ]
    secret = ["secret", md5("inner")]
    told = [accepted(rows, notices=codes, must_not_appear=secret) for codes in ([], ["bad-text"])]
    return made("vics/texts.json", page.data, *told)


def _dates() -> Made:
    good = ("2023-06-07T02:31:49Z", "2023-06-07T02:31:49.8300Z", "2023-06-07T02:31:49.1234567Z", "", None)
    wrong = ("yesterday", "2023-02-30T00:00:00Z", "2023-06-07T25:00:00Z", "2024-05-06T07:08:09.010+2:00Z")
    page = vics(
        *(media(n, DateUpdated=value, Category=...) for n, value in enumerate((*good, *wrong))), context=root("UK")
    )
    rows = [
        row(at, {"md5": md5(n)}, warnings=["bad-date"] if n >= len(good) else []) for n, at in enumerate(page.records)
    ]
    return made("vics/dates.json", page.data, accepted(rows))
