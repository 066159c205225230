"""Other processes read a kept index while its owner changes it, and change nothing themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from node.domain.fingerprint_kinds import PDQ_RADIUS, SHA256
from tests.unit.match.builders import where
from tests.unit.match.every_kind import COUNT, LOG, add, filled, on_disk, probes, values
from tests.unit.match.keeping import keep, keep_again, reopened

READER = """
import sys
from pathlib import Path
from node.domain.search_ports import Probe
from node.match.folder import IndexFolder
from node.match.index import LocalIndex

def opened():
    index = LocalIndex()
    files = IndexFolder(Path(sys.argv[1]), index, read_only=True)
    assert files.open() is not None
    return index

index = opened()
for line in sys.stdin:
    word, _, value = line.strip().partition(" ")
    if word == "anew":
        index = opened()
    hits = index.search([Probe(0, 3, bytes.fromhex(value))], 31) if value else []
    print(sorted((hit.source, hit.row) for hit in hits), flush=True)
"""


def test_another_process_reads_while_the_owner_overwrites_and_replaces(tmp_path: Path) -> None:
    index = filled(200)
    files = keep(index, tmp_path)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    to, back = reader.stdin, reader.stdout
    assert to is not None
    assert back is not None

    def ask(word: str, row: int) -> str:
        to.write(f"{word} {values(SHA256)[row].tobytes().hex()}\n")
        to.flush()
        return back.readline().strip()

    try:
        assert ask("same", 5) == f"[({LOG}, 5)]"
        index.remove(LOG, [5])
        files.sync(1)
        assert ask("same", 5) == "[]", "an overwriting is seen through the mapping at once"
        add(index, 200, COUNT)
        for _ in range(3):
            keep_again(files)
        assert ask("same", 6) == f"[({LOG}, 6)]", "what was replaced can still be read"
        assert ask("same", 250) == "[]"
        assert ask("anew", 250) == f"[({LOG}, 250)]"
        assert ask("same", 5) == "[]"
    finally:
        to.close()
        assert reader.wait() == 0
        back.close()


def test_a_reader_changes_nothing_on_the_disk(tmp_path: Path) -> None:
    keep(filled(), tmp_path)
    (tmp_path / "000000000009.pdq").write_bytes(b"a leftover")
    before = on_disk(tmp_path)
    index, files = reopened(tmp_path, read_only=True)
    index.remove(LOG, [1])
    files.sync(0)
    assert where(index.search(probes([1]), PDQ_RADIUS)) == []
    assert on_disk(tmp_path) == before
