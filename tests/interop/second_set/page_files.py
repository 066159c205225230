"""Pages of StopNCII, Tech Against Terrorism, ThreatExchange and HMA."""

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
    Place,
    Row,
    accepted,
    bad,
    compact,
    dna,
    made,
    md5,
    pdq,
    refused,
    rejected,
    row,
    sha1,
    sha256,
    truncated,
)


def files() -> Iterator[Made]:
    yield from _stopncii()
    yield from _stopncii_frames()
    yield from _tat()
    yield from _threat_updates()
    yield from _tables()
    yield from _hma()
    yield from _names()


def page_of(head: str, records: list[object], end: str) -> Page:
    page = Page().add(head)
    for n, each in enumerate(records):
        page.add(",\n" if n else "").record(each if isinstance(each, str) else compact(each))
    return page.add(end)


def plain(at: Place, hashes: dict[str, str], **more: Any) -> Row:
    return row(at, hashes, scheme=None, **more)


# --- StopNCII ---------------------------------------------------------------------------------------------------------


def hashed(value: object, status: object = "Active", kind: object = "ImagePDQ", **more: object) -> dict[str, object]:
    whole = {
        "lastModtimestamp": 1,
        "signalType": kind,
        "hashValue": value,
        "hashStatus": status,
        "caseNumbers": {},
    } | more
    return {name: each for name, each in whole.items() if each is not ...}


def stopncii(*records: object, more: str = "", count: object = None, end: str = '\n],"hasMoreRecords":false}') -> Page:
    number = len(records) if count is None else count
    return page_of(f'{{"count":{compact(number)},"nextPageToken":null,{more}"hashRecords":[\n', list(records), end)


def _stopncii() -> Iterator[Made]:
    page = stopncii(
        hashed(pdq(1), caseNumbers={"secret": "Active"}, CSPFeedbacks=[{"source": "secret", "feedbackValue": "None"}]),
        hashed(pdq(2).upper(), "Received"),
        hashed(pdq(3), "Withdrawn"),
        hashed(md5(4), "Deleted", "VideoMD5"),
        hashed(pdq(5), "Pending"),
        hashed(pdq(6), None),
        hashed(pdq(7), ...),
        hashed(pdq(8), 1),
        hashed(pdq(9), ["Active"]),
        hashed(7),
        hashed(None),
        hashed(pdq(12)[:63]),
        hashed("0" * 64),
        hashed(EMPTY_MD5, kind="VideoMD5"),
        hashed(md5(15), kind="ImageMD5"),
        hashed("secret text", kind="Text"),
        hashed(pdq(17), kind=17),
        hashed(pdq(18), kind=None),
    )
    at = page.records
    rows = [plain(at[0], {"pdq": pdq(1)}, media_type="image"), plain(at[1], {"pdq": pdq(2)}, media_type="image")]
    faults = [bad(at[n], "unknown status") for n in range(4, 9)]
    faults += [bad(at[n], NO_HASH) for n in (9, 10, 11)] + [bad(at[12], PLACEHOLDER), bad(at[13], EMPTY_INPUT)]
    # A signal without a name is no signal: not taken, either way.
    whole = accepted(
        rows,
        rejected=faults,
        notices=["not-searched"],
        retractions=["ImagePDQ of record 3", "VideoMD5 of record 4"],
        must_not_appear=["secret"],
    )
    nameless = [bad(at[16], "no signal type"), bad(at[17], "no signal type")]
    fifteenth = plain(at[14], {"md5": md5(15)}, optional=True, media_type="image")
    whole |= {"items": [*rows, fifteenth], "records": {"one_of": [2, 3]}}
    # A text is no hash, so that "not searched" may be said of it or not.
    options = [whole | {"warnings": told} for told in ([], ["not-searched"])]
    options += [each | {"rejected": [*faults, *nameless]} for each in options]
    yield made("stopncii/statuses.json", page.data, *options)
    # The last value of one (signal, hash) replaces the former.
    page = stopncii(
        hashed(pdq(1)),
        hashed(pdq(1).upper(), "Deleted"),
        hashed(pdq(2), "Withdrawn"),
        hashed(pdq(2)),
        hashed(pdq(3)),
        hashed(pdq(3), "Received"),
    )
    at = page.records
    third = plain(at[4], {"pdq": pdq(3)}) | {"at": {}}
    yield made(
        "stopncii/last-holds.json",
        page.data,
        *(
            accepted([plain(at[3], {"pdq": pdq(2)}), third], notices=more)
            for more in ([], ["duplicate"], ["conflicting-record"])
        ),
    )


