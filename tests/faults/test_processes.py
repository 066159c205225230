"""A federation of processes whose connections are cut and whose daemons are killed: whatever was acknowledged arrives,
once everything is well again, and the logs are whole everywhere.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import pytest

from tests.faults.proxy import Fault, Ill, Proxy, Way, proxy
from tests.faults.taking_in import take_in
from tests.integration.processes import Federation, Line, environment, federation, until, vigil

BASIS: Final = ("--case", "T-9", "--purpose", "victim-identification", "--legal-basis", "a test")
NODES: Final = ("FR", "JP", "BR")
RECORDS: Final = 100
MANY: Final = 1_100
"""Holdings: more than two transactions of a contribution."""
QUERY: Final = (sys.executable, "-m", "node.cli.main", "query")
BREAKING: Final = (Ill.CUT, Ill.CUT, Ill.END, Ill.FLIP, Ill.REPEAT)


def share(made: Federation, name: str, case: str, count: int) -> set[str]:
    """Takes made-up files in and contributes them; the records that were acknowledged."""
    take_in(made, name, case, count)
    lines = made.run(name, "contribute", {"case": case, "yes": True})
    records = {str(line["record"]) for line in lines if line.get("state") == "contributed"}
    assert len(records) == count
    return records


def records_of(made: Federation, name: str, member: str) -> list[str]:
    """The records of a member's log as a node has them, in order."""
    found: list[str] = []
    after: int | None = 0
    while after is not None:
        *page, last = made.run(name, "records", {"member": member, "after": after, "limit": 1_000})
        found += [str(line["record"]) for line in page]
        after = last["next"]
    return found


def arrived(made: Federation, acknowledged: set[str], member: str, *names: str) -> None:
    """Everything that `member` acknowledged comes to all of these, once, in one order; and every store is whole."""
    until(lambda: all(acknowledged <= set(records_of(made, name, member)) for name in names), "all of it has arrived")
    until(lambda: len({made.size(name, member) for name in (member, *names)}) == 1, "the logs are of one size")
    logs = [records_of(made, name, member) for name in (member, *names)]
    assert all(log == logs[0] for log in logs)
    assert len(set(logs[0])) == len(logs[0])
    for name in (member, *names, "hub"):
        assert made.run(name, "fsck")[-1]["ok"], f"{name}'s store is damaged"


def query(made: Federation, name: str, *words: str) -> tuple[int, Line]:
    """Asks about a hash that nobody has; the exit code and the summary."""
    done = vigil(made.home(name).folder, "query", "pdq:" + "5a" * 32, *BASIS, *words, "--json")
    assert done.stdout, done.stderr[-2000:]
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


@dataclass
class Stormy:
    """France and Japan reach the hub through proxies of their own, Brazil directly."""

    made: Federation
    france: Proxy
    japan: Proxy

    def clear(self) -> None:
        """Fair weather, and everybody attends."""
        self.france.clear()
        self.japan.clear()
        if "hub" not in self.made.daemons:
            self.made.start("hub")
        until(lambda: self.made.attending() == len(NODES), "all nodes hold their streams")


@pytest.fixture(scope="module")
def stormy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stormy]:
    with (
        federation(tmp_path_factory.mktemp("stormy"), *NODES, run=False) as made,
        proxy(made.hub_address) as france,
        proxy(made.hub_address) as japan,
    ):
        made.start("FR", {"VIGIL_HUB": france.named})
        made.start("JP", {"VIGIL_HUB": japan.named})
        made.start("BR")
        yield Stormy(made, france, japan)


@pytest.fixture
def calm(stormy: Stormy) -> Stormy:
    """The same, with everybody attending."""
    stormy.clear()
    return stormy


def kill_hub(made: Federation) -> None:
    made.daemons.pop("hub").kill()


def test_the_hub_is_killed_in_the_middle_of_a_submission(calm: Stormy) -> None:
    """Its submitter hands the rest in when the hub is back; what was cosigned stays, nothing comes twice."""
    made = calm.made
    calm.france.brew(lambda _: [Fault(ill=Ill.STALL, way=Way.UP, after=30_000)])
    calm.france.cut_all()
    acknowledged = share(made, "FR", "SUBMISSION", RECORDS)
    until(lambda: calm.france.happened, "a part of the submission is on its way")
    kill_hub(made)
    calm.clear()
    arrived(made, acknowledged, "FR", "JP", "BR")


@pytest.mark.faults
def test_the_hub_is_killed_again_and_again_while_records_stream(calm: Stormy) -> None:
    made, acknowledged = calm.made, set[str]()

    def more(passed: int) -> bool:
        return calm.france.passed[Way.UP] > passed

    for number in range(3):
        passed = calm.france.passed[Way.UP]
        acknowledged |= share(made, "FR", f"AGAIN {number}", RECORDS)
        until(partial(more, passed), "something was handed in")
        kill_hub(made)
        made.start("hub")
    calm.clear()
    arrived(made, acknowledged, "FR", "JP", "BR")


