"""How often a server's TLS configuration is replaced."""

import pytest

from node.wire import limits, tls
from tests.integration.wire_pki import Authority


class Loads:
    """Counts how often a server asks for its files."""

    def __init__(self) -> None:
        self.files = Authority().server()
        self.count = 0

    def __call__(self) -> tls.ServerFiles:
        self.count += 1
        return self.files


def test_handshakes_that_follow_closely_share_a_configuration() -> None:
    """GRPC dies where it replaces one that another handshake is about to use, as when all nodes dial at once."""
    loads = Loads()
    configurations = tls._Configurations(loads, mutual=True)
    configurations.make()
    assert [configurations.fetch() for _ in range(200)] == [None] * 200
    assert loads.count == 1


def test_a_configuration_is_replaced_in_time_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    loads, now = Loads(), [1_000.0]
    paused: list[float] = []
    monkeypatch.setattr("node.wire.tls.time.monotonic", lambda: now[0])
    monkeypatch.setattr("node.wire.tls.time.sleep", paused.append)
    configurations = tls._Configurations(loads, mutual=True)
    configurations.make()
    now[0] += limits.CONFIGURATION_SECONDS
    assert configurations.fetch() is not None
    assert configurations.fetch() is None
    assert paused == [limits.CONFIGURATION_PAUSE_SECONDS]
    assert loads.count == 2
