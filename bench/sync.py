"""Synchronisation: a new node receives a member's log from the hub, over mutual TLS.

Rules this module upholds:

- Hub and node are the program's own daemons, each in its own process, with `synchronous=FULL` as always. The node
  verifies, stores and indexes every record before the record counts.
- The clock starts when the node reports that it serves, because it starts to follow then. It stops when a search finds
  the last record by its SHA-256 and by its PDQ.
- The reference is timed in the same run, before, between and after.
- `sync.matched` measures a node that holds `HOLDINGS` pictures. Its rate is compared with that of the same node without
  matching of arriving records (`bench.unmatched`). The remaining records are matched at the rate `sync.matching`,
  measured for `MATCHING_SECONDS` directly afterwards.
- Memory is the proportional set size (PSS) of the node's whole process tree, sampled while the clock runs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench import Figure, figure
from bench.federation import FEDERATION, KINDS, Federation, Sample, federation
from bench.memory import Sampler
from node import app
from node.demo.stage import PASSPHRASE
from node.domain.batch import FingerprintColumn, FingerprintColumns
from node.domain.fingerprint_kinds import PDQ, SHA256
from node.match.index import LocalIndex

RECORDS: Final = 400_000
HOLDINGS: Final = 1_000_000
"""Pictures that a node holds against which arriving records are matched."""
MATCHING_SECONDS: Final = 20.0
SMALLER: Final = 4
"""Memory is compared with that of a log so many times smaller."""
PACKAGE: Final = 2_400
"""Records of about one package, which is how the index grows."""
MESSAGE_BYTES: Final = 200
"""What the reference verifies: about an envelope with a signature's context."""
REFERENCE_SECONDS: Final = 0.5
POLL_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 600.0
_ORIGIN: Final = f"{FEDERATION}/FR/log/1"
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One node's way through the log. `peak`: bytes (PSS). `after`: what was measured behind it."""

    records: int
    seconds: float
    peak: int
    after: float = 0.0


