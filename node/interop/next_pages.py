"""What a page says of the page after it, by the format of the page.

Rules this module upholds:

- A page that does not say whether more follow, although its format does, is `Malformed`: it is not taken for the last.
- Only what says where to go on is read. The values are the peer's: whoever uses them checks where they lead.

Sources: the clients of python-threatexchange for ThreatExchange (`paging`), StopNCII (`nextPageToken`), Tech Against
Terrorism and NCMEC (`next`); MISP's search counts its pages, and ends with an empty one.
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
from node.interop.json_pages import Page
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


def next_of(form: str, chunks: Iterable[bytes]) -> Onward | None:
    """What the page says of the next one, None if it is the last. `form`: one of `FOLLOWED`. Raises `Malformed`."""
    try:
        return FOLLOWED[form](chunks)
    except Unwelcome:
        raise Malformed(_NO_PAGE, remedy=_AGAIN) from None


def _threatexchange(chunks: Iterable[bytes]) -> Onward | None:
    paging = _beside(chunks, threatexchange.RECORDS, "paging")["paging"]
    if paging is None:
        return None
    link = paging.get("next") if isinstance(paging, dict) else 0
    if link in (None, ""):
        return None
    cursors = paging.get("cursors") if isinstance(paging, dict) else None
    after = cursors.get("after") if isinstance(cursors, dict) else None
    # The link repeats the token of the asker in its query. The cursor does not.
    return Onward(parameter="after", token=_said(after)) if after else Onward(link=_said(link))


def _stopncii(chunks: Iterable[bytes]) -> Onward | None:
    beside = _beside(chunks, stopncii.RECORDS, "hasMoreRecords", "nextPageToken")
    more, is_bad = flag(beside["hasMoreRecords"])
    if is_bad:
        raise Malformed(_UNCLEAR, remedy=_AGAIN)
    return Onward(parameter="nextPageToken", token=_said(beside["nextPageToken"])) if more is Tri.YES else None


def _tat(chunks: Iterable[bytes]) -> Onward | None:
    link = _beside(chunks, tech_against_terrorism.RECORDS, "next")["next"]
    return None if link in (None, "") else Onward(link=_said(link))


def _ncmec(chunks: Iterable[bytes]) -> Onward | None:
    in_paging, link = False, ""
    for event in xml_events(chunks, 2, namespaces=True):
        if isinstance(event, EndsEarly):
            raise Malformed(_EARLY, remedy=_AGAIN)
        if isinstance(event, Opened):
            in_paging = event.name == f"{ncmec.SPACE} paging"
        elif in_paging and isinstance(event, Element) and event.name == f"{ncmec.SPACE} next":
            link = event.text.strip()
    return Onward(link=link) if link else None


def _misp(chunks: Iterable[bytes]) -> Onward | None:
    whole = document(chunks)
    if isinstance(whole, EndsEarly):
        raise Malformed(_EARLY, remedy=_AGAIN)
    found = whole.get("response") if isinstance(whole, dict) else whole
    if isinstance(found, dict) and len(found) == 1:
        (found,) = found.values()
    if not isinstance(found, list | dict):
        raise Malformed(_NO_PAGE, remedy=_AGAIN)
    return Onward() if found else None


def _beside(chunks: Iterable[bytes], records: str, *names: str) -> dict[str, object]:
    """What stands beside the records of a page, None for what does not. Raises `Malformed`, `Unwelcome`."""
    page = Page(chunks, records, names)
    for record in page.records():
        if isinstance(record, EndsEarly):
            raise Malformed(_EARLY, remedy=_AGAIN)
    return {name: page.fields.get(name) for name in names}


def _said(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Malformed(_UNCLEAR, remedy=_AGAIN)
    return value


FOLLOWED: Final[dict[str, Callable[[Iterable[bytes]], Onward | None]]] = {
    threatexchange.NAME: _threatexchange,
    stopncii.NAME: _stopncii,
    tech_against_terrorism.NAME: _tat,
    ncmec.NAME: _ncmec,
    misp.NAME: _misp,
}
"""Format -> what its pages say of the next one. The same formats as `domain.peers.FOLLOWED`."""
