"""The database of a node or a hub: SQLAlchemy Core over SQLite. Only this package contains SQL.

Rules this package upholds:

- One writer, guarded by a lock, in `BEGIN IMMEDIATE` with `synchronous=FULL`. Readers have their own connections and
  snapshots, and never checkpoint.
- Only `codec` writes secret data (bodies, nonces, handlings, the payloads of queries), and only into tables whose rows
  never move, so that a purge leaves no copy behind: see `vault`.
- A library's own error never leaves this package: `engine.translated` turns it into a `StoreError` without values.
"""
