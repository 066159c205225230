"""Cost by size: single and batched search from a thousand hashes to tens of millions, compared with the reference.

Rules this module upholds:

- Each line is a line of `vigil bench match`, with the additional fields `records` and `data`. `bench.plot` makes a
  table and a picture of the lines.

    python -m bench.sweep 1000 10000 100000 > bench/figures/search.jsonl
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import numpy as np

from bench import Figure
from bench.hashes import clustered, planted, uniform
from bench.match import BATCH_PROBES, SINGLE_PROBES, filled, reference_over, searched

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def run(sizes: tuple[int, ...] = SIZES) -> Iterator[tuple[int, str, Figure]]:
    """(records, kind of data, figure) for every size, both kinds of data, single and batch."""
    for records in sizes:
        for data, make in (("random", uniform), ("clustered", clustered)):
            rng = np.random.default_rng(records)
            hashes = make(records, rng)
            index = filled(hashes)
            reference = reference_over(hashes)
            singles, batch = planted(hashes, SINGLE_PROBES, rng), planted(hashes, BATCH_PROBES, rng)
            yield records, data, searched("match.single", index, reference, singles, one_by_one=True)
            yield records, data, searched("match.batch", index, reference, batch, one_by_one=False, rounds=3)
            index.close()


def main() -> None:
    """Writes one line for each figure for the sizes named on the command line, or all."""
    sizes = tuple(int(size) for size in sys.argv[1:]) or SIZES
    for records, data, made in run(sizes):
        sys.stdout.write(json.dumps({"records": records, "data": data, **made}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
