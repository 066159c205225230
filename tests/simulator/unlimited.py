"""A hub that keeps no limits: it takes whatever its friends hand in, and counts it, but refuses nothing."""

from __future__ import annotations

from collections.abc import Mapping

from node.domain.batch import Package
from node.domain.usage import Resource, Usage
from node.hub.carrier import HubCarrier
from tests.simulator.world import Hub


class Unlimited(HubCarrier):
    """The carrier of such a hub."""

    def _require_room(self, package: Package, cost: Mapping[Resource, int], usage: Usage) -> None:
        """There always is."""


def without_limits(hub: Hub) -> Hub:
    """The same hub, from now on without limits."""
    hub.carrier.__class__ = Unlimited
    return hub
