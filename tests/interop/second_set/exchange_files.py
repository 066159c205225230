"""ThreatExchange and HMA: pages and tables; and what stands in the place of a type, in all formats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.interop.second_set.made import (
    EMPTY_INPUT,
    EMPTY_MD5,
    NO_HASH,
    PLACEHOLDER,
    Expected,
    Made,
    Page,
    accepted,
    bad,
    compact,
    dna,
    made,
    md5,
    pdq,
    refused,
    sha1,
    sha256,
    truncated,
)
from tests.interop.second_set.page_files import hashed, page_of, plain, stopncii


def files() -> Iterator[Made]:
    yield from _threat_updates()
    yield from _tables()
    yield from _hma()
    yield from _names()


def _threat_updates() -> Iterator[Made]:
    def said(*tags: str, status: str = "MALICIOUS", **more: object) -> dict[str, object]:
        return {"id": "1", "owner": {"id": "1", "name": "Secret owner"}, "status": status, "tags": list(tags)} | more

    def one(
        number: int, value: object, kind: str = "HASH_MD5", descriptors: object = None, **more: object
    ) -> dict[str, object]:
        data = {"data": [said("made_up")] if descriptors is None else descriptors}
        whole = {
            "id": str(number),
            "type": kind,
            "indicator": value,
            "should_delete": False,
            "descriptors": data,
        } | more
        return {name: each for name, each in whole.items() if each is not ...}

    page = page_of(
        '{"data":[\n',
        [
            one(1, md5(1).upper()),
            one(2, md5(2), should_delete=True),
            one(3, md5(3), descriptors=[]),
            one(4, md5(4), descriptors=...) | {"descriptors": {}},
            one(5, sha1(5), "HASH_SHA1", should_delete=...),
            one(6, sha256(6), "HASH_SHA256", [said("a", "b"), said("b", "c")]),
            one(7, pdq(7), "HASH_PDQ", [said(status="NON_MALICIOUS"), said(status="MALICIOUS")]),
            one(8, md5(8), "HASH_VIDEO_MD5", [said(status="SUSPICIOUS")]),
            one(9, md5(9), descriptors=[said(status="NON_MALICIOUS"), said(status="NON_MALICIOUS")]),
            one(10, "http://secret.example.invalid", "URI"),
            one(11, EMPTY_MD5),
            one(12, md5(12)[:30]),
            one(13, None),
            one(14, "dG1r", "HASH_TMK"),
            one(15, dna(15).hex(), "HASH_PHOTODNA"),
        ],
        '\n],"paging":{"cursors":{"after":"secret"}}}',
    )
    at = page.records
    rows = [
        plain(at[0], {"md5": md5(1)}),
        plain(at[4], {"sha1": sha1(5)}),
        plain(at[5], {"sha256": sha256(6)}),
        plain(at[6], {"pdq": pdq(7)}),
        plain(at[7], {"md5": md5(8)}, media_type="video"),
        plain(at[14], {"photodna": dna(15).hex()}, optional=True),
    ]
    faults = [bad(at[10], EMPTY_INPUT), bad(at[11], NO_HASH), bad(at[12], NO_HASH)]
    whole = accepted(rows, rejected=faults, retractions=["2", "3", "4"], must_not_appear=["secret", "Secret"])
    # HASH_TMK is a hash that nobody here searches: told. A cursor without `next` is the last page.
    yield made(
        "threatexchange/updates.json",
        page.data,
        *(
            whole | {"warnings": each}
            for each in (["not-searched"], [], ["more-pages", "not-searched"], ["more-pages"])
        ),
    )
    page = page_of(
        '{"data":[\n',
        [one(1, md5(1)), one(1, md5(1), should_delete=True), one(2, md5(2), should_delete=True), one(2, md5(2))],
        "\n]}",
    )
    yield made(
        "threatexchange/updates-in-order.json",
        page.data,
        accepted([plain(page.records[3], {"md5": md5(2)})], retractions=["1"]),
        accepted([plain({}, {"md5": md5(2)})]),
    )
    yield made("threatexchange/updates-cut.json", page.data[:-6], truncated(page.data[:-6]))


def _tables() -> Iterator[Made]:
    head = "tags,signal_str,category,signal_type,collab\n"
    page = Page().add(head)
    lines = [
        f"a b,{pdq(1)},POSITIVE_CLASS,pdq,secret",
        f'"x, y",{md5(2).upper()},POSITIVE_CLASS,video_md5,"secret, two"',
        f",{pdq(3)},NEGATIVE_CLASS,pdq,secret",
        f",{pdq(4)},INVESTIGATION_SEED,pdq,secret",
        ",secret text,POSITIVE_CLASS,raw_text,secret",
        f",{pdq(6)[:-1]},POSITIVE_CLASS,pdq,secret",
        f",{'0' * 64},POSITIVE_CLASS,pdq,secret",
    ]
    for each in lines:
        page.record(each).add("\n")
    at = [{name: value for name, value in each.items() if name != "record"} for each in page.records]
    rows = [
        plain(at[0], {"pdq": pdq(1)}, tags_raw="a b"),
        plain(at[1], {"md5": md5(2)}, tags_raw="x, y", media_type="video"),
        plain(at[3], {"pdq": pdq(4)}),
    ]
    faults = [bad(at[5], NO_HASH), bad(at[6], PLACEHOLDER)]
    whole = accepted(rows, rejected=faults, ignored={"NEGATIVE_CLASS": 1, "raw_text": 1}, must_not_appear=["secret"])
    yield made("threatexchange/dataset-other-order.csv", page.data, whole, whole | {"warnings": ["not-searched"]})
    page = Page(bom=b"\xef\xbb\xbf", newline="\r\n")
    lines = [
        f"pdq {pdq(1).upper()}",
        f"video_md5  {md5(2)}",
        f"pdq\t{pdq(3)}",
        f"pdq {md5(4)}",
        f"video_md5 {EMPTY_MD5}",
        "trend_query {}",
        md5(7),
    ]
    for each in lines:
        page.record(each).add("\n")
    at = [{name: value for name, value in each.items() if name != "record"} for each in page.records]
    rows = [
        plain(at[0], {"pdq": pdq(1)}),
        plain(at[1], {"md5": md5(2)}, media_type="video"),
        plain(at[2], {"pdq": pdq(3)}, optional=True),
    ]
    faults = [bad(at[3], NO_HASH), bad(at[4], EMPTY_INPUT), bad(at[6], "no signal type")]
    whole = accepted(rows, rejected=faults, notices=["not-searched"])
    tab = whole | {"rejected": [*faults, bad(at[2], "no signal type")]}
    # A search for words is no hash.
    yield made("threatexchange/signals-crlf.txt", page.data, whole, tab, whole | {"warnings": []})


def _hma() -> Iterator[Made]:
    def content(number: int, signals: object, until: int = 1, **more: object) -> dict[str, object]:
        return {
            "id": number,
            "disable_until_ts": until,
            "collab_metadata": {},
            "original_media_uri": "secret://x",
            "signals": signals,
        } | more

    page = page_of(
        "[\n",
        [
            content(1, {"pdq": pdq(1), "video_md5": md5(1)}),
            content(2, {"url": "http://secret.example.invalid"}),
            content(3, {"pdq": pdq(3)[:10]}),
            content(4, {}),
            content(5, {"pdq": "0" * 64}),
            content(6, {"video_md5": EMPTY_MD5}),
        ],
        "\n]\n",
    )
    rows = [plain({"id": 1}, {"pdq": pdq(1), "md5": md5(1)})]
    faults = [{"id": 3, "reason": NO_HASH}, {"id": 5, "reason": PLACEHOLDER}, {"id": 6, "reason": EMPTY_INPUT}]
    none = [{"id": 2, "reason": NO_HASH}, {"id": 4, "reason": NO_HASH}]
    every: list[Expected] = []
    for told in ([], ["not-searched"], ["unknown-field"], ["not-searched", "unknown-field"]):
        whole = accepted(rows, notices=told, must_not_appear=["secret"])
        options = [whole | {"rejected": [*faults, *more]} for more in (none, none[:1], none[1:], [])]
        every += options
    yield made("hma/contents.json", page.data, *every)


def _names() -> Iterator[Made]:
    """What stands in the place of a type may be anything, and is not repeated."""
    for name, text in (("hash", md5("type")), ("path", "secret/folder/a.jpg"), ("long-hash", sha256("type"))):
        secret: dict[str, Any] = {"must_not_appear": ["secret", text]}
        page = stopncii(hashed(pdq(1), kind=text), hashed(pdq(2)))
        rows = [plain(page.records[1], {"pdq": pdq(2)})]
        options = [accepted(rows, notices=told, **secret) for told in ([], ["not-searched"])]
        yield made(
            f"stopncii/type-is-a-{name}.json",
            page.data,
            *options,
            *(each | {"rejected": [page.records[0]]} for each in options),
        )
        page = page_of(
            '{"data":[\n',
            [{"id": "1", "type": text, "indicator": "x", "descriptors": {"data": [{"status": "MALICIOUS"}]}}],
            "\n]}",
        )
        options = [accepted(notices=told, **secret) for told in ([], ["not-searched"])]
        yield made(
            f"threatexchange/type-is-a-{name}.json",
            page.data,
            *options,
            *(each | {"rejected": [page.records[0]]} for each in options),
        )
        event = {
            "Event": {
                "uuid": "6a7b8c9d-1111-4111-8111-000000000001",
                "Attribute": [{"type": text, "value": "x"}],
                "Object": [{"name": text, "Attribute": [{"type": text, "value": "x"}]}],
            }
        }
        yield made(
            f"misp/type-is-a-{name}.json",
            compact(event).encode(),
            accepted(**secret),
            accepted(notices=["bad-distribution"], **secret),
        )
        objects = [
            {"type": text, "id": text},
            {"type": "indicator", "id": "indicator--1", "pattern": f"[{text}:value = 'x']", "pattern_type": "stix"},
            {"type": "indicator", "id": "indicator--2", "pattern": "x", "pattern_type": text},
        ]
        data = compact({"type": "bundle", "objects": objects}).encode()
        yield made(
            f"stix/type-is-a-{name}.json",
            data,
            accepted(**secret),
            accepted(rejected=[{"reason": "pattern is not only equality"}], **secret),
        )
        data = f"X{text} (secret.jpg) = {md5(1)}\nMD5 (secret.jpg) = {md5(2)}\n".encode()
        yield made(
            f"plain/tag-is-a-{name}.txt",
            data,
            *(
                each | {"items": [plain({"line": 2}, {"md5": md5(2)})], "records": 1}
                for each in (accepted(rejected=[{"line": 1}], **secret), accepted(notices=["not-searched"], **secret))
            ),
        )
        page = Page().add(f"md5,{text}\n").record(f"{md5(3)},secret").add("\n")
        rows = [plain({"line": 2}, {"md5": md5(3)})]
        yield made(
            f"plain/column-is-a-{name}.csv",
            page.data,
            *(accepted(rows, notices=told, **secret) for told in (["unknown-field"], [], ["not-searched"])),
            refused(),
        )
