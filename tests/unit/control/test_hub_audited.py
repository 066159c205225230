"""What the hub's operator does is in the hub's audit log before it is done, and how it ended after it."""

import json
from collections.abc import Iterator

import pytest

from node.errors import DiskFull, Malformed, Refused, Unavailable
from node.usecases import acts
from tests.simulator import federation as sim
from tests.unit.control.operator import ACTS, Hub, Line


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.audit.close()


@pytest.mark.parametrize("name", ACTS)
def test_an_act_of_the_operator_is_written_down_and_done(hub: Hub, name: str) -> None:
    hub.run(name)
    body, outcome = hub.written()
    assert (body["what"], hub.done) == (name, [name])
    assert (body["at"], body["officer"]) == (sim.NOW, "Sgt. Sato")
    assert body.get("member", "FR") == "FR"
    assert (outcome["of"], outcome["outcome"]) == (0, "done")
    assert "telltale" not in json.dumps([body, outcome])


@pytest.mark.parametrize("name", ACTS)
def test_what_cannot_be_written_down_is_not_done(hub: Hub, name: str) -> None:
    hub.audit.close()
    with pytest.raises(Unavailable):
        hub.run(name)
    assert hub.done == []


FAULTS: dict[str, tuple[Exception, Line]] = {
    "refused": (
        Refused("FR is not a member of bench.vigil"),
        {"outcome": "refused", "error": "refused", "why": "FR is not a member of bench.vigil"},
    ),
    "a bad bundle": (Malformed("no bundle"), {"outcome": "refused", "error": "malformed", "why": "no bundle"}),
    "a full disk": (DiskFull("no space"), {"outcome": "failed", "error": "disk-full", "why": "no space"}),
    "a fault of ours": (ValueError("telltale"), {"outcome": "failed", "error": "ValueError"}),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ACTS)
def test_an_act_that_was_refused_or_failed_does_not_read_like_a_done_one(hub: Hub, name: str, fault: str) -> None:
    hub.fault, expected = FAULTS[fault]
    with pytest.raises(type(hub.fault)):
        hub.run(name)
    (act,) = [line for line in hub.read() if line["kind"] == "administration"]
    assert (act["what"], act["ended_at"]) == (name, sim.NOW)
    assert {key: act[key] for key in ("outcome", "error", "why") if key in act} == expected
    assert "telltale" not in json.dumps(hub.written())


def test_an_act_that_runs_says_so_and_one_that_was_cut_short_is_unknown(hub: Hub) -> None:
    """A crash between the act and its outcome: nobody knows, and the audit says that."""
    seen: list[Line] = []

    def look() -> None:
        seen.extend(hub.read())

    acts.perform(hub.audit, "suspend", look, member="FR")
    assert seen[0]["outcome"] == "running"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(acts, "_end", lambda *_: None)  # the process dies here
        acts.perform(hub.audit, "unsuspend", lambda: None, member="FR")
    outcomes = [(line["what"], line["outcome"]) for line in hub.read() if line["kind"] == "administration"]
    assert outcomes == [("suspend", "done"), ("unsuspend", "unknown")]


def test_what_was_done_stays_done_where_its_outcome_cannot_be_written_down(
    hub: Hub, capfd: pytest.CaptureFixture[str]
) -> None:
    acts.perform(hub.audit, "suspend", hub.audit.close, member="FR")  # raises nothing
    out, err = capfd.readouterr()
    assert "outcome of an act was not recorded" in out + err
    (body,) = hub.written()
    assert body["what"] == "suspend"
