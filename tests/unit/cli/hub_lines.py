"""What a made-up hub answers."""

from tests.unit.cli.conftest import Line

IN_FORCE: Line = {"roster_version": 2, "members": ["FR"], "expires": 1_700_000_000.0}
"""The answer to a bundle that the hub takes."""
