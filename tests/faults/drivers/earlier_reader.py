"""Reads the run of a log that is described on standard input, and prints what this version makes of it, as JSON.

Rules this module upholds:

- It uses only what the version before the kinds of cooperation had as well: `test_earlier_version` runs it with the
  code of that version.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

from node.control.record_lines import record_line
from node.domain.batch import Package
from node.domain.ids import Origin
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.fsck import check_store
from node.usecases.recordlist import Shown
from node.usecases.replica import Rules, position, verify_package
from node.wire.convert import ProtoCodec
from tests.simulator.federation import Speaker, roster
from tests.simulator.memory_store import MemoryStore

COLUMNS = ("entries", "nonces", "bodies", "handling_nonces", "handlings")


def main() -> None:
    said = json.load(sys.stdin)
    columns: dict[str, Any] = {name: [bytes.fromhex(each) for each in said[name]] for name in COLUMNS}
    package = Package(
        origin=Origin.parse(said["origin"]),
        start=0,
        checkpoint=bytes.fromhex(said["checkpoint"]),
        proof=[bytes.fromhex(each) for each in said["proof"]],
        **columns,
    )
    json.dump(read(package), sys.stdout)


def read(package: Package) -> dict[str, Any]:
    """The package as a node of this version stores and shows it."""
    codec, store = ProtoCodec(), MemoryStore()
    known = roster(Speaker.named(package.origin.member))
    catalogue = Catalogue(store=store, index=None, codec=codec)
    with catalogue.change() as change:
        at = position(change.writer, change.writer.open_log(package.origin))
        rules = Rules(roster=known, copy=Copy(reader=None), cosigned=True)
        change.apply(verify_package(at, package, rules, Handlings(codec.decode_handling)))
    with store.read() as reader:
        log = reader.log(package.origin)
        run = reader.run(package.origin, 0, len(package.entries), 1 << 30)
    lines = [record_line(Shown(view=view), whole=False) for view in catalogue.records(package.origin)]
    return {
        "size": log.size if log else 0,
        "root": log.root.hex() if log else "",
        "shown": [[line["kind"], line["state"], line["says"]] for line in lines],
        "kept": [hashlib.sha256(body).hexdigest() for body in run.bodies],
        "faults": [fault for report in check_store(store, known) for fault in report.faults],
    }


if __name__ == "__main__":
    main()
