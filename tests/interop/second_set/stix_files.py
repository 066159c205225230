"""STIX: file objects, patterns, markings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from tests.interop.second_set.made import (
    EMPTY_INPUT,
    EMPTY_SHA1,
    NO_HASH,
    PLACEHOLDER,
    Made,
    Row,
    accepted,
    made,
    md5,
    refused,
    rejected,
    row,
    sha1,
    sha256,
    sha512,
    truncated,
)


def uid(kind: str, number: int) -> str:
    return f"{kind}--7b8c9d0e-2222-4222-8222-{number:012d}"


def file(number: int, **more: object) -> dict[str, object]:
    return {"type": "file", "spec_version": "2.1", "id": uid("file", number)} | more


def indicator(number: int, pattern: str, **more: object) -> dict[str, object]:
    whole = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": uid("indicator", number),
        "created": "2024-01-01T00:00:00.000Z",
        "modified": "2024-01-01T00:00:00.000Z",
        "name": "secret name",
        "description": "secret description",
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": "2024-01-01T00:00:00Z",
    }
    return {name: each for name, each in (whole | more).items() if each is not ...}


def bundle(*objects: object, **more: object) -> bytes:
    return json.dumps({"type": "bundle", "id": uid("bundle", 0), "objects": list(objects)} | more).encode()


def kept(kind: str, number: int, hashes: dict[str, str], **more: Any) -> Row:
    return row({"id": uid(kind, number)}, hashes, scheme=None, **more)


def bad_one(kind: str, number: int, reason: str) -> Row:
    return {"id": uid(kind, number), "reason": reason}


SECRET: Final[dict[str, Any]] = {"must_not_appear": ["secret"]}
NOT_EQUAL = "pattern is not only equality"


def files() -> Iterator[Made]:
    yield _files()
    yield from _patterns()
    yield _refused_patterns()
    yield _states()
    yield _markings()
    yield from _frames()


def _files() -> Made:
    objects = [
        file(1, hashes={"SHA-256": sha256(1), "sha256": sha256(1).upper()}, size=5, name="secret.jpg"),
        file(2, hashes={"sha-1": sha1(2), "Md5": md5(2)}),
        file(3, hashes={"MD5": md5(3)[:31], "SHA-1": sha1(3)[:39], "SHA-256": sha256(3)}),
        file(4, hashes={"MD5": "zz"}),
        file(5, hashes={"SHA-512": sha512(5), "TLSH": "T1", "SHA3-256": sha256(5)}),
        file(6, hashes={}),
        file(7),
        file(8, hashes=[md5(8)]),
        file(9, hashes={"SHA-1": EMPTY_SHA1, "MD5": md5(9)}),
        file(10, hashes={"MD5": "0" * 32}),
        file(11, hashes={"MD5": md5(11)}, size="12"),
        file(12, hashes={"MD5": md5(12)}, size=-1),
        file(13, hashes={"MD5": md5(13), "md5": md5(14)}),
        file(14, hashes={"MD5": 7, "SHA-1": sha1(14)}),
    ]
    spelling = ["hash-name-spelling"]
    rows = [
        kept("file", 1, {"sha256": sha256(1)}, media_size=5, warnings=spelling),
        kept("file", 2, {"md5": md5(2), "sha1": sha1(2)}, warnings=spelling),
        kept("file", 3, {"sha256": sha256(3)}, warnings=["bad-md5", "bad-sha1"]),
        kept("file", 11, {"md5": md5(11)}),
        kept("file", 12, {"md5": md5(12)}, media_size=None, warnings=["bad-size"]),
        kept("file", 13, {"md5": md5(13)}, optional=True),
        kept("file", 14, {"sha1": sha1(14)}, warnings=["bad-md5"]),
    ]
    faults = [bad_one("file", 4, NO_HASH), bad_one("file", 9, EMPTY_INPUT), bad_one("file", 10, PLACEHOLDER)]
    whole = accepted(rows, rejected=faults, notices=["not-searched"], **SECRET)
    conflict = whole | {"warnings": sorted({*whole["warnings"], "conflicting-hash"})}
    unusual = [*faults, bad_one("file", 8, NO_HASH)]
    options = [
        each | {"rejected": some}
        for each in (whole, conflict)
        for some in (faults, unusual, [*faults, {"id": uid("file", 13)}], [*unusual, {"id": uid("file", 13)}])
    ]
    # Two MD5s of one file: told in one way or the other.
    return made("stix/files.json", bundle(*objects), *options[1:])


def _patterns() -> Iterator[Made]:
    a, b, c, d = (md5(label) for label in "abcd")
    s1, s2 = sha1("s"), sha256("s")
    for name, pattern, found in (
        ("one", f"[file:hashes.MD5 = '{a}']", [{"md5": a}]),
        ("quoted-key", f"[file:hashes.'MD5' = '{a}']", [{"md5": a}]),
        ("double-quoted-key", f"[file:hashes.\"SHA-1\" = '{s1}']", [{"sha1": s1}]),
        ("upper-value", f"[file:hashes.MD5 = '{a.upper()}']", [{"md5": a}]),
        ("no-spaces", f"[file:hashes.MD5='{a}']", [{"md5": a}]),
        ("many-spaces", f"  [ \n file:hashes.MD5 \t = '{a}' ]  ", [{"md5": a}]),
        (
            "or-of-three",
            f"[file:hashes.MD5 = '{a}' OR file:hashes.MD5 = '{b}' OR file:hashes.'SHA-1' = '{s1}']",
            [{"md5": a}, {"md5": b}, {"sha1": s1}],
        ),
        ("or-outside", f"[file:hashes.MD5 = '{a}'] OR [file:hashes.MD5 = '{b}']", [{"md5": a}, {"md5": b}]),
        (
            "and-of-three",
            f"[file:hashes.MD5 = '{a}' AND file:hashes.'SHA-1' = '{s1}' AND file:hashes.'SHA-256' = '{s2}']",
            [{"md5": a, "sha1": s1, "sha256": s2}],
        ),
        ("brackets", f"[(file:hashes.MD5 = '{a}')]", [{"md5": a}]),
        (
            "nested",
            f"[(file:hashes.MD5 = '{a}' AND file:hashes.'SHA-1' = '{s1}') OR (file:hashes.MD5 = '{b}')]",
            [{"md5": a, "sha1": s1}, {"md5": b}],
        ),
        (
            "and-binds",
            f"[file:hashes.MD5 = '{a}' OR file:hashes.MD5 = '{b}' AND file:hashes.'SHA-1' = '{s1}']",
            [{"md5": a}, {"md5": b, "sha1": s1}],
        ),
        (
            "and-over-or",
            f"[(file:hashes.MD5 = '{a}' OR file:hashes.MD5 = '{b}') AND file:hashes.'SHA-1' = '{s1}']",
            [{"md5": a, "sha1": s1}, {"md5": b, "sha1": s1}],
        ),
        ("with-a-name", f"[file:hashes.MD5 = '{a}' AND file:name = 'secret \\' OR [x] .jpg']", [{"md5": a}]),
        ("with-a-size", f"[file:size = 12 AND file:hashes.MD5 = '{a}']", [{"md5": a}]),
        ("name-or-hash", f"[file:name = 'secret.jpg' OR file:hashes.MD5 = '{a}']", [{"md5": a}]),
        ("double-brackets", f"(([file:hashes.MD5 = '{a}']))", [{"md5": a}]),
        ("equals-equals", f"[file:hashes.MD5 == '{a}']", [{"md5": a}]),
        (
            "four",
            "[" + " OR ".join(f"file:hashes.MD5 = '{each}'" for each in (a, b, c, d)) + "]",
            [{"md5": each} for each in (a, b, c, d)],
        ),
    ):
        rows = [kept("indicator", 1, each) for each in found]
        whole = accepted(rows, **SECRET)
        options = [whole]
        if name in ("equals-equals", "with-a-name", "with-a-size", "name-or-hash", "double-brackets", "and-over-or"):
            # A narrower claim than the hash alone, or a rarer spelling: may be told as not understood.
            options.append(accepted(rejected=[bad_one("indicator", 1, NOT_EQUAL)], **SECRET))
        if name == "and-over-or":
            # Two MD5s with one SHA-1 are kept, and told.
            options.append(whole | {"warnings": ["conflicting-hash"]})
        yield made(f"stix/pattern-{name}.json", bundle(indicator(1, pattern)), *options)
    for key in ("md5", "sha256", "SHA256", "'sha-256'", "sha1", "SHA1"):
        kind = key.strip("'").lower().replace("-", "")
        value = {"md5": a, "sha1": s1, "sha256": s2}[kind]
        rows = [kept("indicator", 1, {kind: value}, warnings=["hash-name-spelling"])]
        yield made(
            f"stix/pattern-key-{key.strip(chr(39))}.json",
            bundle(indicator(1, f"[file:hashes.{key} = '{value}']")),
            accepted(rows),
        )


def _refused_patterns() -> Made:
    a, b = md5("a"), md5("b")
    patterns = [
        f"[file:hashes.MD5 != '{a}']",
        f"[NOT file:hashes.MD5 = '{a}']",
        f"[file:hashes.MD5 NOT = '{a}']",
        f"[file:hashes.MD5 LIKE '{a[:8]}%']",
        f"[file:hashes.MD5 MATCHES '^{a}$']",
        f"[file:hashes.MD5 > '{a}']",
        f"[file:hashes.MD5 = '{a}'] AND [file:hashes.MD5 = '{b}']",
        f"[file:hashes.MD5 = '{a}'] FOLLOWEDBY [file:hashes.MD5 = '{b}'] WITHIN 5 SECONDS",
        f"[file:hashes.MD5 = '{a}'] REPEATS 5 TIMES",
        f"[file:hashes.MD5 = '{a}'",
        f"[file:hashes.MD5 = {a}]",
        f"file:hashes.MD5 = '{a}'",
        f"[file:hashes.MD5 = '{a}'] x",
        f"[file:hashes.MD5 = '{a}' OR]",
        f"[file:hashes.MD5 = '{a}' XOR file:hashes.MD5 = '{b}']",
        "[" * 5_000,
        "[" + "(" * 5_000 + f"file:hashes.MD5 = '{a}'" + ")" * 5_000 + "]",
        "",
    ]
    # What repeats or is in time with others is still told of, never guessed: each is rejected, none is a record.
    # AND between observations is of two files: not one record, and both may be said too.
    objects = [indicator(n, each) for n, each in enumerate(patterns)]
    objects.append(indicator(90, "[domain-name:value = 'secret.example.invalid']"))
    objects.append(indicator(91, f"[file:hashes.MD5 = '{md5('good')}']"))
    faults = [{"id": uid("indicator", n)} for n in range(len(patterns))]
    rows = [kept("indicator", 91, {"md5": md5("good")})]
    whole = accepted(rows, rejected=faults, **SECRET)
    return made(
        "stix/patterns-not-understood.json",
        bundle(*objects),
        whole,
        whole | {"rejected": [*faults, {"id": uid("indicator", 90)}]},
    )


def _states() -> Made:
    def of(number: int, **more: object) -> dict[str, object]:
        return indicator(number, f"[file:hashes.MD5 = '{md5(number)}']", **more)

    objects = [
        of(1, revoked=True),
        of(2, revoked=False),
        of(3, revoked="true"),
        of(4, valid_until="2020-01-01T00:00:00Z", valid_from="2019-01-01T00:00:00Z"),
        of(5, valid_until="2999-01-01T00:00:00Z"),
        of(6, pattern_type="snort"),
        of(7, pattern_type=...),
        of(8, valid_until="yesterday"),
        of(9, indicator_types=["benign"]),
    ]
    rows = [
        kept("indicator", 2, {"md5": md5(2)}),
        kept("indicator", 5, {"md5": md5(5)}),
        kept("indicator", 7, {"md5": md5(7)}, optional=True),
        kept("indicator", 8, {"md5": md5(8)}, optional=True),
        kept("indicator", 9, {"md5": md5(9)}, optional=True),
    ]
    whole = accepted(rows, retractions=[uid("indicator", 1), uid("indicator", 3)], **SECRET)
    dated = whole | {"warnings": ["bad-date"]}
    return made("stix/states.json", bundle(*objects), whole, dated)


def _markings() -> Made:
    tlp1 = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
    tlp2 = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
    objects = [
        {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": tlp1,
            "definition_type": "tlp",
            "name": "TLP:RED",
            "definition": {"tlp": "red"},
        },
        {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": tlp2,
            "name": "TLP:RED",
            "extensions": {
                "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
                    "extension_type": "property-extension",
                    "tlp_2_0": "red",
                }
            },
        },
        {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": uid("marking-definition", 5),
            "definition_type": "statement",
            "definition": {"statement": "secret words"},
        },
        file(1, hashes={"MD5": md5(1)}, object_marking_refs=[tlp1]),
        file(2, hashes={"MD5": md5(2)}, object_marking_refs=[tlp2]),
        file(3, hashes={"MD5": md5(3)}, object_marking_refs=[uid("marking-definition", 5)]),
        file(
            4, hashes={"MD5": md5(4)}, object_marking_refs=["marking-definition--00000000-0000-4000-8000-000000000000"]
        ),
        file(5, hashes={"MD5": md5(5)}, object_marking_refs="text"),
    ]
    definition = {"type": "marking-definition", "spec_version": "2.1", "id": uid("marking-definition", 6)}
    objects += [
        definition | {"definition_type": "tlp", "definition": {"tlp": "purple"}},
        file(6, hashes={"MD5": md5(6)}, object_marking_refs=[uid("marking-definition", 6)]),
        file(7, hashes={"MD5": md5(7)}, granular_markings=[{"marking_ref": tlp1, "selectors": ["hashes"]}]),
        file(8, hashes={"MD5": md5(8)}, granular_markings=[{"lang": "en", "selectors": ["name"]}]),
        file(9, hashes={"MD5": md5(9)}, object_marking_refs=[]),
    ]
    # Handling that is not understood is handled as the strictest (promise 8: fail closed).
    red, unknown = {"handling_raw": "tlp:red"}, {"handling_raw": "tlp:red", "warnings": ["unknown-marking"]}
    said: dict[int, dict[str, Any]] = {1: red, 2: red, 4: unknown, 5: unknown, 6: unknown, 7: red}
    rows = [
        kept("file", n, {"md5": md5(n)}, **said.get(n, {"handling_raw": None, "warnings": []})) for n in range(1, 10)
    ]
    whole = accepted(rows, **SECRET)
    return made(
        "stix/markings.json",
        bundle(*objects),
        whole,
        whole | {"warnings": ["unknown-marking"]},
        whole | {"warnings": ["bad-marking"]},
    )


def _frames() -> Iterator[Made]:
    data = bundle(file(1, hashes={"MD5": md5(1)}), file(2, hashes={"MD5": md5(2)}))
    cut = data[: data.index(md5(2).encode()) + 8]
    yield made("stix/cut.json", cut, truncated(cut))
    envelope = json.dumps({"more": True, "next": "secret", "objects": [file(1, hashes={"MD5": md5(1)})]}).encode()
    whole = accepted([kept("file", 1, {"md5": md5(1)})], notices=["more-pages"], **SECRET)
    yield made("stix/taxii-envelope.json", envelope, whole, refused())
    yield made("stix/twice.json", data + data, rejected("data after the document"), rejected())
    yield made("stix/nan.json", bundle(file(1, hashes={"MD5": md5(1)}, size=float("nan"))), rejected("not JSON"))
    yield made("stix/no-objects.json", json.dumps({"type": "bundle", "id": uid("bundle", 1)}).encode(), accepted())
    yield made("stix/objects-null.json", bundle(objects=None), accepted(), rejected(), refused())
    yield made(
        "stix/odd-objects.json",
        bundle(7, None, "text", [], file(1, hashes={"MD5": md5(1)}), {}),
        *(accepted([kept("file", 1, {"md5": md5(1)})], rejected=[{"reason": "not an object"}] * n) for n in (4, 5)),
        accepted([kept("file", 1, {"md5": md5(1)})], rejected=[{"reason": "not an object"}] * 4 + [{}]),
        accepted([kept("file", 1, {"md5": md5(1)})]),
    )
    yield made(
        "stix/version-2.2.json",
        bundle(file(1, hashes={"MD5": md5(1)}) | {"spec_version": "2.2"}),
        refused(),
        accepted([kept("file", 1, {"md5": md5(1)})], notices=["unknown-version"]),
        accepted([kept("file", 1, {"md5": md5(1)})]),
    )
    yield made(
        "stix/escaped.json",
        bundle(file(1, hashes={"MD5": md5(1)})).replace(b'"MD5"', b'"\\u004dD5"'),
        accepted([kept("file", 1, {"md5": md5(1)})]),
    )
