"""The database of a node or a hub: SQLAlchemy Core over SQLite. The only room that knows SQL.

Rules this room upholds:

- One writer, guarded by a lock, in `BEGIN IMMEDIATE` with `synchronous=FULL`; readers have connections and snapshots of
  their own and never checkpoint.
- What is secret (bodies, nonces, handlings, the payloads of queries) is written by `codec` alone, and only into tables
  of which no row ever moves, so that a purge leaves no copy behind: see `vault`.
- A library's own error never gets out: `engine.translated` makes it a `StoreError` that names no value.
"""
