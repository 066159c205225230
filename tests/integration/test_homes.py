"""A home without its database, or with another than it used last, serves nothing until a person says so."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node import app
from node.app.accounts import UnixAccounts
from node.config import Home
from node.domain.fingerprint_kinds import SHA256
from node.errors import (
    Damaged,
    DatabaseEmpty,
    DatabaseForeign,
    DatabaseMissing,
    DatabaseOlder,
    Misuse,
    Refused,
    StoreError,
)
from tests.integration.pictures import picture
from tests.integration.processes import Daemon, Federation, Line, federation, secret, until, vigil

TERMS = {"case": "T-9", "purpose": "victim-identification", "legal_basis": "a test", "budget": 5.0}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """France and Japan. Japan holds two pictures that it answers about, the second since an older copy was made."""
    root = tmp_path_factory.mktemp("homes")
    with federation(root, "FR", "JP") as running:
        japan = running.home("JP")
        ingest(running, "JP", 1)
        running.stop("JP")
        copies(japan.database, root / "older")
        running.start("JP")
        ingest(running, "JP", 2)
        until(lambda: running.attending() == 2, "both attend")
        yield running


def ingest(made: Federation, name: str, number: int) -> None:
    picture(made.root / f"in-{number}" / f"{number}.jpg", number)
    done = vigil(
        made.home(name).folder, "ingest", str(made.root / f"in-{number}"), "--level", "hit-no-hit", "--case", "A"
    )
    assert done.returncode == 0, done.stderr


def copies(database: Path, folder: Path) -> None:
    """What a person copies who copies a database by hand, the daemon being stopped."""
    folder.mkdir(exist_ok=True)
    for file in database.parent.glob(database.name + "*"):
        shutil.copy(file, folder / file.name)


def outcome(made: Federation, number: int) -> str:
    """How France's question about a picture ends at Japan."""
    import hashlib

    data = (made.root / f"in-{number}" / f"{number}.jpg").read_bytes()
    asked = {"label": "x", "fingerprints": [[SHA256.code, hashlib.sha256(data).hexdigest(), None]], "orientations": []}
    return str(made.run("FR", "query", TERMS, [asked])[-1]["outcomes"]["JP"])


def remove(home: Home) -> None:
    for file in home.folder.glob("vigil.sqlite3*"):
        file.unlink()


def missing(home: Home, _made: Federation) -> None:
    remove(home)


def empty(home: Home, _made: Federation) -> None:
    remove(home)
    home.database.touch(0o600)


def older(home: Home, made: Federation) -> None:
    remove(home)
    copies(made.root / "older" / home.database.name, home.folder)


def damaged(home: Home, _made: Federation) -> None:
    with home.database.open("r+b") as file:
        file.seek(8_192)
        file.write(os.urandom(3 * 8_192))


def foreign(home: Home, made: Federation) -> None:
    remove(home)
    made.stop("FR")
    copies(made.home("FR").database, home.folder)
    made.start("FR")


CASES: dict[str, tuple[Callable[[Home, Federation], None], type[StoreError], str, str]] = {
    "missing": (missing, DatabaseMissing, "is missing", "accept-database --empty"),
    "empty": (empty, DatabaseEmpty, "is empty", "restore"),
    "older": (older, DatabaseOlder, "older copy", "accept-database --older"),
    "damaged": (damaged, Damaged, "is damaged", "restore"),
    "another node's": (foreign, DatabaseForeign, "belongs to FR of test.vigil", "put the database of JP"),
}


@pytest.fixture
def stopped(made: Federation) -> Iterator[Home]:
    """Japan's home, no daemon running; as it was before afterwards."""
    home = made.home("JP")
    stop(made)
    keep(made)
    yield home
    stop(made)
    shutil.rmtree(home.folder)
    shutil.copytree(made.root / "kept", home.folder)


def stop(made: Federation) -> None:
    if "JP" in made.daemons:
        made.stop("JP")


def keep(made: Federation) -> None:
    """What Japan's home is put back to."""
    shutil.rmtree(made.root / "kept", ignore_errors=True)
    shutil.copytree(made.home("JP").folder, made.root / "kept")


