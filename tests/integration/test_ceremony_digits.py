"""The digits that people read to each other are the same on both sides of every ceremony, under the same name.

A federation is founded, a member joins, changes its keys, and the authority changes its own: each by its commands, as
people type them. What each command prints is collected by the side that prints it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from node.cli import main
from tests.integration.processes import FEDERATION, PASSPHRASE, Federation, free_port, until

DIGITS = re.compile(r"^  ([A-Z]+(?: [A-Z0-9]+)?) +((?:[0-9a-f]{4} ){7}[0-9a-f]{4})", re.MULTILINE)
AUTHORITY, HUB, MEMBER = "authority", "hub", "FR"


@dataclass
class Seen:
    """By name, which digits each side printed, and every sentence that says with whom to compare."""

    capsys: pytest.CaptureFixture[str]
    root: Path
    digits: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def run(self, side: str, *words: str | Path, home: str = "") -> str:
        """One command of a side; its words."""
        where = ["--home", str(self.root / home)] if home else []
        code = main.run([*map(str, words), *where])
        printed = self.capsys.readouterr()
        assert code == 0, printed.err
        found = DIGITS.findall(printed.out)
        for name, value in found:
            # KEYS of the one member there is: with its name where several could be listed.
            self.digits.setdefault("KEYS" if name == f"KEYS {MEMBER}" else name, {}).setdefault(side, set()).add(value)
        if found and words[1] != "show":
            assert "compare the" in printed.out.lower()
            assert "by telephone" in printed.out
        return printed.out

    def agree(self, name: str, *sides: str) -> None:
        """These sides printed digits under this name, and the same ones."""
        printed = self.digits.get(name, {})
        assert set(sides) <= set(printed), f"{name} was printed by {sorted(printed)}"
        assert len(set.union(*printed.values())) == 1, f"{name} differs: {printed}"

    def forget(self, name: str) -> None:
        """The next ceremony has other digits under this name."""
        self.digits.pop(name, None)


@pytest.fixture
def seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Seen, Federation]]:
    monkeypatch.setenv("VIGIL_PASSPHRASE", PASSPHRASE)
    made = Federation(tmp_path, settings={"VIGIL_ROSTER_REFRESH_SECONDS": "1"})
    try:
        yield Seen(capsys, tmp_path), made
    finally:
        for daemon in reversed(list(made.daemons.values())):
            daemon.stop()


def test_both_sides_of_every_ceremony_see_the_same_digits(seen: tuple[Seen, Federation]) -> None:
    sees, made = seen
    stick, root = made.root / "stick", made.root
    main_port, enrolment = (f"127.0.0.1:{free_port()}" for _ in range(2))

    def sign(number: int) -> None:
        """From the hub to the authority and back, by files."""
        request, bundle = root / f"{number}.request", root / f"{number}.bundle"
        sees.run(HUB, "hub", "requests", "--out", request, home="hub")
        files = ("--request", request, "--out", bundle)
        sees.run(AUTHORITY, "authority", "sign", "--folder", stick, *files, "--yes")
        sees.run(HUB, "hub", "admit", bundle, home="hub")

    # 1. A federation is founded.
    sees.run(AUTHORITY, "authority", "init", "--folder", stick, "--federation", FEDERATION)
    listen = ("--listen", main_port, "--enrolment-listen", enrolment)
    sees.run(HUB, "hub", "init", "--federation", FEDERATION, "--root", stick / "root.json", *listen, home="hub")
    sign(1)
    sees.agree("ROOT 1", AUTHORITY, HUB)
    sees.agree("HUB", AUTHORITY, HUB)

    # 2. A member joins.
    made.start("hub")
    token = invited(sees)
    sees.run(MEMBER, "node", "join", "--token", token, "--no-wait", home=MEMBER)
    sign(2)
    sees.run(AUTHORITY, "authority", "show", "--folder", stick)
    sees.agree("ROOT 1", AUTHORITY, HUB, MEMBER)
    sees.agree("CA", HUB, MEMBER)
    sees.agree("HUB", AUTHORITY, HUB)
    sees.agree("KEYS", AUTHORITY, HUB, MEMBER)

    # 4. It changes its keys.
    made.start(MEMBER)
    sees.forget("KEYS")
    sees.run(MEMBER, "node", "rekey", "--yes", "--no-wait", home=MEMBER)
    sign(3)
    until(lambda: changed(made), "the node switched to its new keys")
    sees.run(AUTHORITY, "authority", "show", "--folder", stick)
    sees.agree("KEYS", AUTHORITY, HUB, MEMBER)

    # 7. The authority changes its own.
    more = ("--keys", "3", "--threshold", "2", "--out", root / "rotated", "--yes")
    sees.run(AUTHORITY, "authority", "rotate", "--folder", stick, *more)
    sees.run(HUB, "hub", "admit", root / "rotated", home="hub")
    before = made.run(MEMBER, "status")[0]["roster_version"]
    (rotated,) = [name for name in sees.digits if name.startswith("ROOT ") and name != "ROOT 1"]
    other = invited(sees, "JP")
    sees.run("JP", "node", "join", "--token", other, "--no-wait", home="JP")
    sees.agree(rotated, AUTHORITY, HUB, "JP")
    assert sees.digits[rotated][AUTHORITY] != sees.digits["ROOT 1"][AUTHORITY]
    # Who joined under the former root follows; and who joins now is signed in by the new keys.
    sees.forget("KEYS")
    sign(4)
    until(lambda: made.run(MEMBER, "status")[0]["roster_version"] > before, "France follows the new root")
    made.start("JP")
    until(lambda: made.attending() == 2, "both members attend")
    passphrase_is_changed(sees, stick, made)


def passphrase_is_changed(sees: Seen, stick: Path, made: Federation) -> None:
    """8. Of the keys of the authority: the same ones sign, under another passphrase."""
    fresh = made.root / "fresh"
    fresh.write_text("another one\n")
    words = ("authority", "passphrase", "--folder", stick, "--new-passphrase-file", fresh)
    assert "opens 8 key files" in sees.run(AUTHORITY, *words)
    out = made.root / "extended"
    assert main.run(["authority", "extend", "--folder", str(stick), "--out", str(out)]) == 1
    sees.run(AUTHORITY, "authority", "extend", "--folder", stick, "--out", out, "--passphrase-file", fresh)
    assert "In force" in sees.run(HUB, "hub", "admit", out, home="hub")


def invited(sees: Seen, member: str = MEMBER) -> str:
    words = sees.run(HUB, "hub", "invite", member, home="hub")
    return next(line for line in words.splitlines() if line.startswith("vigil1."))


def changed(made: Federation) -> bool:
    return bool(next(iter(made.run(MEMBER, "rekeying")))["state"] == "none")
