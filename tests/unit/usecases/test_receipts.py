"""Receipts of audit entries: who listens is told once, whenever it began to."""

import threading

import pytest

from node.errors import DiskFull
from node.usecases.receipts import Receipt


def test_who_listens_before_and_who_listens_after_is_told_once() -> None:
    receipt, told = Receipt(), list[int]()
    receipt.then(lambda settled: told.append(settled.index))
    assert told == []
    receipt.settle(7)
    assert told == [7]
    receipt.then(lambda settled: told.append(settled.index + 1))
    assert told == [7, 8]
    assert (receipt.result(), receipt.result(0)) == (7, 7)


def test_the_reason_is_told_and_raised() -> None:
    receipt, told = Receipt(), list[BaseException | None]()
    receipt.then(lambda settled: told.append(settled.error))
    fault = DiskFull("the disk is full")
    receipt.settle(-1, fault)
    assert told == [fault]
    with pytest.raises(DiskFull):
        receipt.result()


def test_waiting_ends_by_time_or_when_all_who_listen_were_told() -> None:
    receipt, told = Receipt(), list[int]()
    with pytest.raises(TimeoutError):
        receipt.result(0.01)
    receipt.then(lambda settled: told.append(settled.index))
    threading.Timer(0.05, receipt.settle, (3,)).start()
    assert receipt.result(30) == 3
    assert told == [3]


def test_a_listener_that_fails_keeps_nothing_from_the_others(capfd: pytest.CaptureFixture[str]) -> None:
    receipt, told = Receipt(), list[int]()

    def broken(_: Receipt) -> None:
        raise ValueError("telltale")

    receipt.then(broken)
    receipt.then(lambda settled: told.append(settled.index))
    receipt.settle(1)
    assert told == [1]
    out, err = capfd.readouterr()
    assert "ValueError" in out + err
    assert "telltale" not in out + err