def start(made: Federation) -> Daemon:
    daemon = made.start("JP")
    until(lambda: made.attending() == 2, "both attend")
    return daemon


def faults(home: Home) -> dict[str, Line]:
    return {line["check"]: line for line in app.doctor(home, secret) if not line["ok"]}


def test_both_pictures_are_found_abroad_while_all_is_well(made: Federation) -> None:
    assert (outcome(made, 1), outcome(made, 2)) == ("hit", "hit")


@pytest.mark.parametrize("name", CASES)
def test_a_home_with_a_wrong_database_serves_nothing_and_says_what_is_wrong(
    made: Federation, stopped: Home, name: str
) -> None:
    """No "no hit" goes abroad, nothing is signed, and status and doctor tell the cases apart."""
    spoil, kind, words, remedy = CASES[name]
    spoil(stopped, made)
    ran = vigil(stopped.folder, "node", "run", "--json")
    assert ran.returncode == 1
    assert f'"kind": "{kind.kind}"' in ran.stdout
    assert words in ran.stderr
    assert "ready" not in ran.stdout
    with pytest.raises(kind, match=words) as caught, app.session(stopped, secret) as session:
        list(session.run("status", {}))
    assert remedy in caught.value.remedy
    found = faults(stopped)["database"]
    assert words in found["what"]
    assert remedy in found["remedy"]
    assert outcome(made, 2) == "offline"


def test_a_database_that_is_damaged_or_of_another_node_is_not_accepted(made: Federation, stopped: Home) -> None:
    for spoil in (damaged, foreign):
        spoil(stopped, made)
        for choice in (True, False):
            with pytest.raises(Refused, match="cannot be accepted"):
                app.accept_database(stopped, "", empty=choice)


def test_a_person_may_go_on_with_an_empty_database_and_the_audit_says_who(made: Federation, stopped: Home) -> None:
    with pytest.raises(Misuse, match="there is nothing to accept"):
        app.accept_database(stopped, "", empty=True)
    missing(stopped, made)
    with pytest.raises(Misuse, match="is missing"):
        app.accept_database(stopped, "", empty=False)
    ran = vigil(stopped.folder, "node", "accept-database", "--empty")
    assert ran.returncode == 0, ran.stderr
    start(made)
    act = made.run("JP", "read-audit")[0]
    assert (act["what"], act["found"], act["outcome"], act["officer"]) == (
        "accept-database",
        "missing",
        "done",
        UnixAccounts().name_of(os.getuid()),
    )
    assert outcome(made, 2) == "no-hit"


def test_a_person_may_go_on_with_an_older_database(made: Federation, stopped: Home) -> None:
    older(stopped, made)
    ran = vigil(stopped.folder, "node", "accept-database", "--older")
    assert ran.returncode == 0, ran.stderr
    start(made)
    assert (outcome(made, 1), outcome(made, 2)) == ("hit", "no-hit")
    made.stop("JP")
    # From here on this one is the newest, and what was newer before is another copy.
    copies(made.root / "kept" / stopped.database.name, stopped.folder)
    assert "database" in faults(stopped)


def test_a_backup_is_restored_and_one_of_another_node_is_refused(
    made: Federation, stopped: Home, tmp_path: Path
) -> None:
    with app.session(stopped, secret) as session:
        list(session.run("backup", {"path": str(tmp_path / "jp")}))
    made.run("FR", "backup", {"path": str(tmp_path / "fr")})
    remove(stopped)
    with pytest.raises(Refused, match="a backup of FR"):
        app.restore_node(stopped, tmp_path / "fr")
    assert "is missing" in faults(stopped)["database"]["what"]
    app.restore_node(stopped, tmp_path / "jp")
    assert "database" not in faults(stopped)
    start(made)
    assert outcome(made, 2) == "hit"
    made.stop("JP")
    # The same backup put back by hand later is an older copy.
    remove(stopped)
    shutil.copy(tmp_path / "jp", stopped.database)
    assert "older copy" in faults(stopped)["database"]["what"]


