"""MISP: events, objects, deletions, and who may see what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from tests.interop.second_set.made import (
    EMPTY_INPUT,
    EMPTY_SHA256,
    NO_HASH,
    PLACEHOLDER,
    Made,
    Row,
    accepted,
    made,
    md5,
    pdq,
    refused,
    rejected,
    row,
    sha1,
    sha256,
    sha512,
    truncated,
)


def uid(number: int) -> str:
    return f"6a7b8c9d-1111-4111-8111-{number:012d}"


def attribute(number: int, kind: str, value: object, **more: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "uuid": uid(number),
        "type": kind,
        "category": "Payload delivery",
        "to_ids": True,
        "value": value,
        "comment": "secret comment",
        "deleted": False,
        "distribution": "5",
        "sharing_group_id": "0",
        "timestamp": "1700000000",
    }
    return {name: each for name, each in (whole | more).items() if each is not ...}


def event(*attributes: object, objects: list[object] | None = None, **more: object) -> dict[str, Any]:
    return {
        "uuid": uid(1),
        "info": "Secret operation",
        "published": True,
        "distribution": "2",
        "Attribute": list(attributes),
        "Object": objects or [],
    } | more


def file_object(number: int, *attributes: object, **more: object) -> dict[str, object]:
    whole = {"uuid": uid(number), "name": "file", "meta-category": "file", "distribution": "5", "deleted": False}
    return whole | {"Attribute": list(attributes)} | more


def kept(number: int, hashes: dict[str, str], **more: Any) -> Row:
    return row({"uuid": uid(number)}, hashes, scheme=None, **more)


def bad_one(number: int, reason: str) -> Row:
    return {"uuid": uid(number), "reason": reason}


SECRET: Final[dict[str, Any]] = {"must_not_appear": ["secret", "Secret"]}


def files() -> Iterator[Made]:
    yield from _wrappings()
    yield _attributes()
    yield _deleted()
    yield _objects()
    yield _audiences()
    yield _faults()
    yield from _frames()


def _wrappings() -> Iterator[Made]:
    one = event(attribute(10, "md5", md5(10)))
    whole = accepted([kept(10, {"md5": md5(10)})], **SECRET)
    for name, value in (
        ("alone", one),
        ("in-event", {"Event": one}),
        ("in-a-list", [{"Event": one}]),
        ("bare-in-a-list", [one]),
        ("in-response", {"response": [{"Event": one}]}),
        ("in-response-object", {"response": {"Event": one}}),
        ("response-bare", {"response": [one]}),
    ):
        yield made(f"misp/{name}.json", json.dumps(value).encode(), whole)
    attributes = {
        "response": {"Attribute": [attribute(10, "md5", md5(10), event_id="1"), attribute(11, "sha1", sha1(11))]}
    }
    both = accepted([kept(10, {"md5": md5(10)}), kept(11, {"sha1": sha1(11)})], **SECRET)
    # restSearch of attributes: no event, so no audience that could be inherited.
    yield made(
        "misp/attributes-in-response.json",
        json.dumps(attributes).encode(),
        both,
        both | {"warnings": ["not-published"]},
        refused(),
    )
    two = [{"Event": one}, {"Event": event(attribute(20, "sha1", sha1(20)), uuid=uid(2), published=False)}]
    rows = [kept(10, {"md5": md5(10)}), kept(20, {"sha1": sha1(20)})]
    yield made(
        "misp/two-events.json",
        json.dumps({"response": two}).encode(),
        accepted(rows, notices=["not-published"], **SECRET),
    )
    yield made("misp/indented.json", json.dumps({"Event": one}, indent=2).encode("utf-8-sig"), whole)
    data = json.dumps({"Event": one}).encode("utf-16-le")
    yield made("misp/utf-16.json", b"\xff\xfe" + data, whole, refused(), rejected())


def _attributes() -> Made:
    some = event(
        attribute(10, "filename|sha256", f"secret|a.jpg|{sha256(10).upper()}"),
        attribute(11, "filename|md5", md5(11)),
        attribute(12, "filename|sha1", f"|{sha1(12)}"),
        attribute(13, "filename|sha512", f"secret.jpg|{sha512(13)}"),
        attribute(14, "filename|ssdeep", "secret.jpg|3:a:b"),
        attribute(15, "md5", f" {md5(15)}\n"),
        attribute(16, "malware-sample", f"secret.exe|{md5(16)}", data="UEsDBA=="),
        attribute(17, "imphash", md5(17)),
        attribute(18, "x-made-up", md5(18)),
        attribute(19, "md5", md5(19), to_ids=False),
        attribute(20, "md5", md5(20), to_ids="0"),
        attribute(21, "md5", md5(21), to_ids="1"),
        attribute(22, "md5", md5(22), to_ids=1),
        attribute(23, "sha256", sha256(23), category="Antivirus detection"),
        attribute(24, "text", "secret"),
        attribute(25, "tlsh", "T1" + "A" * 70),
    )
    rows = [
        kept(10, {"sha256": sha256(10)}),
        # Without a separator there is no name, and the whole is the hash.
        kept(11, {"md5": md5(11)}, optional=True),
        kept(12, {"sha1": sha1(12)}),
        kept(15, {"md5": md5(15)}),
        kept(16, {"md5": md5(16)}, optional=True),
        kept(20, {"md5": md5(20)}, optional=True),
        kept(21, {"md5": md5(21)}),
        kept(22, {"md5": md5(22)}),
        kept(23, {"sha256": sha256(23)}),
    ]
    whole = accepted(rows, notices=["not-searched"], **SECRET)
    return made(
        "misp/attributes.json",
        json.dumps({"Event": some}).encode(),
        whole,
        whole | {"rejected": [bad_one(11, NO_HASH)]},
    )


def _deleted() -> Made:
    values: list[tuple[object, bool]] = [
        (True, True),
        (1, True),
        ("1", True),
        ("true", True),
        (False, False),
        (0, False),
        ("0", False),
        ("", False),
        (None, False),
        (..., False),
        ("false", False),
    ]
    some = [attribute(100 + n, "md5", md5(100 + n), deleted=value) for n, (value, _) in enumerate(values)]
    objects = [
        file_object(200, attribute(201, "md5", md5(201)), attribute(202, "sha1", sha1(202), deleted="1")),
        file_object(210, attribute(211, "md5", md5(211)), deleted=1),
        file_object(220, attribute(221, "md5", md5(221), deleted=True)),
    ]
    rows = [kept(100 + n, {"md5": md5(100 + n)}) for n, (_, gone) in enumerate(values) if not gone]
    rows.append(kept(200, {"md5": md5(201)}))
    gone = [uid(100 + n) for n, (_, each) in enumerate(values) if each] + [uid(202), uid(210)]
    # Object 220 has lost its only hash: the row that falls is the object's.
    gone.append(uid(220))
    return made(
        "misp/deleted.json",
        json.dumps({"Event": event(*some, objects=list(objects))}).encode(),
        accepted(rows, retractions=gone, **SECRET),
    )


def _objects() -> Made:
    objects = [
        file_object(
            30,
            *(
                attribute(30 + n, kind, value, object_relation=kind)
                for n, (kind, value) in enumerate(
                    (("md5", md5(30)), ("sha1", sha1(30)), ("sha256", sha256(30)), ("sha512", sha512(30))), 1
                )
            ),
        ),
        file_object(
            40,
            attribute(41, "md5", md5(40)),
            attribute(42, "size-in-bytes", "12"),
            attribute(43, "filename", "secret.jpg"),
            attribute(44, "mime-type", "image/png"),
        ),
        file_object(50, attribute(51, "md5", md5(50)), attribute(52, "md5", md5(51))),
        file_object(60, attribute(61, "filename", "secret.jpg")),
        file_object(70, attribute(71, "md5", md5(70)[:30]), attribute(72, "sha1", sha1(70))),
        file_object(80, attribute(81, "md5", md5(80)), attribute(82, "sha256", EMPTY_SHA256)),
        file_object(90, attribute(91, "md5", md5(90)), attribute(92, "md5", md5(90).upper())),
        {
            "uuid": uid(95),
            "name": "domain-ip",
            "distribution": "5",
            "Attribute": [attribute(96, "domain", "secret.example.invalid")],
        },
        {"uuid": uid(97), "name": "file", "distribution": "5", "Attribute": []},
    ]
    rows = [
        kept(30, {"md5": md5(30), "sha1": sha1(30), "sha256": sha256(30)}),
        kept(40, {"md5": md5(40)}, media_size=12),
        kept(70, {"sha1": sha1(70)}, warnings=["bad-md5"]),
        kept(90, {"md5": md5(90)}),
        # Two MD5s of one file: never one of them in silence.
        kept(50, {"md5": md5(50)}, optional=True),
    ]
    whole = accepted(rows, rejected=[bad_one(80, EMPTY_INPUT)], notices=["not-searched"], **SECRET)
    told = whole | {"warnings": ["bad-md5", "conflicting-hash", "not-searched"]}
    dropped = whole | {"rejected": [bad_one(80, EMPTY_INPUT), {"uuid": uid(50)}]}
    data = json.dumps({"Event": event(objects=list(objects))}).encode()
    return made("misp/objects.json", data, told, told | {"rejected": dropped["rejected"]}, dropped)


def _audiences() -> Made:
    group = {
        "uuid": uid(950),
        "name": "Secret group",
        "releasability": "secret",
        "roaming": True,
        "SharingGroupOrg": [{"extend": False, "Organisation": {"name": "Secret org", "uuid": uid(900)}}],
    }
    bare = {"uuid": uid(951), "name": "Secret group 2"}
    some = [
        attribute(10, "md5", md5(10), distribution="0"),
        attribute(11, "md5", md5(11), distribution=1),
        attribute(12, "md5", md5(12), distribution="3"),
        attribute(13, "md5", md5(13), distribution="4", SharingGroup=group),
        attribute(14, "md5", md5(14), distribution="4", SharingGroup=bare),
        attribute(15, "md5", md5(15), distribution="4"),
        attribute(16, "md5", md5(16), distribution=5),
        attribute(17, "md5", md5(17), distribution=...),
        attribute(18, "md5", md5(18), distribution="9"),
        attribute(19, "md5", md5(19), distribution=None),
    ]
    rows = [kept(n, {"md5": md5(n)}) for n in range(10, 20)]
    data = json.dumps({"Event": event(*some)}).encode()
    whole = accepted(rows, **SECRET)
    return made(
        "misp/audiences.json",
        data,
        whole,
        whole | {"warnings": ["bad-distribution"]},
        whole | {"warnings": ["unknown-audience"]},
    )


def _faults() -> Made:
    some = [
        attribute(10, "md5", md5(10)[:31]),
        attribute(11, "md5", "0" * 32),
        attribute(12, "sha256", EMPTY_SHA256.upper()),
        attribute(13, "md5", 5),
        attribute(14, "md5", None),
        attribute(15, "md5", [md5(15)]),
        attribute(16, "sha1", md5(16)),
        attribute(17, "filename|md5", f"secret.jpg|{md5(17)}|secret"),
        attribute(18, "md5", md5(18), uuid=...),
        attribute(19, "md5", md5(19), uuid="not a uuid"),
        attribute(20, "other", pdq(20), comment="pdq"),
    ]
    rows = [row({}, {"md5": md5(18)}, scheme=None), row({}, {"md5": md5(19)}, scheme=None)]
    faults = [bad_one(10, NO_HASH), bad_one(11, PLACEHOLDER), bad_one(12, EMPTY_INPUT)]
    faults += [bad_one(n, NO_HASH) for n in (13, 14, 15, 16, 17)]
    data = json.dumps({"Event": event(*some)}).encode()
    return made("misp/faults.json", data, accepted(rows, rejected=faults, **SECRET))


def _frames() -> Iterator[Made]:
    data = json.dumps({"Event": event(attribute(10, "md5", md5(10)), attribute(11, "md5", md5(11)))}).encode()
    cut = data[: data.index(uid(11).encode()) + 8]
    yield made("misp/cut.json", cut, truncated(cut), rejected())
    yield made("misp/twice.json", data + b"\n" + data, rejected("data after the document"), rejected())
    yield made("misp/nan.json", data.replace(b'"1700000000"', b"NaN", 1), rejected("not JSON"))
    deep = data.replace(b'"1700000000"', b"[" * 5_000 + b"]" * 5_000, 1)
    yield made(
        "misp/deep.json",
        deep,
        rejected("nested too deep"),
        rejected(),
        accepted([kept(11, {"md5": md5(11)})], rejected=[{"reason": "nested too deep"}]),
    )
    yield made("misp/no-event.json", json.dumps([{"Organisation": {"name": "x"}}]).encode(), refused())
    yield made("misp/empty-response.json", b'{"response": []}', accepted(), refused())
    lone = json.dumps({"Event": event(attribute(10, "md5", md5(10), comment="\ud800"), info="\ud800 secret")}).encode()
    yield made("misp/lone-surrogate.json", lone, accepted([kept(10, {"md5": md5(10)})], **SECRET))
