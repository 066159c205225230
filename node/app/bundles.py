"""Wires bundles: writing one from this node's logs and roster, and reading one into it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from node.control.bundle_commands import BundleCommands
from node.domain.calendar import SECONDS_A_DAY
from node.domain.ids import federation_id, foreign, member_id
from node.errors import Misuse, NotFound
from node.sync.copies import Copies
from node.usecases.bundle_carrying import BundleCarrying
from node.usecases.bundle_choice import choose
from node.usecases.bundle_log import Reader
from node.usecases.bundle_taking import TakingDeps
from node.usecases.bundle_writing import BundleWriting, Wanted
from node.usecases.roster import check_own_line
from node.wire.convert_federation import decode_package, encode_package

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from node.app.node_services import NodeServices
    from node.domain.ids import MemberId, Origin
    from node.pki.client import RosterClient
    from node.usecases.export_sources import Selection
    from node.usecases.list_export import Exporting
    from node.usecases.roster import Members


class NodeBundles:
    """Begins bundles of this node. See `control.export_commands.Bundles`."""

    def __init__(self, services: NodeServices, exporting: Exporting) -> None:
        self._services = services
        self._exporting = exporting

    def begin(
        self, selection: Selection, reader: MemberId | None, sizes: Mapping[Origin, int]
    ) -> tuple[BundleWriting, Counter[str]]:
        """Blocking. Raises `Misuse`, `NotFound`, and `Refused` or `Suspended` for a reader who is not active."""
        services = self._services
        if reader is not None:
            services.members.known().require_active(reader)
        own = services.settings.federation
        foreigners = [origin for origin in sizes if origin.federation != own]
        if foreigners:
            raise Misuse(
                foreign("the file of --after", foreigners[0].federation, own),
                remedy="vigil bundle have, on the other node",
            )
        of = self._exporting.searched_list(selection.list) if selection.list else None
        choice, left_out = choose(services.store, services.codec, selection, of)
        wanted = Wanted(
            choice=choice,
            reader=reader,
            sizes=sizes,
            roster=self._roster(),
            today=int(time.time()) // SECONDS_A_DAY,
        )
        return BundleWriting(services.store, services.codec, encode_package, wanted), left_out

    def _roster(self) -> Mapping[str, bytes]:
        try:
            return self._services.roster_client.published()
        except NotFound:
            # Not admitted yet: there is nothing to read either.
            return {}


def bring_roster(client: RosterClient, members: Members, files: Mapping[str, bytes], *, now: float) -> bool:
    """Puts the roster that these files prove in force, if it is newer; whether it was. Raises `PeerFault`, `NotFound`,
    `Refused`; then nothing is kept.
    """
    roster = client.carried(files, now=now)
    if roster is None:
        return False
    if members.own is not None:
        # Before anything is kept: a roster that gives us other keys must not be found at the next start.
        check_own_line(roster, members.own)
    kept = client.bring(files, now=now)
    if kept is not None:
        members.replace(kept)
    return kept is not None


def bundle_commands(services: NodeServices) -> BundleCommands:
    """The commands that read a bundle."""
    own = services.own_log.origin

    def reader() -> Reader:
        return Reader(
            store=services.store,
            catalogue=services.catalogue,
            codec=services.codec,
            roster=services.members.signed,
            own=own,
            # Its own: a stream of the hub that runs meanwhile notices that a log has grown, and is opened again.
            copies=Copies(
                store=services.store,
                catalogue=services.catalogue,
                codec=services.codec,
                roster=services.members.signed,
                own=own,
                today=services.custody.today,
                on_own=lambda: None,
            ),
            decode=decode_package,
        )

    def match() -> None:
        if services.match_arrivals is not None:
            services.match_arrivals()
            return
        while services.arrivals.step(lambda: True):
            pass

    taking = TakingDeps(
        reader=reader,
        roster=services.members.signed,
        bring=lambda files: bring_roster(services.roster_client, services.members, files, now=time.time()),
        member=own.member,
        audit=services.audit,
        clock=time.time,
    )
    return BundleCommands(
        carrying=BundleCarrying(
            taking=taking,
            match=match,
            store=services.store,
            federation=federation_id(services.settings.federation),
            member=member_id(services.settings.member),
        )
    )
