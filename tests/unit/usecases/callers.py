"""Officers for whom tests act."""

from __future__ import annotations

from node.domain.caller import Caller


def officer(name: str) -> Caller:
    """An officer with this name."""
    return Caller(name=name)