def run(records: int | None = None) -> Iterator[Figure]:
    """The rate at `records` records (`RECORDS` unless said), and the peak memory there and at a fourth of it."""
    large = RECORDS if records is None else records
    small = max(1, large // SMALLER)
    with federation() as made:
        made.found("FR", "JP", "BR", "DE", "SE")
        verified = [_verified_a_second()]
        first = followed(made, "JP", small, add=small)
        verified.append(_verified_a_second())
        second = followed(made, "BR", large, add=large - small)
        verified.append(_verified_a_second())
        made.hold("DE", HOLDINGS)
        made.hold("SE", HOLDINGS)
        without = followed(made, "DE", large, add=0, module="bench.unmatched")
        matched = followed(made, "SE", large, add=0, after=_matching_rate)
    yield figure(
        "sync.rate",
        second.records / second.seconds,
        "records a second",
        reference="verifying one Ed25519 signature a record, key loaded",
        reference_value=statistics.median(verified),
        more_is_better=True,
    )
    yield figure(
        "sync.matched",
        matched.records / matched.seconds,
        "records a second",
        reference=f"the same without matching them against {HOLDINGS:,} holdings; must stay above 0.7",
        reference_value=without.records / without.seconds,
        more_is_better=True,
    )
    yield figure(
        "sync.matching",
        matched.after,
        "records a second",
        reference="the rate at which they came",
        reference_value=matched.records / matched.seconds,
        more_is_better=True,
    )
    yield from _memory(first, second)


def _memory(first: Followed, second: Followed) -> Iterator[Figure]:
    needs = [_index_bytes(each.records) for each in (first, second)]
    at = f"at {first.records:,} records instead of {second.records:,}"
    yield _mebibytes("sync.peak", second.peak, first.peak, f"the same {at}")
    yield _mebibytes("sync.index", needs[1], needs[0], f"the same {at}")
    yield _mebibytes("sync.peak_less_index", second.peak - needs[1], first.peak - needs[0], f"the same {at}")


def _mebibytes(name: str, value: int, reference_value: int, reference: str) -> Figure:
    return figure(name, value / _MIB, "MiB", reference=reference, reference_value=reference_value / _MIB)


# --- following --------------------------------------------------------------------------------------------------------


def followed(
    made: Federation,
    member: str,
    records: int,
    *,
    add: int,
    module: str = "node.cli.main",
    after: Callable[[Federation, str], float] = lambda _made, _member: 0.0,
) -> Followed:
    """Lengthens the hub's log by `add` to `records`, and has a new node follow it from nothing. `module`: its program;
    `after`: what is measured once it has.
    """
    made.stage.stop("hub")
    if add:
        made.seed("FR", add)
    made.stage.start("hub", "hub", "run")
    made.stage.start(member, "node", "run", module=module)
    began = time.perf_counter()
    with Sampler(made.stage.pid(member)) as sampler:
        _wait_for(made, member, records)
        seconds = time.perf_counter() - began
    measured = after(made, member)
    made.stage.stop(member)
    return Followed(records=records, seconds=seconds, peak=sampler.peak, after=measured)


def _matching_rate(made: Federation, member: str) -> float:
    """Records a second that are matched while nothing arrives."""
    began, before = time.perf_counter(), _not_matched(made, member)
    while (left := _not_matched(made, member)) and time.perf_counter() - began < MATCHING_SECONDS:
        time.sleep(POLL_SECONDS)
    return (before - left) / (time.perf_counter() - began)


def _not_matched(made: Federation, member: str) -> int:
    return int(made.stage.ask(member, "status")[0]["not_matched_yet"])


def _wait_for(made: Federation, member: str, records: int) -> None:
    """Until a search at the node finds the last record. Raises `RuntimeError` where it does not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    subjects = _subjects(made.samples["FR"])
    with app.session_at(made.stage.home(member), lambda: PASSPHRASE) as session:
        # A match without a subject says how much is searched, and writes nothing.
        while list(session.run("match", {}))[-1]["searched"].get(_ORIGIN, 0) < records:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{member} did not come to the end of the log in {PATIENCE_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)
        *hits, _ = session.run("match", {}, subjects)
    found = {(hit["subject"], hit["algorithm"]) for hit in hits if hit["origin"] == _ORIGIN}
    if found != {("sha256", "sha256"), ("pdq", "pdq")}:
        raise RuntimeError("a search does not find the last record")


def _subjects(last: Sample) -> list[dict[str, Any]]:
    """The last record as two questions, one a kind."""
    return [
        {"label": "sha256", "fingerprints": [[SHA256.code, last.sha256.hex(), None]], "orientations": []},
        {"label": "pdq", "fingerprints": [[PDQ.code, last.pdq.hex(), 100]], "orientations": []},
    ]


# --- references -------------------------------------------------------------------------------------------------------


def _verified_a_second() -> float:
    """Ed25519 signatures verified a second, one after another, by one thread with a loaded key."""
    key = Ed25519PrivateKey.generate()
    public, message = key.public_key(), bytes(MESSAGE_BYTES)
    signature = key.sign(message)
    done, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < REFERENCE_SECONDS:
        for _ in range(100):
            public.verify(signature, message)
        done += 100
    return done / spent


def _index_bytes(records: int) -> int:
    """What the search index alone needs for so many records."""
    index = LocalIndex()
    rng = np.random.default_rng(1)
    for start in range(0, records, PACKAGE):
        rows = np.arange(start, min(start + PACKAGE, records), dtype=np.int64)
        columns = [
            FingerprintColumn(
                code=kind.code,
                rows=rows,
                values=rng.integers(0, 256, (len(rows), kind.size), dtype=np.uint8),
                quality=np.full(len(rows), 90 if kind is PDQ else -1, dtype=np.int16),
            )
            for kind in KINDS
        ]
        index.add(1, FingerprintColumns(columns=columns))
    return index.nbytes
