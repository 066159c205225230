"""All present tables; each subject has its module in `node.store.tables`. The scripts in `migrations/versions` create
the same tables step by step, and a test compares both.

Rules this module upholds:

- A table with a secret in it (`entries.sealed`, `vault.sealed`) has an ascending integer key and nothing else that
  could move a row: SQLite then only adds at the right edge of its tree. A table with the key (log, index) would keep
  stale copies of rows in the unused parts of split pages, which `secure_delete` does not reach (measured: about one
  purged body in 150). `vault` has the rules of writing such a table.
- So an entry is found in two steps: `runs` gives the slot where a section of a log begins, and slots count on from
  there.
- No secondary index on the hot path: an append writes `entries`, `tiles` and one row each of `logs` and `runs`.
- Names of logs are text if they may name a log that is not stored here (targets), numbers everywhere else.
"""

from __future__ import annotations

from typing import Final

from node.store.tables import (
    addresses,
    answers,
    case_files,
    categorisations,
    desk,
    entities,
    hits,
    holdings,
    hub,
    indexing,
    lists,
    logs,
    mentions,
    officers,
    previews,
    queries,
    reviews,
    threads,
    usage,
    vault,
    watches,
)
from node.store.tables.columns import metadata

MODULES: Final = (
    addresses, answers, case_files, categorisations, desk, entities, hits, holdings, hub, indexing, lists, logs,
    mentions, officers, previews, queries, reviews, threads, usage, vault, watches,
)  # fmt: skip
"""Every module with tables: importing this module puts all of them into `metadata`."""

__all__ = ("MODULES", "metadata")
