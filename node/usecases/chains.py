"""Chains: the effect of corrections, revisions, retractions, opinions and comments on the record that they point at.

Rules this module upholds:

- Only the owner changes its record. A correction replaces the newest version, and the old body is deleted; a revision
  does the same for a statement that is not a contribution. A retraction ends the chain: from then on no version of the
  record has a body, whether it came before or after the retraction.
- Remarks of others follow the chain: they stay when the record is corrected, and go when the chain is retracted or its
  newest version has expired. A remark on a record without a body goes at once. What was said about a link goes with
  its revision too: the new version may be about other records.
- The outcome depends on the content of the logs, and not on the order in which they arrive or how they are divided: an
  entry that comes early waits for its target. Of two corrections of one version, the first by epoch and index counts.
- Each entry has the same cost, however long the chain is and however many remarks it has. The entries that a retraction
  deletes have already paid for their deletion.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from node.domain.batch import BodyState
from node.domain.envelope import OWN_TARGET, REPLACING, Kind, replaced_by
from node.domain.ids import Origin, RecordId
from node.domain.log_ports import Chain, Link, LogWriter
from node.usecases.pointing_entries import Place, Word, fault_in_log, segment, under_itself
from node.usecases.purging import REMARKS, Purge, kind_of, leaf_at, root_of

TWICE: Final = "a retraction cannot be retracted"
NOT_A_RECORD: Final = "a correction or revision of an entry of a kind that it cannot replace"
OF_NOTHING: Final = "a correction, revision or retraction of an entry that was set aside"
REPLACED: Final = "a correction or revision of a record that was replaced before"


class Chains:
    """Keeps the chains of one transaction in step with the entries, in log order."""

    def __init__(self, purge: Purge) -> None:
        self._purge = purge
        self._writer: LogWriter = purge.writer

    def take(self, word: Word, *, aside: bool) -> None:
        """An entry that points at another. `aside`: it was set aside before, so it has a place and no effect."""
        first, filed = segment(self._writer, word)
        if fault := fault_in_log(self._writer, word, filed):
            self._writer.put_links([under_itself(word)])
            if not aside:
                self._purge.set_aside(*word.place, fault)
            return
        root, version = word.target, 0
        if word.at is not None:
            root, version = root_of(self._writer, word.target.origin, word.at, word.target.leaf)
        chain = self._writer.chain(root)
        if chain is None:
            chain = Chain(root=root, head=word.target_place)
            self._writer.put_chain(chain)
        replaces = word.kind in REPLACING
        link = Link(
            origin=word.origin,
            index=word.index,
            kind=word.kind,
            chain=root,
            version=version + replaces,
            counts=False,
            first=first,
            filed=1 if replaces and first == word.index else 0,
        )
        if replaces and first != word.index:
            self._writer.put_filed(word.origin, first, filed + 1)
        fault = "" if aside else self._unfit(word) or self._unfounded(word, chain)
        if aside or fault:
            self._writer.put_links([link])
            if fault:
                self._purge.set_aside(*word.place, fault)
        elif replaces:
            self._correct(word, link, chain)
        elif word.kind == Kind.RETRACTION:
            self._writer.put_links([replace(link, counts=True)])
            self._end(chain)
        else:
            self._writer.put_links([replace(link, counts=True)])
            self._remark(word, chain)

    def meet(self, place: Place, leaf: bytes) -> None:
        """An entry that other entries pointed at before it came; if it points at another itself, after `take`."""
        me = RecordId(place[0], leaf)
        waiting = self._writer.chain(me)
        if waiting is None:
            return
        link = self._link(*place)
        if link is not None and link.kind in REPLACING and link.chain != me:
            self._join(place, waiting, link)
            return
        kind = kind_of(self._writer.entry_at(*place)[0])
        followed = waiting.head if waiting.head != place else None
        fits = replaced_by(kind) is not None and (followed is None or self._kind(followed) == replaced_by(kind))
        if followed is not None and fits:
            self._purge.bodies(place[0], [place[1]])
        head = followed if followed is not None and fits else place
        ended = waiting.ended if fits else self._refuse_waiting(me, kind)
        self._judge(replace(waiting, head=head, ended=ended), self._state(head))
        self._drop_earlier_remarks(me)

    def _refuse_waiting(self, root: RecordId, kind: int) -> bool:
        """What waited to replace an entry that it cannot replace is set aside, with its retractions; whether the entry
        is retracted all the same.
        """
        self._set_aside(root, REPLACING, 0, OF_NOTHING if kind in REPLACING else NOT_A_RECORD)
        self._set_aside(root, [Kind.RETRACTION], 1, OF_NOTHING)
        if kind == Kind.RETRACTION:
            self._set_aside(root, [Kind.RETRACTION], 0, TWICE)
        return bool(self._writer.linked(root, [Kind.RETRACTION]))

    def _link(self, origin: Origin, index: int) -> Link | None:
        return self._writer.links(origin, index, index + 1).get(index)

    # --- own words ------------------------------------------------------------------------------------------------

    def _unfit(self, word: Word) -> str:
        """Why the owner cannot say this; "" if it can, and for remarks of others."""
        if word.kind not in OWN_TARGET:
            return ""
        if word.at is None:
            # An entry of an earlier epoch may still come, and then finds this one waiting.
            return ""
        spoken = self._kind((word.target.origin, word.at))
        if word.kind == Kind.RETRACTION:
            return TWICE if spoken == Kind.RETRACTION else ""
        if spoken in REPLACING:
            link = self._link(word.target.origin, word.at)
            if link is None or not link.counts:
                return OF_NOTHING
            return "" if spoken == word.kind else NOT_A_RECORD
        return "" if replaced_by(spoken) == word.kind else NOT_A_RECORD

    def _unfounded(self, word: Word, chain: Chain) -> str:
        """Why a retraction of a correction or revision ends nothing; "" if that one belongs to a record."""
        if word.kind != Kind.RETRACTION or word.target == chain.root:
            return ""
        return "" if self._is_record(chain) else OF_NOTHING

    def _is_record(self, chain: Chain) -> bool:
        """Whether a chain belongs to a record, as far as it is known here, and not to something that cannot be
        replaced.
        """
        if chain.head is None:
            return True
        kind = self._kind(chain.head)
        return kind in REPLACING or replaced_by(kind) is not None

    def _correct(self, word: Word, link: Link, chain: Chain) -> None:
        """Replaces the newest version, or is set aside if its target is not the newest version."""
        if chain.head != word.target_place and not self._is_earlier(word, link, chain):
            self._writer.put_links([link])
            self._purge.set_aside(*word.place, REPLACED)
            return
        if chain.head != word.target_place:
            self._set_aside(chain.root, REPLACING, link.version, REPLACED)
        self._writer.put_links([replace(link, counts=True)])
        if word.at is not None:
            self._purge.bodies(word.target.origin, [word.at])
        self._judge(replace(chain, head=word.place), word.state)
        self._drop_earlier_remarks(chain.root)

    def _is_earlier(self, word: Word, link: Link, chain: Chain) -> bool:
        """Whether a correction comes before the one that has already replaced its target: a later epoch of the log may
        have arrived before this one.
        """
        if chain.head is None or chain.head[0].epoch <= word.origin.epoch:
            return False
        others = self._writer.linked(chain.root, REPLACING, since=link.version, limit=1)
        first = next((each for each in others if each.version == link.version), None)
        return first is None or (word.origin.epoch, word.index) < (first.origin.epoch, first.index)

    def _set_aside(self, root: RecordId, kinds: Collection[int], since: int, reason: str) -> None:
        for each in self._writer.linked(root, kinds, since=since):
            self._purge.set_aside(each.origin, each.index, reason)

    def _join(self, place: Place, waiting: Chain, link: Link) -> None:
        """A correction or revision came that others already followed: their chain becomes part of its chain."""
        chain = self._writer.chain(link.chain)
        if chain is None:
            return
        followed = waiting.head is not None and waiting.head != place
        if followed and not link.counts:
            self._set_aside(waiting.root, REPLACING, 0, OF_NOTHING)
        if not self._is_record(chain):
            self._set_aside(waiting.root, [Kind.RETRACTION], 0, OF_NOTHING)
            waiting = replace(waiting, ended=False)
        self._writer.join_chain(waiting.root, link.chain, link.version)
        if followed and link.counts:
            self._purge.bodies(place[0], [place[1]])
            chain = replace(chain, head=waiting.head)
        self._judge(replace(chain, ended=chain.ended or waiting.ended), self._state(chain.head))
        self._drop_earlier_remarks(chain.root)

    # --- what follows ---------------------------------------------------------------------------------------------

    def _end(self, chain: Chain) -> None:
        if not chain.ended:
            self._judge(replace(chain, ended=True), BodyState.PURGED)

    def _judge(self, chain: Chain, state: int) -> None:
        """Stores a chain that changed, and deletes bodies that it may not have. `state`: of its newest version."""
        barred = not chain.ended and state == BodyState.NOT_FOR_US
        self._writer.put_chain(replace(chain, barred=barred))
        if chain.head is None:
            return  # until the record is here, and is known to be retractable
        if chain.ended:
            self._purge.end(chain)
        elif state == BodyState.PURGED:
            self._purge.remarks(chain.root)

    def _kind(self, place: Place) -> int:
        return kind_of(self._writer.entry_at(*place)[0])

    def _state(self, place: Place | None) -> int:
        if place is None:
            return BodyState.MISSING
        entry, state = self._writer.entry_at(*place)
        # For an entry of a later version, nobody here knows its readers.
        return state if kind_of(entry) else BodyState.MISSING

    def _remark(self, word: Word, chain: Chain) -> None:
        """An opinion or a comment: deleted with its subject, and not stored by a node that may not read the subject."""
        if chain.head is None:
            return  # it waits for its record
        state = self._state(chain.head)
        barred = state == BodyState.NOT_FOR_US
        if chain.ended or state == BodyState.PURGED or (barred and word.state == BodyState.MISSING):
            self._purge.record(*word.place, word.leaf)
        elif barred and not chain.barred:
            self._writer.put_chain(replace(chain, barred=True))
        self._drop_earlier_remarks(chain.root)

    def _drop_earlier_remarks(self, root: RecordId) -> None:
        """A revised link may have other targets. So what was said about its earlier versions goes, as it would have if
        a target of theirs had ended before the revision came.
        """
        chain = self._writer.chain(root)
        if chain is None or chain.head is None or self._kind(chain.head) != Kind.REVISION:
            return
        newest = self._link(*chain.head)
        first = self._writer.find(root.origin, [root.leaf]).get(root.leaf)
        if newest is None or first is None or self._kind((root.origin, first)) != Kind.LINK:
            return
        for each in self._writer.linked(root, REMARKS):
            if each.version < newest.version:
                self._purge.record(each.origin, each.index, leaf_at(self._writer, each.origin, each.index))


def unlink(writer: LogWriter, origin: Origin, start: int, stop: int) -> None:
    """Undoes what the entries [start, stop) of a log did to chains, for an owner who is about to cut them off and state
    them again in its next epoch. Deleted bodies stay deleted.
    """
    roots = {link.chain for link in writer.links(origin, start, stop).values()}
    writer.drop_links(origin, start)
    for root in sorted(roots, key=str):
        place = writer.find(root.origin, [root.leaf]).get(root.leaf)
        if root.origin == origin and place is not None and place >= start:
            writer.drop_chain(root)
            continue
        corrections = writer.linked(root, REPLACING)
        head: Place | None = None if place is None else (root.origin, place)
        if corrections:
            head = (corrections[-1].origin, corrections[-1].index)
        ended = bool(writer.linked(root, [Kind.RETRACTION]))
        writer.put_chain(Chain(root=root, head=head, ended=ended))
