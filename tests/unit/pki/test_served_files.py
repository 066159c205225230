"""A repository serves the metadata files that TUF names, and no other file."""

import json

import pytest

from node.errors import NotFound, Refused
from node.tlog import note
from tests.unit.pki.federation import Federation


@pytest.mark.parametrize(
    "name", ["../hub.json", "keys", "root.json", "/etc/passwd", "0.root.json", "1.mirror.json", ".json", "", "x" * 500]
)
def test_a_repository_serves_no_other_file(federation: Federation, name: str) -> None:
    with pytest.raises(NotFound):
        federation.hub.repository.read(name, 10**6)


def test_a_file_longer_than_asked_for_is_not_served(federation: Federation) -> None:
    with pytest.raises(Refused):
        federation.hub.repository.read("timestamp.json", 10)


def test_names_in_the_served_metadata_are_those_of_the_specification(federation: Federation) -> None:
    """For another TUF client: consistent snapshots, the standard roles, Ed25519."""
    root = json.loads(federation.authority.root)["signed"]
    assert root["consistent_snapshot"] is True
    assert set(root["roles"]) == {"root", "targets", "snapshot", "timestamp"}
    assert {key["scheme"] for key in root["keys"].values()} == {"ed25519"}
    assert note.parse_vkey(federation.roster().hub.cosigner_vkey).key_type == note.COSIGNATURE
