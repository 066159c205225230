"""Keeps the previews of holdings: stored with a holding, gone with it.

Rules this module upholds:

- The ciphertext is durable first, then the keys, in the transaction that stores the holding. A crash in between leaves
  ciphertext that no key opens.
- The keys of a deleted holding are overwritten in the transaction that deletes it. `tidy` overwrites the ciphertext
  afterwards, and all other bytes of the files that belong to no preview; the next start does it after a crash.
- Files are written and overwritten only within a write transaction, so nothing is overwritten while its keys are on
  their way.
- A node that does not want previews has none: a start destroys those that it had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from node.domain.material import MaterialFingerprints
    from node.domain.previews import KeptPreview, PreviewFiles
    from node.domain.stores import NodeStore, NodeStoreWriter

WASTED: Final = 2
"""A segment of which more than one in so many bytes belongs to no preview is given up: what is left moves."""
_PAGE: Final = 1_000


class PreviewKeeping:
    """Safe to use from any thread, blocking: never on the event loop. `wanted`: whether this node keeps previews;
    `scrub`: ends a deletion of keys (`Database.scrub`).
    """

    def __init__(self, *, store: NodeStore, files: PreviewFiles, wanted: bool, scrub: Callable[[], None]) -> None:
        self._store = store
        self._files = files
        self._scrub = scrub
        self.wanted = wanted

    def require(self, prints: Iterable[MaterialFingerprints]) -> None:
        """Raises `Refused` if there are previews among these, and this node keeps none."""
        if not self.wanted and any(each.previews for each in prints):
            raise Refused(
                "this node keeps no previews", remedy='set previews = "yes" in vigil.toml, and start the node again'
            )

    def put(self, writer: NodeStoreWriter, taken: Sequence[tuple[int, MaterialFingerprints]]) -> None:
        """Stores the previews of these holdings, in the transaction that stores them. A holding keeps those that it
        has. Raises `DiskFull`, `StoreError`.
        """
        made = {holding: prints.previews for holding, prints in taken if prints.previews}
        have = writer.with_previews(list(made)) if made else set()
        stills = [
            (holding, still, preview)
            for holding, previews in made.items()
            if holding not in have
            for still, preview in enumerate(previews)
        ]
        if stills:
            kept = self._files.put(stills)
            # A crash right here leaves ciphertext without keys, and the next start overwrites it.
            writer.put_previews(kept)

    def start(self) -> None:
        """Removes what a crash left, and all previews if they are not wanted any more. At every start."""
        if not self.wanted:
            with self._store.write() as tx:
                gone = tx.forget_previews()
            if gone:
                self._scrub()
        else:
            self._forget_lost()
        self.tidy()

    def tidy(self) -> int:
        """Overwrites all ciphertext without a preview, and returns how many bytes that were. Segments that are mostly
        waste are given up.
        """
        gone = 0
        for number, size in sorted(self._files.segments().items()):
            with self._store.read() as tx:
                used = tx.preview_sizes().get(number, 0)
            if used == size:
                continue
            if used and used * WASTED < size:
                self._move_away(number)
            with self._store.write() as tx:
                gone += self._files.overwrite(number, tx.preview_places(number))
        return gone

    def _move_away(self, number: int) -> None:
        """Moves the previews of a segment to the end of the last one. A crash in between leaves copies, of which the
        next start overwrites those that nothing refers to.
        """
        self._files.end_segment()
        after = 0
        while page := self._page(after):
            after = page[-1].id
            if here := [each for each in page if each.place.number == number]:
                with self._store.write() as tx:
                    tx.move_previews(self._files.move(here))

    def _page(self, after: int) -> list[KeptPreview]:
        with self._store.read() as tx:
            return tx.preview_page(after, _PAGE)

    def _forget_lost(self) -> None:
        """Deletes the keys of previews whose files are not there, as after a restore: the next ingest of their material
        makes others.
        """
        present = self._files.segments()
        with self._store.read() as tx:
            lost = [number for number in tx.preview_sizes() if number not in present]
        if lost:
            with self._store.write() as tx:
                for number in lost:
                    tx.forget_previews(number)
            self._scrub()
