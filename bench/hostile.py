"""The service for honest members while one member, or a stranger without a certificate, attacks the federation.

Rules this module upholds:

- Hub and nodes are the program's own daemons in separate processes. A separate member makes each attack.
- Honest service is measured in rounds: France publishes a remark on a record, Japan receives it, and France asks Japan
  a question and gets an answer. A figure is the number of rounds per second during the attack. Its reference is the
  same number before any attack.
- If the attack is in a log, a node that joins after it is timed too, until it has another member's complete log.
- The hub's memory is the proportional set size (PSS) of its process tree, sampled while the attack runs.
- At the end a member is suspended: the clock runs until every honest node refuses it.
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bench import Figure, figure
from bench.federation import FEDERATION, Federation, federation
from bench.memory import Sampler
from node import app
from node.demo.stage import PASSPHRASE
from node.domain.fingerprint_kinds import SHA256
from node.errors import NotFound

ATTACKS: Final = ("half_open", "silent", "headers", "unread", "tiny", "chain", "padded", "poisoned", "burst")
IN_A_LOG: Final = frozenset({"tiny", "chain", "poisoned"})
"""Attacks that a new node finds in the hub's copy of a log."""
RECORDS: Final = 20_000
"""Records of the honest log that a new node takes in."""
WINDOW_SECONDS: Final = 10.0
"""How long rounds are counted."""
PATIENCE_SECONDS: Final = 180.0
"""How long a round, or a new node, may take."""
POLL_SECONDS: Final = 0.02
MEMORY_BYTES: Final = 512 << 20
"""What an attack may add to the hub's memory."""
SUSPENSION_SECONDS: Final = 5.0
"""Within this time every node refuses a member that the hub's operator has suspended."""
WITHOUT: Final = "the same without the attack; must stay above 0.5"
AMONG_OTHERS: Final = "the same where no other log is there; logs take turns, so one among several has its share"
_MIB: Final = 1 << 20
_LOG: Final = "SE"
_ORIGIN: Final = f"{FEDERATION}/{_LOG}/log/1"


@dataclass(slots=True, kw_only=True)
class Honest:
    """Two members that work. `said`: how many records were remarked on; each round takes another one."""

    made: Federation
    france: Any
    japan: Any
    records: list[str]
    said: int = 0

    def rate(self) -> float:
        """Rounds a second, over `WINDOW_SECONDS` and at least one round."""
        began, rounds = time.perf_counter(), 0
        while not rounds or time.perf_counter() - began < WINDOW_SECONDS:
            self._round()
            rounds += 1
        return rounds / (time.perf_counter() - began)

    def _round(self) -> None:
        record = self.records[self.said]
        self.said += 1
        said = list(self.france.run("comment", {"record": record, "text": f"round {self.said}", "language": ""}))[-1]
        # What is published and what the other side has taken in are waited for, whatever the command says of it.
        _until(lambda: self._stands(self.japan, said["record"]), "a remark did not reach the other node")
        subject = {"label": "round", "fingerprints": [[SHA256.code, f"{self.said:064x}", None]], "orientations": []}
        arguments = {
            "case": "bench",
            "purpose": "victim-identification",
            "legal_basis": "a benchmark",
            "officer_role": "investigator",
            "to": ["JP"],
            "rule": "policy",
            "budget": 10.0,
            "show_all": True,
        }
        summary = list(self.france.run("query", arguments, [subject]))[-1]
        if summary["outcomes"]["JP"] != "no-hit":
            raise RuntimeError(f"an honest question ended in {summary['outcomes']['JP']}")

    @staticmethod
    def _stands(session: Any, record: str) -> bool:  # noqa: ANN401 (a session of the daemon)
        try:
            return bool(list(session.run("records", {"record": record})))
        except NotFound:
            return False


