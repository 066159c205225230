"""What a page says of the page after it, and of the time until which it tells, by the format of the page.

Rules this module upholds:

- A page that does not say whether more follow, although its format does, is `Malformed`: it is not taken for the last.
- Only what says where to go on is read. The values are the peer's: whoever uses them checks where they lead.
- A time is that of the peer, in its own words. It holds only if all pages were read: NCMEC orders nothing by time.

Sources: the clients of python-threatexchange for ThreatExchange (`paging`, `start_time`), StopNCII (`nextPageToken`,
`startTimestamp`), Tech Against Terrorism (`next`, `after`) and NCMEC (`next`, `from`); MISP's search counts its pages,
and ends with an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from node.domain.references import EndsEarly
from node.domain.statements import Tri
from node.errors import Malformed
from node.interop import misp, ncmec, stopncii, tech_against_terrorism, threatexchange
from node.interop.hash_values import flag
from node.interop.json_documents import document
from node.interop.json_pages import Page, Record
from node.interop.ncmec_writing import TIME
from node.interop.reading import Unwelcome
from node.interop.xml_records import Element, Opened, xml_events

_EARLY: Final = "the page ends early"
_UNCLEAR: Final = "the page does not say clearly whether more pages follow"
_NO_PAGE: Final = "the page has no list of records"
_AGAIN: Final = "try again; if that does not help, ask who runs the peer"


class Onward(NamedTuple):
    """How the next page is asked for. One of: `link`, an address as the page states it; `parameter` of the query and
    its value `token`; neither, for the page of the next number.
    """

    link: str = ""
    parameter: str = ""
    token: str = ""


class PageEnd(NamedTuple):
    """`onward`: None if the page is the last; `since`: the time until which it tells, "" if it does not say."""

    onward: Onward | None
    since: str = ""


def end_of(form: str, chunks: Iterable[bytes]) -> PageEnd:
    """What the page says of the next one. `form`: one of `FOLLOWED`. Raises `Malformed`."""
    try:
        return FOLLOWED[form](chunks)
    except Unwelcome:
        raise Malformed(_NO_PAGE, remedy=_AGAIN) from None


def _threatexchange(chunks: Iterable[bytes]) -> PageEnd:
    page, latest = Page(chunks, threatexchange.RECORDS, ("paging",)), 0
    for record in page.records():
        _require_whole(record)
        updated = record.fields.get("last_updated") if isinstance(record, Record) else 0
        latest = max(latest, updated if type(updated) is int else 0)
    return PageEnd(_cursor(page.fields.get("paging")), str(latest) if latest else "")


def _cursor(paging: object) -> Onward | None:
    if paging is None:
        return None
    link = paging.get("next") if isinstance(paging, dict) else 0
    if link in (None, ""):
        return None
    cursors = paging.get("cursors") if isinstance(paging, dict) else None
    after = cursors.get("after") if isinstance(cursors, dict) else None
    # The link repeats the token of the asker in its query. The cursor does not.
    return Onward(parameter="after", token=_said(after)) if after else Onward(link=_said(link))


def _stopncii(chunks: Iterable[bytes]) -> PageEnd:
    beside = _beside(chunks, stopncii.RECORDS, "hasMoreRecords", "nextPageToken", "nextSetTimestamp")
    more, is_bad = flag(beside["hasMoreRecords"])
    if is_bad:
        raise Malformed(_UNCLEAR, remedy=_AGAIN)
    until = beside["nextSetTimestamp"]
    since = str(until) if type(until) is int and until > 0 else ""
    token = _said(beside["nextPageToken"]) if more is Tri.YES else ""
    return PageEnd(Onward(parameter="nextPageToken", token=token) if token else None, since)


def _tat(chunks: Iterable[bytes]) -> PageEnd:
    beside = _beside(chunks, tech_against_terrorism.RECORDS, "next", "checkpoint")
    link, checkpoint = beside["next"], beside["checkpoint"]
    onward = None if link in (None, "") else Onward(link=_said(link))
    return PageEnd(onward, checkpoint if isinstance(checkpoint, str) else "")


def _ncmec(chunks: Iterable[bytes]) -> PageEnd:
    frame, link, since = "", "", ""
    for event in xml_events(chunks, 2, namespaces=True):
        if isinstance(event, EndsEarly):
            raise Malformed(_EARLY, remedy=_AGAIN)
        if isinstance(event, Opened):
            frame = event.name
            until = event.attributes.get("maxTimestamp", "")
            since = max(since, until) if TIME.fullmatch(until) else since
        elif frame == f"{ncmec.SPACE} paging" and isinstance(event, Element) and event.name == f"{ncmec.SPACE} next":
            link = event.text.strip()
    return PageEnd(Onward(link=link) if link else None, since)


def _misp(chunks: Iterable[bytes]) -> PageEnd:
    whole = document(chunks)
    if isinstance(whole, EndsEarly):
        raise Malformed(_EARLY, remedy=_AGAIN)
    found = whole.get("response") if isinstance(whole, dict) else whole
    if isinstance(found, dict) and len(found) == 1:
        (found,) = found.values()
    if not isinstance(found, list | dict):
        raise Malformed(_NO_PAGE, remedy=_AGAIN)
    return PageEnd(Onward() if found else None)


def _beside(chunks: Iterable[bytes], records: str, *names: str) -> dict[str, object]:
    """What stands beside the records of a page, None for what does not. Raises `Malformed`, `Unwelcome`."""
    page = Page(chunks, records, names)
    for record in page.records():
        _require_whole(record)
    return {name: page.fields.get(name) for name in names}


def _require_whole(record: object) -> None:
    if isinstance(record, EndsEarly):
        raise Malformed(_EARLY, remedy=_AGAIN)


def _said(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Malformed(_UNCLEAR, remedy=_AGAIN)
    return value


FOLLOWED: Final[dict[str, Callable[[Iterable[bytes]], PageEnd]]] = {
    threatexchange.NAME: _threatexchange,
    stopncii.NAME: _stopncii,
    tech_against_terrorism.NAME: _tat,
    ncmec.NAME: _ncmec,
    misp.NAME: _misp,
}
"""Format -> what its pages say of the next one. The same formats as `domain.peers.FOLLOWED`."""
SINCE: Final = {
    threatexchange.NAME: "start_time",
    stopncii.NAME: "startTimestamp",
    tech_against_terrorism.NAME: "after",
    ncmec.NAME: "from",
}
"""Format -> the parameter of the query that asks for changes since a time. The formats of `domain.peers.CHANGES`."""
