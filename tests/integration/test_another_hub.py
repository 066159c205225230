"""Another hub answers at the hub's address: what it takes for a node to believe it, and what it never loses."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node import app, config
from node.domain.token import format_token, parse_token
from node.errors import BadSignature, Refused
from tests.faults.taking_in import take_in
from tests.integration.processes import FEDERATION, Federation, Line, federation, secret, until


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("made"), "FR") as running:
        yield running


def founded_anew(folder: Path, addresses: tuple[str, str]) -> Federation:
    """Another authority of the same name, with a hub at the same addresses."""
    other = Federation(folder, hub_address=addresses[0], enrolment_address=addresses[1])
    app.init_authority(folder / "authority", FEDERATION, secret, keys=1, threshold=1)
    root = (folder / "authority" / "root.json").read_bytes()
    app.init_hub(
        other.home("hub"), FEDERATION, root, secret, listen=addresses[0], enrolment_listen=addresses[1], hosts=[]
    )
    other.sign()
    other.start("hub")
    return other


def join(made: Federation, token: str, *, new_root: bool) -> list[Line]:
    home = made.home("FR")
    return list(app.join_node(home, token, secret, hub="", name="", wait=False, new_root=new_root))


def of_the_hub(made: Federation) -> dict[str, bytes]:
    """What a node has of its hub."""
    home = made.home("FR")
    files = [home.config, *home.tls.iterdir(), *home.metadata.glob("*.json"), *home.keys.iterdir()]
    return {path.name: path.read_bytes() for path in files}


def test_an_invitation_for_another_or_of_a_false_hub_changes_nothing(made: Federation) -> None:
    made.stop("FR")
    before = of_the_hub(made)
    with pytest.raises(Refused, match="for JP"):
        join(made, made.invite("JP"), new_root=True)
    assert of_the_hub(made) == before
    # The hub's own root, and a CA that is not its own: whoever has it listens at the hub's address.
    token = of_another_ca(made)
    with pytest.raises(BadSignature):
        join(made, token, new_root=True)
    assert of_the_hub(made) == before
    made.start("FR")
    until(lambda: made.attending() == 1, "France is back as before")


def of_another_ca(made: Federation) -> str:
    """An invitation of the hub with another CA in it."""
    return format_token(replace(parse_token(made.invite("FR")), ca_sha256=bytes(32)))


def test_another_authoritys_hub_is_believed_on_a_persons_word_alone_and_the_records_stay(
    made: Federation, tmp_path: Path
) -> None:
    """The stick is lost with the hub: the federation is founded anew, and its members keep what they have."""
    take_in(made, "FR", "CASE", 3)
    made.run("FR", "contribute", {"case": "CASE"})
    until(lambda: made.status("FR")["published"] == 3, "France has published")
    record = str(made.run("FR", "records", {"member": "FR", "after": 0, "limit": 1})[0]["record"])
    evidence = base64.b64decode(made.run("FR", "evidence", {"record": record})[0]["evidence"])
    made.stop("FR")
    made.stop("hub")
    before = of_the_hub(made)
    other = founded_anew(tmp_path / "other", (made.hub_address, made.enrolment_address))
    try:
        # Found at the address, by a node that runs: a stranger, whatever it serves.
        made.start("FR", {"VIGIL_ROSTER_REFRESH_SECONDS": "1"})
        until(lambda: "authority has signed" in str(made.status("FR")["due_work"]), "France is told of it")
        made.stop("FR")
        assert of_the_hub(made) == before
        # By an invitation whose root nothing leads to.
        token = other.invite("FR")
        with pytest.raises(Refused, match="is not the root that this home was made with") as refused:
            join(made, token, new_root=False)
        assert "--new-root" in refused.value.remedy
        assert of_the_hub(made) == before
        # A person has compared its digits: the petition waits for the new authority, and nothing is lost meanwhile.
        assert join(made, "", new_root=True)[-1]["state"] == "pending"
        assert of_the_hub(made) == before
        other.sign()
        assert join(made, "", new_root=True)[-1]["state"] == "admitted"
        home = made.home("FR")
        assert config.load(home).root_sha256 == parse_token(token).root_sha256.hex()
        assert app.verify_evidence(evidence, home.folder / "roster-former-1")["record"] == record
        made.start("FR")
        until(lambda: other.attending() == 1, "France attends at the new hub")
        take_in(made, "FR", "LATER", 1)
        made.run("FR", "contribute", {"case": "LATER"})
        until(lambda: made.status("FR")["published"] == 4, "its records came back, and it goes on after them")
        for running, name in ((made, "FR"), (other, "hub")):
            assert running.run(name, "fsck")[-1]["ok"]
    finally:
        for daemon in other.daemons.values():
            daemon.stop()
