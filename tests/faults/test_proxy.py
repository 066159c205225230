"""The proxy does to a connection what it was told, and nothing else."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.faults.proxy import Fault, Ill, Proxy, Way, proxy

DATA = random.Random(7).randbytes(100_000)


@contextmanager
def echo() -> Iterator[str]:
    """A server that sends back what it gets, and ends when its peer does."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(connection: socket.socket) -> None:
            with connection:
                try:
                    while data := connection.recv(65_536):
                        connection.sendall(data)
                except OSError:
                    return

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        host, port = server.getsockname()
        yield f"{host}:{port}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def middle() -> Iterator[Proxy]:
    with echo() as target, proxy(target) as made:
        yield made


def exchange(made: Proxy, data: bytes = DATA) -> bytes:
    """Sends all of it, ends, and gives what came back; raises `OSError` where the connection is reset."""
    # A reset is told once, to whoever is first: the thread that sends or the one that receives.
    with socket.create_connection(made.address, timeout=20) as connection, ThreadPoolExecutor(1) as sender:
        sending = sender.submit(_send, connection, data)
        got = _receive(connection)
        sending.result()
        return got


def _send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def _receive(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def test_in_fair_weather_everything_passes_unchanged(middle: Proxy) -> None:
    assert exchange(middle) == DATA
    assert middle.passed == {Way.UP: len(DATA), Way.DOWN: len(DATA)}
    assert middle.happened == []


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("after", [0, 1, 16_383, 16_384, 50_001])
def test_a_cut_resets_both_sides_at_its_byte(middle: Proxy, way: Way, after: int) -> None:
    middle.brew(lambda _: [Fault(ill=Ill.CUT, way=way, after=after)])
    with pytest.raises(OSError, match=r"reset|pipe"):
        exchange(middle)
    assert middle.passed[way] == after


def test_an_end_looks_like_a_peer_that_has_finished(middle: Proxy) -> None:
    middle.brew(lambda _: [Fault(ill=Ill.END, way=Way.DOWN, after=40_000)])
    assert exchange(middle) == DATA[:40_000]


def test_a_repeated_stretch_comes_twice(middle: Proxy) -> None:
    middle.brew(lambda _: [Fault(ill=Ill.REPEAT, way=Way.DOWN, after=100)])
    got = exchange(middle)
    extra = len(got) - len(DATA)
    assert extra > 0
    assert got == DATA[: 100 + extra] + DATA[100:]


def test_one_bit_is_flipped_and_no_other(middle: Proxy) -> None:
    middle.brew(lambda _: [Fault(ill=Ill.FLIP, way=Way.UP, after=77_777)])
    got = exchange(middle)
    assert [at for at in range(len(DATA)) if got[at] != DATA[at]] == [77_777]


def test_a_delay_loses_nothing(middle: Proxy) -> None:
    middle.brew(lambda _: [Fault(ill=Ill.DELAY, way=Way.DOWN, after=9, seconds=0.01)])
    assert exchange(middle) == DATA
    assert [each.ill for each in middle.happened] == [Ill.DELAY]


def test_a_stall_lets_nothing_through_until_the_weather_clears(middle: Proxy) -> None:
    middle.brew(lambda _: [Fault(ill=Ill.STALL, way=Way.DOWN, after=5)])
    with socket.create_connection(middle.address, timeout=20) as connection:
        connection.sendall(b"0123456789")
        assert connection.recv(5, socket.MSG_WAITALL) == b"01234"
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(20)
        middle.clear()
        assert connection.recv(5, socket.MSG_WAITALL) == b"56789"


def test_what_is_open_already_can_be_held(middle: Proxy) -> None:
    with socket.create_connection(middle.address, timeout=20) as connection:
        connection.sendall(b"hello")
        assert connection.recv(5, socket.MSG_WAITALL) == b"hello"
        middle.hold(Way.UP)
        connection.sendall(b"again")
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(20)
        middle.clear()
        assert connection.recv(5, socket.MSG_WAITALL) == b"again"


def test_several_faults_of_one_connection_come_in_their_order(middle: Proxy) -> None:
    faults = [Fault(ill=Ill.CUT, way=Way.DOWN, after=60_000), Fault(ill=Ill.FLIP, way=Way.DOWN, after=10)]
    middle.brew(lambda _: faults)
    with pytest.raises(OSError, match=r"reset|pipe"):
        exchange(middle)
    assert [each.ill for each in middle.happened] == [Ill.FLIP, Ill.CUT]


def test_the_weather_is_said_by_the_connections_number(middle: Proxy) -> None:
    middle.brew(lambda number: [Fault(ill=Ill.CUT, way=Way.DOWN)] if number == 1 else [])
    assert exchange(middle) == DATA
    with pytest.raises(OSError, match=r"reset|pipe"):
        exchange(middle)
    assert exchange(middle) == DATA


def test_what_is_open_can_be_cut_and_what_comes_refused(middle: Proxy) -> None:
    with socket.create_connection(middle.address, timeout=20) as connection:
        connection.sendall(b"hello")
        assert connection.recv(5, socket.MSG_WAITALL) == b"hello"
        middle.cut_all()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    middle.refuse()
    with pytest.raises(OSError, match=r"reset|refused|pipe"):
        exchange(middle)
    middle.clear()
    assert exchange(middle) == DATA


def test_a_target_that_is_away_is_a_reset(middle: Proxy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    middle.target = ("127.0.0.1", port)
    with pytest.raises(OSError, match=r"reset|pipe"):
        exchange(middle)
