"""A new passphrase: every key file under it at the end, each whole at every moment, whoever pulls the plug."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from node.app import passphrases
from node.config import Home, write
from node.errors import AlreadyRunning, Damaged, Misuse, NotFound
from node.pki import keys as pki_keys
from node.pki import wrapping
from node.pki.authority import Authority
from node.pki.files import write_atomic
from node.pki.keys import KeyRing
from node.pki.wrapping import Passphrase
from node.store.lock import own
from node.store.store import open_node_store
from tests.unit.pki.federation import FEDERATION, FR, NOW


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrapping, "SCRYPT_LOG2_N", wrapping.EMPTY_LOG2_N)


def said(text: str) -> Callable[[], str]:
    return lambda: text


def opens(path: Path, text: str, owner: str = FR) -> bool:
    try:
        KeyRing.load(path, Passphrase(text.encode()), federation=FEDERATION, owner=owner)
    except Damaged:
        return False
    return True


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A node's home with the keys in force, and others that are coming."""
    made = Home(folder=tmp_path / "home")
    write(made, {"role": "node", "federation": FEDERATION, "member": FR, "hub": "h:1", "enrolment": "h:2"})
    made.keys.mkdir()
    for name in ("coming.keys", "node.keys"):
        KeyRing.for_member(FEDERATION, FR).save(made.keys / name, Passphrase(b"old"))
    open_node_store(made.database, create=True).close()
    return made


def test_all_keys_of_a_home_are_under_the_new_passphrase_and_the_act_is_written_down(home: Home) -> None:
    line = passphrases.change_of_home(home, said("old"), said("new"), "")
    assert line == {"keys": ["coming", "node"], "changed": 2, "missing": []}
    assert all(opens(path, "new") and not opens(path, "old") for path in home.keys.iterdir())
    store = open_node_store(home.database, create=False)
    with store.read() as reader:
        assert [log.origin.stream for log in reader.logs() if log.size] == ["audit"]
    store.close()


def test_a_wrong_passphrase_the_same_one_and_a_home_without_keys_change_nothing(home: Home) -> None:
    before = {path: path.read_bytes() for path in home.keys.iterdir()}
    for old, new, error in (("wrong", "new", Damaged), ("old", "old", Misuse)):
        with pytest.raises(error):
            passphrases.change_of_home(home, said(old), said(new), "")
    assert {path: path.read_bytes() for path in home.keys.iterdir()} == before
    shutil.rmtree(home.keys)
    with pytest.raises(NotFound):
        passphrases.change_of_home(home, said("old"), said("new"), "")


def test_beside_a_daemon_it_is_refused_with_what_to_do(home: Home) -> None:
    with own(home.folder), pytest.raises(AlreadyRunning) as caught:
        passphrases.change_of_home(home, said("old"), said("new"), "")
    assert "stop it" in caught.value.remedy


@pytest.mark.parametrize("step", [0, 1])
def test_killed_before_any_file_each_is_whole_and_the_same_command_goes_on(
    home: Home, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    written: list[Path] = []

    def dying(path: Path, data: bytes) -> None:
        if len(written) == step:
            raise KeyboardInterrupt
        write_atomic(path, data)
        written.append(path)

    with monkeypatch.context() as patch:
        patch.setattr(pki_keys, "write_atomic", dying)
        with pytest.raises(KeyboardInterrupt):
            passphrases.change_of_home(home, said("old"), said("new"), "")
    assert all(opens(path, "new") != opens(path, "old") for path in home.keys.iterdir())
    assert passphrases.change_of_home(home, said("old"), said("new"), "")["changed"] == 2 - step
    assert all(opens(path, "new") for path in home.keys.iterdir())


def test_the_sticks_of_an_authority_follow_one_by_one_and_those_not_at_hand_are_named(tmp_path: Path) -> None:
    folder, stick = tmp_path / "authority", tmp_path / "stick"
    Authority.create(folder, FEDERATION, Passphrase(b"old"), now=NOW, keys=2, threshold=2)
    stick.mkdir()
    shutil.move(folder / "keys" / "root-2.key", stick / "root-2.key")
    line = passphrases.change_of_authority(folder, said("old"), said("new"), [])
    assert (line["keys"], line["missing"]) == (["root-1", "targets-1", "targets-2"], ["1 root key"])
    assert opens(stick / "root-2.key", "old", "authority")
    line = passphrases.change_of_authority(folder, said("old"), said("new"), [stick])
    assert (line["changed"], line["missing"]) == (1, [])
    assert opens(stick / "root-2.key", "new", "authority")
    with pytest.raises(NotFound):
        passphrases.change_of_authority(tmp_path / "nothing", said("old"), said("new"), [])
