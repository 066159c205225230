"""Pages of StopNCII and of Tech Against Terrorism."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.interop.second_set.made import (
    EMPTY_INPUT,
    EMPTY_MD5,
    NO_HASH,
    PLACEHOLDER,
    Made,
    Page,
    Place,
    Row,
    accepted,
    bad,
    compact,
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
    # The last page of a list that did not change.
    yield made("tat/no-results.json", page_with().data, accepted())
    # A deletion before its entry: what comes last in a page holds, or the deletion does; never both.
    page = page_with(one(1, md5(1), deleted=True), one(1, md5(1)))
    yield made(
        "tat/deleted-then-there.json",
        page.data,
        accepted([plain({"id": 1}, {"md5": md5(1)}, optional=True)], retractions=["1"]),
        refused(),
    )
