"""NCMEC hash sharing, version 2: XML pages of entries of images and videos, and of entries that were deleted.

Rules this module upholds:

- An entry is known by its member, its id, and whether it is an image or a video. All three are its identity here.
- A deleted entry takes back the entry of the same identity. Entries are in no order of time: `changed` says when.
- Feedback is an opinion beside an entry: members who say that it is wrong are counted, and nothing is removed.
- Fingerprints that are links are not followed. Names of members stay with the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA, SHA1, SHA256
from node.domain.references import At, EndsEarly, Fault, Item, ListHead, Withdrawal
from node.interop.notices import Notices
from node.interop.reading import Broken, Choices, Format, Unwelcome
from node.interop.row_hashes import RowHashes, plain_text, told_name
from node.interop.said_texts import compact
from node.interop.xml_records import Closed, Element, Opened, begins_with, json_of, xml_events

NAME: Final = "ncmec"
SPACE: Final = "https://hashsharing.ncmec.org/hashsharing/v2"
VERSION: Final = "v2"
CODES: Final = frozenset({"A1", "A2", "B1", "B2"})
KINDS: Final = {"md5": MD5, "sha1": SHA1, "sha256": SHA256, "pdq": PDQ, "pdna": PHOTODNA}
NO_ID: Final = "no id"
_FRAMES: Final = {"images": ("image", "deletedImage"), "videos": ("video", "deletedVideo")}
_KNOWN: Final = frozenset({"member", "timestamp", "id", "classification", "fingerprints", "feedback"})


def recognise(head: bytes) -> bool:
    """Whether the document is a `queryResult` of this service."""
    tag = begins_with(head, "queryResult")
    return tag.startswith("<!") or "hashsharing.ncmec.org" in tag


def _q(name: str) -> str:
    return f"{SPACE} {name}"


def read(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    """The entries of a page. Raises `Broken`, `Unwelcome`."""
    page = _Page(choices)
    for event in xml_events(chunks, 2, namespaces=True):
        if isinstance(event, EndsEarly):
            yield event
        elif isinstance(event, Opened):
            yield from page.opened(event)
        elif isinstance(event, Closed):
            yield from page.closed(event)
        else:
            yield from page.record(event)


class _Page:
    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._notices = Notices()
        self._records = 0
        self._frame = ""
        self._stated = ""
        self._entries = 0

    def opened(self, event: Opened) -> Iterator[Item]:
        if event.depth == 0:
            space, _, local = event.name.rpartition(" ")
            if local != "queryResult":
                raise Broken("its root is not a queryResult of NCMEC", event.at)
            if space != SPACE:
                raise Unwelcome(
                    "the file is of another version of NCMEC hash sharing than 2",
                    event.at,
                    remedy="get it in version 2, or use a version of Vigil that knows this one",
                )
            choices = self._choices
            scheme = (choices.scheme, choices.scheme_version) if choices.scheme else (NAME, VERSION)
            yield ListHead(format=NAME, version=VERSION, scheme=scheme[0], scheme_version=scheme[1])
            return
        space, _, local = event.name.rpartition(" ")
        self._frame = local if space == SPACE else ""
        self._stated = event.attributes.get("count", "")
        self._entries = 0
        if self._frame not in (*_FRAMES, "paging"):
            yield from self._notices.tell("unknown-field", event.at)

    def closed(self, event: Closed) -> Iterator[Item]:
        if event.depth == 1 and self._frame in _FRAMES and self._stated.strip() not in ("", str(self._entries)):
            yield from self._notices.tell("bad-total", event.at)

    def record(self, element: Element) -> Iterator[Item]:
        if self._frame == "paging":
            if element.name == _q("next") and element.text.strip():
                yield from self._notices.tell("more-pages", element.at)
            return
        live, deleted = _FRAMES.get(self._frame, ("", ""))
        if not live or element.name not in (_q(live), _q(deleted)):
            yield from self._notices.tell("unknown-field", element.at)
            return
        self._records += 1
        self._entries += 1
        at = element.at._replace(record=self._records)
        if element.fault:
            yield Fault(at, element.fault)
        elif element.name == _q(deleted):
            yield self._deleted(element, at, live)
        else:
            yield from self._entry(element, at, live)

    def _deleted(self, element: Element, at: At, media: str) -> Item:
        identity = identity_of(element, media)
        return Withdrawal(at, identity, changed=_changed(element)) if identity else Fault(at, NO_ID)

    def _entry(self, element: Element, at: At, media: str) -> Iterator[Item]:
        hashes = RowHashes()
        for group in element.children(_q("fingerprints")):
            _fingerprints(group, hashes)
        if hashes.fault:
            yield Fault(at, hashes.fault)
            return
        code = plain_text(element.child_text(_q("classification"))) or None
        if code is not None and code not in CODES and not self._choices.scheme:
            hashes.warn("unknown-code")
        row = hashes.reference(
            at,
            id=identity_of(element, media),
            code=code,
            media_type=media,
            disputes=_disputes(element),
            changed=_changed(element),
            said=compact(json_of(element, SPACE)),
        )
        yield row
        yield from self._notices.of_row(row)
        if any(isinstance(part, Element) and part.name.rpartition(" ")[2] not in _KNOWN for part in element.content):
            yield from self._notices.tell("unknown-field", at)


def _fingerprints(group: Element, hashes: RowHashes) -> None:
    for part in group.content:
        if isinstance(part, str):
            continue
        space, _, name = part.name.rpartition(" ")
        text = part.text.strip()
        kind = KINDS.get(name) if space == SPACE else None
        if kind is not None and text:
            hashes.add(kind, text)
        elif kind is None or part.attributes:
            hashes.other(told_name(name, "other"))


def identity_of(element: Element, media: str) -> str:
    """`MEMBER/ID (image)`, or "(video)"; "" for an entry without an id."""
    own = plain_text(element.child_text(_q("id")))
    members = element.children(_q("member"))
    member = plain_text(members[0].attributes.get("id", "").strip()) if members else ""
    return f"{member}/{own} ({media})" if own else ""


def _changed(element: Element) -> str:
    return plain_text(element.child_text(_q("timestamp")))


def _disputes(element: Element) -> int:
    """How many members say that one of the entry's fingerprints is wrong."""
    members: set[str] = set()
    for feedback in element.children(_q("feedback")):
        for negative in feedback.children(_q("negativeFeedback")):
            for reasons in (negative, *negative.children(_q("reasons"))):
                for group in reasons.children(_q("members")):
                    members.update(member.attributes.get("id", "") for member in group.children(_q("member")))
    return len(members)


FORMAT: Final = Format(name=NAME, title="NCMEC hash sharing v2", recognise=recognise, read=read)
