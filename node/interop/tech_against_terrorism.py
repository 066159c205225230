"""Tech Against Terrorism: pages of its hash list (the JSON of its API).

Rules this module upholds:

- A record that is `deleted` takes itself back, by its id.
- The content is terrorist content: no row is ever labelled as child abuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from node.domain.references import EndsEarly, Fault, Ignored, Item, ListHead, Withdrawal
from node.domain.statements import Tri
from node.interop.hash_values import flag
from node.interop.json_heads import json_head
from node.interop.json_pages import Page, Record
from node.interop.notices import NOT_SEARCHED, Notices
from node.interop.reading import Choices, Format
from node.interop.row_hashes import RowHashes, identity_of, kind_taken, moment_of, told_name

NAME: Final = "tat"
RECORDS: Final = "results"


def recognise(head: bytes) -> bool:
    """Whether a file begins as one of its pages."""
    shape = json_head(head)
    return shape.has(1, RECORDS) and (shape.has(3, "hash_digest") or shape.has(1, "checkpoint"))


def read(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:  # noqa: ARG001 (nothing is left open)
    """The rows of a page. Raises `Broken`, `Unwelcome`."""
    page = Page(chunks, RECORDS, ("next",))
    notices = Notices()
    yield ListHead(format=NAME, is_abuse=False)
    for record in page.records():
        if isinstance(record, EndsEarly):
            yield record
            return
        yield from [record] if isinstance(record, Fault) else _row(record, notices)
    if page.fields.get("next"):
        yield from notices.tell("more-pages")


def _row(record: Record, notices: Notices) -> Iterator[Item]:
    fields = record.fields
    identity = identity_of(fields.get("id"))
    at = record.at._replace(name=identity)
    changed = moment_of(fields.get("updated_on"))
    deleted, is_bad = flag(fields.get("deleted"))
    algorithm = told_name(fields.get("algorithm"), "record without an algorithm")
    kind = kind_taken(algorithm)
    hashes = RowHashes()
    if kind is not None:
        hashes.add(kind, fields.get("hash_digest"))
    if is_bad:
        yield Fault(at, "whether it is deleted is not understood")
    elif deleted is Tri.YES:
        yield Withdrawal(at, identity, None if hashes.fault else hashes.reference(at), changed)
    elif kind is None:
        yield from notices.tell(NOT_SEARCHED, at)
        yield Ignored(algorithm)
    elif fault := hashes.fault:
        yield Fault(at, fault)
    else:
        yield hashes.reference(at, id=identity, said=record.said, changed=changed)


FORMAT: Final = Format(name=NAME, title="Tech Against Terrorism hash list", recognise=recognise, read=read)