def run(records: int | None = None) -> Iterator[Figure]:
    """A figure an attack, and one a new node where the attack lies in a log; memory and suspension at the end."""
    count = RECORDS if records is None else records
    attackers = {name: f"Z{number}" for number, name in enumerate(ATTACKS)}
    newcomers = {name: f"N{number}" for number, name in enumerate(("", *sorted(IN_A_LOG)))}
    with federation() as made:
        made.found("FR", "JP", _LOG, *attackers.values(), *newcomers.values())
        made.stage.stop("hub")
        made.seed(_LOG, count)
        made.stage.start("hub", "hub", "run")
        quiet_join = _joined(made, newcomers[""], count)
        with _honest(made, count) as honest:
            rates = [honest.rate()]
            with Sampler(made.stage.pid("hub")) as quiet:
                rates.append(honest.rate())
            peaks: dict[str, int] = {}
            for name in ATTACKS:
                module = importlib.import_module(f"bench.attacks.{name}")
                with module.attack(made, attackers[name]), Sampler(made.stage.pid("hub")) as sampler:
                    rate = honest.rate()
                    joined = _joined(made, newcomers[name], count) if name in IN_A_LOG else None
                peaks[name] = sampler.peak
                yield _share(f"hostile.{name}", rate, statistics.median(rates), "rounds a second", WITHOUT)
                if joined is not None:
                    yield _share(
                        f"hostile.{name}_joined", count / joined, count / quiet_join, "records a second", AMONG_OTHERS
                    )
            worst = max(peaks, key=peaks.__getitem__)
            yield figure(
                "hostile.memory",
                (peaks[worst] - quiet.peak) / _MIB,
                "MiB",
                reference=f"the bound on what an attack adds to the hub's memory; the worst was {worst}",
                reference_value=MEMORY_BYTES / _MIB,
            )
            yield figure(
                "hostile.suspension",
                _suspended(made, honest, attackers[ATTACKS[-1]]),
                "seconds",
                reference="the bound on the time until every node refuses a suspended member",
                reference_value=SUSPENSION_SECONDS,
            )


def _share(name: str, value: float, without: float, unit: str, reference: str) -> Figure:
    return figure(name, value, unit, reference=reference, reference_value=without, more_is_better=True)


@contextmanager
def _honest(made: Federation, count: int) -> Iterator[Honest]:
    """France and Japan at work, with all of the honest log."""
    with ExitStack() as opened:
        sessions = []
        for member in ("FR", "JP"):
            made.stage.start(member, "node", "run")
            opened.callback(made.stage.stop, member)
            sessions.append(opened.enter_context(app.session_at(made.stage.home(member), lambda: PASSPHRASE)))
            _until(partial(_has_followed, sessions[-1], count), f"{member} did not take in the log")
        page = sessions[0].run("records", {"member": _LOG, "limit": count})
        records = [line["record"] for line in page if "record" in line]
        yield Honest(made=made, france=sessions[0], japan=sessions[1], records=records)


def _has_followed(session: Any, count: int) -> bool:  # noqa: ANN401 (a session of the daemon)
    return int(list(session.run("match", {}))[-1]["searched"].get(_ORIGIN, 0)) >= count


def _joined(made: Federation, member: str, count: int) -> float:
    """Seconds until a new node has the honest log."""
    made.stage.start(member, "node", "run")
    began = time.perf_counter()
    try:
        with app.session_at(made.stage.home(member), lambda: PASSPHRASE) as session:
            _until(partial(_has_followed, session, count), f"{member} did not take in the log")
        return time.perf_counter() - began
    finally:
        made.stage.stop(member)


def _suspended(made: Federation, honest: Honest, member: str) -> float:
    """Seconds from the end of the operator's command until both nodes know that the member is suspended."""
    made.stage.run("hub", "suspend", member, "--reason", "a benchmark", home="hub")
    began = time.perf_counter()
    for session in (honest.france, honest.japan):
        _until(partial(_is_suspended, session, member), "a suspension did not arrive")
    return time.perf_counter() - began


def _is_suspended(session: Any, member: str) -> bool:  # noqa: ANN401 (a session of the daemon)
    return any(line.get("member") == member and line["state"] == "suspended" for line in session.run("status", {}))


def _until(there: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not there():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{otherwise} within {PATIENCE_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
