"""python-threatexchange takes the pages that we write: its clients fetch them from a server of our own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType

import pytest

from node.domain.references import At, ListHead, Reference, Withdrawal
from node.interop.left_out import LeftOut
from node.interop.ncmec_writing import Sender, write_ncmec
from node.interop.stopncii_writing import write_stopncii
from tests.conftest import oracle

Serve = Callable[[bytes], str]
TIME = "2026-01-02T03:04:05Z"
ROWS = [
    Reference(At(), id="7/a & b (image)", md5=b"\x01" * 16, sha1=b"\x02" * 20, pdq=b"\x03" * 32, code="A1"),
    Reference(At(), id="record 1", md5=b"\x04" * 16, media_type="video/mp4"),
    Reference(At(), pdq=b"\x05" * 32, media_type="image/png"),
]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a page at every path; gives the address."""
    pages = [b""]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(pages[-1])))
            self.end_headers()
            self.wfile.write(pages[-1])

        def log_message(self, *_: object) -> None:
            pass

    def start(page: bytes) -> str:
        pages.append(page)
        return f"http://127.0.0.1:{server.server_port}"

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield start
        server.shutdown()
        thread.join()


@pytest.fixture
def hash_api(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return oracle("threatexchange.exchanges.clients.ncmec.hash_api")


def test_its_client_of_ncmec_takes_every_entry(serve: Serve, hash_api: ModuleType) -> None:
    gone = [Withdrawal(At(), "7/old (video)"), Withdrawal(At(), "record 2"), Withdrawal(At(), reference=ROWS[2])]
    page = b"".join(write_ncmec(lambda: [*ROWS, *gone], LeftOut(), Sender(99, "Unit", TIME)))
    client = hash_api.NCMECHashAPI("user", "password", hash_api.NCMECEnvironment.Industry)
    client._base_url = serve(page)
    [found] = client.get_entries_iter(start_timestamp=0, end_timestamp=2_000_000_000)
    assert found.max_timestamp == 1_767_323_045
    live = [each for each in found.updates if not each.deleted]
    assert [(each.member_id, each.entry_type.value, each.classification) for each in live] == [
        (7, "image", "A1"),
        (99, "image", None),
        (99, "video", None),
    ]
    assert live[0].id == "a & b"
    assert [each.fingerprints for each in live] == [
        {"md5": "01" * 16, "sha1": "02" * 20, "pdq": "03" * 32},
        {"pdq": "05" * 32},
        {"md5": "04" * 16},
    ]
    taken_back = {(each.member_id, each.id, each.entry_type.value) for each in found.updates if each.deleted}
    assert taken_back == {
        (7, "old", "video"),
        (99, "record 2", "image"),
        (99, "record 2", "video"),
        (99, live[1].id, "image"),
    }
    assert all(not each.fingerprints for each in found.updates if each.deleted)


def test_its_signals_of_ncmec_are_the_hashes_of_the_rows(serve: Serve, hash_api: ModuleType) -> None:
    page = b"".join(write_ncmec(lambda: ROWS, LeftOut(), Sender(99, "Unit", TIME)))
    client = hash_api.NCMECHashAPI("user", "password", hash_api.NCMECEnvironment.Industry)
    client._base_url = serve(page)
    fetched = {str(number): each for number, each in enumerate(client.get_entries(end_timestamp=1).updates)}
    exchange = oracle("threatexchange.exchanges.impl.ncmec_api")
    pdq = oracle("threatexchange.signal_type.pdq.signal").PdqSignal
    md5 = oracle("threatexchange.signal_type.md5").VideoMD5Signal
    collab = exchange.NCMECCollabConfig(environment=hash_api.NCMECEnvironment.Industry, name="c")
    signals = exchange.NCMECSignalExchangeAPI.naive_convert_to_signal_type([pdq, md5], collab, fetched)
    assert set(signals[pdq]) == {"03" * 32, "05" * 32}
    assert set(signals[md5]) == {"04" * 16}


@pytest.mark.usefixtures("hash_api")
def test_its_client_of_stopncii_takes_every_record(serve: Serve) -> None:
    api = oracle("threatexchange.exchanges.clients.stopncii.api")
    rows: list[Reference | Withdrawal] = [
        ROWS[1],
        ROWS[2],
        Withdrawal(At(), reference=ROWS[2]._replace(pdq=b"\x06" * 32)),
    ]
    page = b"".join(write_stopncii(rows, LeftOut(), ListHead(format="stopncii", is_abuse=False), timestamp=5))
    client = api.StopNCIIAPI("k" * 32, "k" * 56, base_url_override=serve(page))
    [found] = client.fetch_hashes_iter()
    assert (found.count, found.hasMoreRecords, found.nextSetTimestamp) == (3, False, 5)
    assert [(each.signalType.value, each.hashValue, each.hashStatus.value) for each in found.hashRecords] == [
        ("VideoMD5", "04" * 16, "Active"),
        ("ImagePDQ", "05" * 32, "Active"),
        ("ImagePDQ", "06" * 32, "Withdrawn"),
    ]
