"""VICS: what stands twice, in a record, among records and among cases; other hashes and fields than the known ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.interop.second_set.made import (
    NO_HASH,
    Made,
    Page,
    Row,
    accepted,
    bad,
    base64_of,
    compact,
    dna,
    made,
    md5,
    media,
    old_root,
    pdq,
    rejected,
    root,
    row,
    sha1,
    sha256,
    sha512,
    vics,
)


def files() -> Iterator[Made]:
    yield _duplicates()
    yield _across_cases()
    yield from _repeated_keys()
    yield _alternative_hashes()
    yield _unknown_fields()
    yield _no_objects()


def _duplicates() -> Made:
    page = vics(
        media("a", Series="S"),
        media("a", Series="S", MediaID=9, Comments="secret other comment"),
        media("a", Series="S", MD5=f" {md5('a').upper()} "),
        media("b", SHA1=sha1("b")),
        media("b", SHA1=sha1("b2")),
        media("c", MD5=md5("c"), SHA1=sha1("b")),
        media("d", VictimIdentified=True),
        media("d", VictimIdentified=False),
        media("e", Category=1),
        media("e", Category=None),
    )
    at = page.records
    rows = [
        row(at[0], {"md5": md5("a")}, code="1", series="S"),
        row(at[3], {"md5": md5("b"), "sha1": sha1("b")}, code="1"),
        row(at[4], {"md5": md5("b"), "sha1": sha1("b2")}, code="1", optional=True),
        row(at[5], {"md5": md5("c"), "sha1": sha1("b")}, code="1"),
        row(at[6], {"md5": md5("d")}, code="1", flags={"victim_identified": "yes"}),
        row(at[7], {"md5": md5("d")}, code="1", flags={"victim_identified": "no"}, optional=True),
        row(at[8], {"md5": md5("e")}, code="1"),
        row(at[9], {"md5": md5("e")}, optional=True),
    ]
    notices = ["duplicate", "conflicting-record", "conflicting-hash"]
    return made("vics/duplicates.json", page.data, accepted(rows, notices=notices, must_not_appear=["secret"]))


def _across_cases() -> Made:
    """The same file in two cases is the same statement about it, or one a case; another code is a conflict."""
    page = Page().add(f'{{"@odata.context":"{root("US", "Cases")}","value":[\n')
    one = (media("a"), media("b"), media("c", Series="one"))
    two = (media("a"), media("b", Category=2), media("c", Series="two"))
    for number, records in enumerate((one, two)):
        page.add(f'{"," if number else ""}{{"CaseID":"{number}","Media":[\n')
        for n, each in enumerate(records):
            page.add(",\n" if n else "").record(compact(each))
        page.add("\n]}\n")
    page.add("]}")
    at = page.records
    rows = [
        row(at[0], {"md5": md5("a")}, code="1"),
        row(at[1], {"md5": md5("b")}, code="1"),
        row(at[2], {"md5": md5("c")}, code="1", series="one"),
        row(at[3], {"md5": md5("a")}, code="1", optional=True),
        row(at[4], {"md5": md5("b")}, code="2", optional=True),
        row(at[5], {"md5": md5("c")}, code="1", series="two", optional=True),
    ]
    return made(
        "vics/duplicates-across-cases.json", page.data, accepted(rows, notices=["duplicate", "conflicting-record"])
    )


def _repeated_keys() -> Iterator[Made]:
    """RFC 8259 leaves open which of two members with one name holds. Two of one value are no question."""
    first = compact(media(1))
    for name, text, hashes in (
        ("same-md5", f'{{"MD5":"{md5(2)}","Category":1,"MD5":"{md5(2)}"}}', {"md5": md5(2)}),
        ("same-category", f'{{"MD5":"{md5(2)}","Category":1,"Category":1}}', {"md5": md5(2)}),
    ):
        page = vics(first, text)
        one = row(page.records[0], {"md5": md5(1)}, code="1")
        yield made(
            f"vics/repeated-{name}.json",
            page.data,
            accepted([one, row(page.records[1], hashes, code="1")]),
            accepted([one, row(page.records[1], hashes, code="1")], notices=["repeated-field"]),
            accepted([one], rejected=[page.records[1]]),
        )
    for name, text in (
        ("other-md5", f'{{"MD5":"{md5(2)}","Category":1,"MD5":"{md5(3)}"}}'),
        ("other-category", f'{{"MD5":"{md5(2)}","Category":1,"Category":4}}'),
        ("other-flag", f'{{"MD5":"{md5(2)}","VictimIdentified":true,"VictimIdentified":false}}'),
        ("space-before-a-colon", f'{{"MD5":"{md5(2)}","Category":1,"MD5" :"{md5(3)}"}}'),
        ("line-end-before-a-colon", f'{{"MD5":"{md5(2)}","Category":1,"MD5"\n:"{md5(3)}"}}'),
        ("escaped-name", f'{{"MD5":"{md5(2)}","Category":1,"\\u004dD5":"{md5(3)}"}}'),
        ("beside-a-text", f'{{"MD5":"{md5(2)}","MediaFiles":["x"],"MD5":"{md5(3)}"}}'),
        ("beside-an-object", f'{{"MD5":"{md5(2)}","MediaFiles":{{"ab":1}},"MD5":"{md5(3)}"}}'),
        ("beside-lists", f'{{"MD5":"{md5(2)}","MediaFiles":[[0]],"MD5":"{md5(3)}"}}'),
    ):
        page = vics(first, text)
        one = row(page.records[0], {"md5": md5(1)}, code="1")
        # Never one of the two in silence.
        yield made(f"vics/repeated-{name}.json", page.data, accepted([one], rejected=[page.records[1]]), rejected())


def _alternative_hashes() -> Made:
    def also(label: object, *hashes: object, **fields: object) -> dict[str, object]:
        return media(label, AlternativeHashes=list(hashes), **fields)

    def one(name: object, value: object, **more: object) -> dict[str, object]:
        return {"HashName": name, "HashValue": value} | more

    page = vics(
        also(1, one("sha256", sha256(1)), one("PHOTODNA", base64_of(dna(1))), one("PDQ", pdq(1))),
        also(2, one("MD5", md5(2).upper()), one("sha-1", sha1(2).upper(), MD5=md5(2).upper())),
        also(3, one("ZZ40", "A" * 32), one("SHA512", sha512(3)), one("eD2k", md5("x")), one("Videntifier", "abc")),
        also(4, one("SHA256", sha256(4)[:63]), one("SHA1", 5), one("SHA1", None), one(None, sha1(4)), one(7, sha1(4))),
        also(5, "text", None, [], {}, {"HashName": "SHA1"}, {"HashValue": sha1(5)}),
        also(6, one("SHA1", sha1(6), MD5=md5("of another"))),
        also(7, one("MD5", md5("other")), one("SHA1", sha1(7))),
        also(8, one("PhotoDNA", dna(8)[:143].hex())),
        media(9, AlternativeHashes=None),
        media(10, AlternativeHashes=[]),
        also(11, one("SHA1", ""), one("PhotoDNA", "")),
        also(12, one("SHA256", sha256(12)), one("SHA256", sha256(12))),
        context=old_root("1.3"),
        old=True,
    )
    at = page.records
    hashes = [{"md5": md5(n)} for n in range(13)]
    scheme = ("vics", "1.3")

    def kept(n: int, more: dict[str, str] | None = None, **fields: Any) -> Row:
        return row(at[n - 1], hashes[n] | (more or {}), code="1", scheme=scheme, **fields)

    bad_one = ["bad-alternative-hash"]
    rows = [
        kept(1, {"sha256": sha256(1), "photodna": dna(1).hex(), "pdq": pdq(1)}, warnings=[]),
        kept(2, {"sha1": sha1(2)}, warnings=[]),
        kept(3, not_searched=["ZZ40", "SHA512", "eD2k", "Videntifier"]),
        kept(4),
        kept(5, warnings=bad_one),
        kept(6, warnings=bad_one),
        kept(7),
        kept(8, warnings=["bad-photodna"]),
        kept(9, warnings=[]),
        kept(10, warnings=[]),
        kept(11),
        kept(12, {"sha256": sha256(12)}),
    ]
    # Record 7 says two MD5s of itself: told; its SHA-1 may be either's.
    rows[6]["optional_hashes"] = ["sha1"]
    notices = ["conflicting-hash", "bad-sha256", "bad-sha1"]
    whole = accepted(rows, notices=notices)
    return made(
        "vics/alternative-hashes.json",
        page.data,
        whole,
        whole | {"warnings": sorted(set(whole["warnings"]) - {"bad-sha1", "bad-sha256"})},
        whole | {"warnings": sorted(set(whole["warnings"]) - {"bad-sha1"})},
    )


def _unknown_fields() -> Made:
    inner = {"MD5": md5("inner"), "Category": 3, "value": [{"MD5": md5("inner 2")}]}
    page = vics(
        media(1, Foo=inner, Bar=[inner, inner]),
        media(2, Foo=None, value=[inner]),
        more=f'"value2":[{compact(inner)}],"Media":[{compact(inner)}],',
        end=f'\n],"values":{compact(inner)},"@odata.count":"many"}}',
    )
    rows = [row(at, {"md5": md5(n + 1)}, code="1") for n, at in enumerate(page.records)]
    secret = [md5("inner"), md5("inner 2")]
    return made(
        "vics/unknown-fields.json", page.data, accepted(rows, notices=["unknown-field"], must_not_appear=secret)
    )


def _no_objects() -> Made:
    page = vics("7", "true", f'"{md5(9)}"', "[]", compact([media(1)]), "{}", compact(media(7)), "null", "-1.5")
    faults = [bad(page.records[n], "not an object") for n in (0, 1, 2, 3, 4, 7, 8)] + [bad(page.records[5], NO_HASH)]
    return made(
        "vics/no-objects.json", page.data, accepted([row(page.records[6], {"md5": md5(7)}, code="1")], rejected=faults)
    )