def _stopncii_frames() -> Iterator[Made]:
    one = hashed(pdq(1))
    for name, more in (("token", '"x":0,'), ("none", "")):
        page = stopncii(one, more=more)
        data = page.data.replace(b'"nextPageToken":null', b'"nextPageToken":"secret"') if name == "token" else page.data
        at = page.records[0] | ({"offset": page.records[0]["offset"] + len('"secret"') - 4} if name == "token" else {})
        rows = [plain(at, {"pdq": pdq(1)})]
        # `hasMoreRecords` decides: the last page of the service's own example has a token too.
        expected = accepted(rows, must_not_appear=["secret"])
        yield made(f"stopncii/next-{name}.json", data, expected, expected | {"warnings": ["unknown-field"]})
    for name, count, told in (
        ("text", "1", []),
        ("wrong", 5, ["bad-total"]),
        ("null", None, []),
        ("negative", -1, ["bad-total"]),
    ):
        page = stopncii(one, count=count) if count is not None else stopncii(one)
        rows = [plain(page.records[0], {"pdq": pdq(1)})]
        yield made(
            f"stopncii/count-{name}.json",
            page.data,
            accepted(rows, notices=told),
            accepted(rows, notices=["bad-total"]) if name == "text" else accepted(rows, notices=told),
        )
    yield made("stopncii/no-records.json", stopncii().data, accepted())
    data = b'{"count":0,"nextSetTimestamp":1,"nextPageToken":null,"hasMoreRecords":false,"hashRecords":null}'
    yield made("stopncii/records-null.json", data, accepted(), rejected(), refused())
    page = stopncii(one, hashed(pdq(2)))
    for name, end in (
        ("in-a-record", page.records[1]["offset"] + 30),
        ("behind-a-record", page.records[1]["offset"] - 2),
    ):
        yield made(f"stopncii/cut-{name}.json", page.data[:end], truncated(page.data[:end]))
    yield made("stopncii/twice.json", page.data + page.data, rejected(), rejected("data after the document"))


# --- Tech Against Terrorism -------------------------------------------------------------------------------------------


def _tat() -> Iterator[Made]:
    def one(number: object, value: object, kind: str = "MD5", **more: object) -> dict[str, object]:
        whole = {
            "hash_digest": value,
            "algorithm": kind,
            "ideology": "all",
            "file_type": "mp4",
            "deleted": False,
            "id": number,
        } | more
        return {name: each for name, each in whole.items() if each is not ...}

    def page_with(*records: object, following: object = None) -> Page:
        head = f'{{"count":{len(records)},"next":{compact(following)},"previous":null,"checkpoint":"1,2","results":[\n'
        return page_of(head, list(records), "\n]}")

    page = page_with(
        one(1, md5(1)),
        one(2, md5(2), deleted=True),
        one(3, md5(3), deleted="true"),
        one(4, md5(4), deleted=1),
        one(5, md5(5), deleted="false"),
        one(6, md5(6), deleted=0),
        one(7, md5(7), deleted=...),
        one(8, md5(8), deleted=None),
        one("9", pdq(9), "PDQ"),
        one(10, sha1(10), "SHA1"),
        one(11, sha256(11), "SHA256"),
        one(12, md5(12), "BLAKE3"),
        one(13, EMPTY_MD5),
        one(14, md5(14), "PDQ"),
        one(15, None),
        one(16, md5(16), deleted="1"),
    )
    at = [{"id": n} for n in range(17)]
    hashes = {1: {"md5": md5(1)}, 9: {"pdq": pdq(9)}, 10: {"sha1": sha1(10)}, 11: {"sha256": sha256(11)}}
    hashes |= {n: {"md5": md5(n)} for n in (5, 6, 7, 8)}
    rows = [plain(at[n], each) for n, each in sorted(hashes.items())]
    faults = [{"id": 13, "reason": EMPTY_INPUT}, {"id": 14, "reason": NO_HASH}, {"id": 15, "reason": NO_HASH}]
    whole = accepted(rows, rejected=faults, notices=["not-searched"], retractions=["2", "3", "4", "16"])
    yield made("tat/deleted.json", page.data, whole, whole | {"warnings": []}, refused())
    page = page_with(one(1, md5(1)), following="http://example.invalid/secret")
    yield made(
        "tat/next.json",
        page.data,
        accepted([plain({"id": 1}, {"md5": md5(1)})], notices=["more-pages"], must_not_appear=["secret"]),
        refused(),
    )
    # A deletion before its entry: what comes last in a page holds, or the deletion does; never both.
    page = page_with(one(1, md5(1), deleted=True), one(1, md5(1)))
    yield made(
        "tat/deleted-then-there.json",
        page.data,
        accepted([plain({"id": 1}, {"md5": md5(1)}, optional=True)], retractions=["1"]),
        refused(),
    )


# --- ThreatExchange ---------------------------------------------------------------------------------------------------


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
