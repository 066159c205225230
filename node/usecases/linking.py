"""Stating links between records, and revising them: checked, recorded and stated.

Rules this module upholds:

- A link is between records that this node may read, each named once, by its newest version.
- Its readers are within those of each record (`link_readers`). Those of a new link are checked again in the transaction
  that states it, because a record may be corrected meanwhile.
- A revision keeps its readers, except those that may not read its records any more.
- The audit log has the names of the records and never the note. It records the act before it is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.record_links import FEWEST_TARGETS, MOST_TARGETS, Certainty, RecordLink
from node.errors import Misuse, NotFound
from node.usecases.acts import perform
from node.usecases.link_readers import check_shared, check_within, linked_record, narrowed, widest
from node.usecases.lookup import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.handling import Handling
    from node.domain.ids import Origin, RecordId
    from node.domain.ports import Codec
    from node.domain.record_links import Relation
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.domain.wording import Terms
    from node.usecases.audit import AuditLog
    from node.usecases.group_audience import GroupAudiences
    from node.usecases.ledger import Ledger
    from node.usecases.link_readers import Linked
    from node.usecases.recordlist import RecordList


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWording:
    """What a person wants a link to say, as far as given. `records`: as the person names them; empty: not given."""

    records: tuple[str, ...] = ()
    relation: Relation | None = None
    certainty: Certainty | None = None
    note: str | None = None
    language: str | None = None


class Linking:
    """Blocking: never on the event loop. `records`: finds statements of our own; `own`: our log."""

    def __init__(
        self,
        *,
        store: NodeStore,
        records: RecordList,
        ledger: Ledger,
        groups: GroupAudiences,
        codec: Codec,
        audit: AuditLog,
        own: Origin,
    ) -> None:
        self._store = store
        self._groups = groups
        self._records = records
        self._ledger = ledger
        self._codec = codec
        self._audit = audit
        self._own = own

    def link(self, wording: LinkWording, terms: Terms) -> RecordId:
        """The name of the new link. Without an audience in `terms`, it is for all members that may read every record.
        Raises `Misuse`, `NotFound`, `Refused`.
        """
        if wording.relation is None:
            raise Misuse("a link needs a relation", remedy="give --relation, for example --relation same-victim")
        linked = self._linked(wording.records)
        terms = self._groups.known(terms)
        said = RecordLink(
            relation=wording.relation,
            targets=tuple(each.name for each in linked),
            certainty=wording.certainty or Certainty.PROBABLE,
            note=wording.note or "",
            language=wording.language or "",
            group=terms.shared_with,
        )
        default = widest(linked)
        if terms.audience is None and not terms.everyone:
            check_shared(default, self._own.member)
        handling = terms.of(default)
        check_within(handling, linked)
        self._ledger.check(said)
        return perform(
            self._audit,
            "link",
            lambda: self._ledger.state(said, handling, self._still_within(said, handling)),
            **_about(said),
        )

    def revise(self, name: str, wording: LinkWording, terms: Terms) -> RecordId:
        """The new version of a link of ours: given fields are replaced, all others stay. Raises `Misuse` if nothing
        would change, `NotFound`, `Refused`.
        """
        target = self._records.resolve(name)
        shown = self._records.one(target)
        before = shown.view.body if shown else None
        if shown is None or not isinstance(before, RecordLink) or shown.view.handling is None:
            raise NotFound(
                "there is no such link here, or it was replaced or has ended",
                remedy="vigil links --mine shows our links",
            )
        linked = self._linked(wording.records or tuple(map(str, before.targets)))
        terms = self._groups.known(terms)
        said = RecordLink(
            relation=wording.relation or before.relation,
            targets=tuple(each.name for each in linked) if wording.records else before.targets,
            certainty=wording.certainty or before.certainty,
            note=before.note if wording.note is None else wording.note,
            language=before.language if wording.language is None else wording.language,
            group=terms.shared_with if terms.names_readers else before.group,
        )
        handling = terms.of(narrowed(shown.view.handling, widest(linked)))
        if said == before and handling == shown.view.handling:
            raise Misuse("the link says exactly this already", remedy="nothing has to be revised")
        check_within(handling, linked)
        self._ledger.check(said)
        return perform(
            self._audit,
            "revise link",
            lambda: self._ledger.revise(target, said, handling),
            link=str(target),
            **_about(said),
        )

    def _linked(self, names: Sequence[str]) -> list[Linked]:
        """The records that a person names, each once. Raises `Misuse` for a number of records that no link has, or for
        a record that is named twice.
        """
        if not FEWEST_TARGETS <= len(names) <= MOST_TARGETS:
            raise Misuse(
                f"a link is between {FEWEST_TARGETS} to {MOST_TARGETS} records, and {len(names)} were named",
                remedy="link more records by several links: those with a record in common hang together",
            )
        found: dict[RecordId, Linked] = {}
        with self._store.read() as tx:
            for name in names:
                each = linked_record(tx, resolve(tx, name, self._own), self._codec)
                if each.root in found:
                    raise Misuse(
                        f"{each.name} is named twice, by one version or by two", remedy="name each record once"
                    )
                found[each.root] = each
        return list(found.values())

    def _still_within(self, said: RecordLink, handling: Handling) -> Callable[[NodeStoreWriter, RecordId], None]:
        """Raises `Refused` inside the transaction, which is then undone."""

        def check(writer: NodeStoreWriter, _link: RecordId) -> None:
            check_within(handling, [linked_record(writer, each, self._codec) for each in said.targets])

        return check


def _about(said: RecordLink) -> dict[str, object]:
    """What the audit log says of a link."""
    return {"relation": said.relation.name.lower(), "records": [str(each) for each in said.targets]}