def test_a_home_put_back_whole_from_an_older_copy_is_found_by_what_the_hub_has(made: Federation, stopped: Home) -> None:
    """Everything in the home is old together, so nothing in it tells: the hub has more of its log."""
    start(made)
    ingest(made, "JP", 3)
    assert vigil(stopped.folder, "contribute", "--case", "A").returncode == 0
    until(lambda: made.status("JP")["published"], "the records are published")
    made.stop("JP")
    shutil.rmtree(stopped.folder)
    shutil.copytree(made.root / "kept", stopped.folder)
    ran = vigil(stopped.folder, "node", "run", "--json")
    assert ran.returncode == 1
    assert f'"kind": "{DatabaseOlder.kind}"' in ran.stdout
    assert "lacks 3 log entries" in ran.stderr
    assert outcome(made, 2) in {"offline", "timeout"}
    assert "older copy" in faults(stopped)["database"]["what"]
    app.accept_database(stopped, "", empty=False)
    start(made)
    assert made.size("JP", "JP") == 3
    made.stop("JP")
    keep(made)  # the hub has what only this one has


def test_a_daemon_whose_database_is_removed_stops_and_saves_what_it_still_holds(
    made: Federation, stopped: Home
) -> None:
    daemon = start(made)
    remove(stopped)
    until(lambda: daemon.process.poll() is not None, "the daemon ends")
    assert made.stop("JP") == 1
    assert "is missing" in faults(stopped)["database"]["what"]
    app.restore_node(stopped, stopped.folder / "vigil.sqlite3.rescued")
    start(made)
    assert outcome(made, 2) == "hit"


def test_a_hub_with_a_wrong_database_does_not_run(made: Federation, stopped: Home, tmp_path: Path) -> None:
    """Its members' certificates and heads are in it: with another one it would refuse the first and sign older ones."""
    made.stop("hub")
    home = Home(folder=tmp_path / "hub")
    shutil.copytree(made.home("hub").folder, home.folder)
    copies(home.database, tmp_path / "older")
    with app.session(home, secret) as session:
        list(session.run("invite", {"member": "BR"}))
    right = tmp_path / "right"
    shutil.copytree(home.folder, right)

    def put(folder: Path) -> None:
        remove(home)
        copies(folder / home.database.name, home.folder)

    spoils: dict[str, Callable[[], None]] = {
        "is missing": lambda: remove(home),
        "is empty": lambda: empty(home, made),
        "older copy": lambda: put(tmp_path / "older"),
        "is damaged": lambda: damaged(home, made),
        "belongs to FR": lambda: put(made.home("FR").folder),
    }
    made.stop("FR")
    for words, spoil in spoils.items():
        spoil()
        with pytest.raises(StoreError, match=words) as caught, app.session(home, secret) as session:
            list(session.run("status", {}))
        assert "vigil hub restore" in caught.value.remedy
        put(right)
    spoils["older copy"]()
    ran = vigil(home.folder, "hub", "run")
    assert (ran.returncode, ran.stdout) == (1, "")
    made.start("hub")
    made.start("FR")


def test_a_command_for_a_node_refuses_a_hubs_home_and_the_other_way_round(made: Federation) -> None:
    hub, node = made.home("hub").folder, made.home("FR").folder
    for home, words, said in (
        (hub, ("node", "status"), "a hub's home"),
        (hub, ("match", "sha256:" + "0" * 64), "a hub's home"),
        (node, ("hub", "status"), "a node's home"),
    ):
        ran = vigil(home, *words)
        assert ran.returncode == 2, words
        assert said in ran.stderr
        assert "unexpected" not in ran.stderr
    assert vigil(hub, "audit").returncode == 0


def test_the_doctor_changes_nothing(made: Federation, stopped: Home) -> None:
    before = {file.name: file.read_bytes() for file in stopped.folder.iterdir() if file.is_file()}
    list(app.doctor(stopped, secret))
    assert {file.name: file.read_bytes() for file in stopped.folder.iterdir() if file.is_file()} == before