def test_the_hub_is_killed_in_the_middle_of_a_query(calm: Stormy) -> None:
    """Each member ends in one state, the person is told that the answer is partial, and nothing hangs."""
    made = calm.made
    calm.japan.hold(Way.UP)
    command = [*QUERY, "pdq:" + "5a" * 32, *BASIS, "--budget", "30s", "--json"]
    with subprocess.Popen(
        command, env=environment(made.home("FR").folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as asking:
        assert asking.stdout is not None
        lines = []
        for text in asking.stdout:
            lines.append(json.loads(text))
            if lines[-1].get("member") == "BR":
                # Brazil's answer is here; so Japan was asked, and its answer is held up.
                kill_hub(made)
        code, summary = asking.wait(60), lines[-1]
    assert code == 3
    assert set(summary["outcomes"]) == {"JP", "BR"}
    assert summary["outcomes"]["BR"] == "no-hit"
    assert summary["outcomes"]["JP"] in {"offline", "timeout", "error"}
    assert not summary["complete"]
    calm.clear()
    assert query(made, "FR")[1]["outcomes"] == {"JP": "no-hit", "BR": "no-hit"}


def test_an_answer_that_is_held_up_is_a_timeout_and_comes_late(calm: Stormy) -> None:
    made = calm.made
    calm.japan.hold(Way.UP)
    code, summary = query(made, "FR", "--budget", "2s")
    assert code == 3
    assert summary["outcomes"] == {"JP": "timeout", "BR": "no-hit"}
    calm.japan.clear()

    def late() -> bool:
        lines = made.run("FR", "queries", {"query": summary["query"]})
        return [line["outcome"] for line in lines if line.get("late")] == ["no-hit"]

    until(late, "Japan's answer came late, and is labelled so")
    lines = made.run("FR", "queries", {"query": summary["query"]})
    states = {line["member"]: line["outcome"] for line in lines if line.get("outcome") and not line.get("late")}
    assert states == {"JP": "timeout", "BR": "no-hit"}, "the closing table is final"


@pytest.mark.faults
def test_a_node_that_is_killed_while_it_contributes_keeps_what_it_acknowledged(calm: Stormy) -> None:
    made = calm.made
    take_in(made, "FR", "KILLED", MANY)
    command = [sys.executable, "-m", "node.cli.main", "contribute", "--case", "KILLED", "--yes", "--json"]
    acknowledged: set[str] = set()
    with subprocess.Popen(
        command,
        env=environment(made.home("FR").folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as contributing:
        assert contributing.stdout is not None
        assert contributing.stderr is not None
        for text in contributing.stdout:
            if not acknowledged:
                made.daemons["FR"].process.send_signal(signal.SIGKILL)
            line = json.loads(text)
            if line.get("state") == "contributed":
                acknowledged.add(line["record"])
        complaint = contributing.stderr.read()
        assert contributing.wait(60) == 1, complaint
    assert "Traceback" not in complaint
    assert acknowledged
    made.daemons.pop("FR").kill()
    made.start("FR", {"VIGIL_HUB": calm.france.named})
    again = {
        str(line["record"])
        for line in made.run("FR", "contribute", {"case": "KILLED", "yes": True})
        if line.get("record")
    }
    assert len(again) == MANY, "a holding has one record, however often it is contributed"
    assert acknowledged <= again
    arrived(made, again, "FR", "JP", "BR")


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(4))
def test_whatever_befalls_the_connections_everything_arrives(calm: Stormy, seed: int) -> None:
    """Streams that are cut, ended, held up, repeated and bent at random bytes, while both sides share."""
    made, dice = calm.made, random.Random(seed)
    happened = len(calm.france.happened) + len(calm.japan.happened)
    for each in (calm.france, calm.japan):
        storms = [
            [Fault(ill=dice.choice(BREAKING), way=dice.choice(list(Way)), after=int(dice.paretovariate(0.5) * 1_000))]
            for _ in range(500)
        ]
        each.brew(dict(enumerate(storms)).__getitem__)
        each.cut_all()
    french = share(made, "FR", f"STORM {seed}", RECORDS)
    japanese = share(made, "JP", f"STORM {seed}", RECORDS)
    until(lambda: len(calm.france.happened) + len(calm.japan.happened) >= happened + 4, "it was stormy")
    calm.clear()
    arrived(made, french, "FR", "JP", "BR")
    arrived(made, japanese, "JP", "FR", "BR")
