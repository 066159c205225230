"""The tables, as they are now. How they came to be is told in `migrations/versions`, and a test holds both together.

Rules this module upholds:

- A table with a secret in it (`entries.sealed`, `vault.sealed`) has an ascending integer key and nothing else that
  could move a row: SQLite then only ever adds at the right edge of its tree. A table keyed by (log, index) would keep
  stale copies of rows in the unused parts of split pages, which `secure_delete` does not reach (measured: about one
  purged body in 150). `vault` has the rules of writing such a table.
- So an entry is found in two steps: `runs` says at which slot a stretch of a log begins, and slots count on from there.
- No secondary index on the hot path: an append writes `entries`, `tiles` and one row each of `logs` and `runs`.
- Names of logs are text where they may name a log that is not kept here (targets), numbers everywhere else.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text

metadata: Final = MetaData()

Long: Final = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; in SQLite an INTEGER, because only that may be a table's own row number."""


def _counting(name: str) -> Column[Any]:
    """A key that the database counts up."""
    return Column(name, Long, primary_key=True, autoincrement=True)


def _int(name: str, *, key: bool = False, default: int | None = None) -> Column[Any]:
    server_default = None if default is None else text(str(default))
    return Column(name, Long, primary_key=key, autoincrement=False, nullable=False, server_default=server_default)


def _text(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, Text, primary_key=key, nullable=False)


def _bytes(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, LargeBinary, primary_key=key, nullable=False)


# --- logs -------------------------------------------------------------------------------------------------------------

logs: Final = Table(
    "logs",
    metadata,
    _counting("number"),
    _text("origin"),
    _int("size"),
    _bytes("root"),
    _bytes("checkpoint"),
    _int("checkpoint_size"),
    _bytes("anchor"),
    _int("anchor_size"),
    _bytes("cosigned"),
    _int("cosigned_size"),
    _text("frozen"),
    # Entries by state of their body, so that nobody has to count millions of rows.
    _int("held", default=0),
    _int("not_for_us", default=0),
    _int("purged", default=0),
    _int("missing", default=0),
    _int("quarantined", default=0),
    Index("logs_by_origin", "origin", unique=True),
    sqlite_autoincrement=True,
)

entries: Final = Table(
    "entries",
    metadata,
    Column("slot", Long, primary_key=True, autoincrement=False),
    # One byte (`codec.state_byte`), so that a change of state never changes the row's length.
    _bytes("state"),
    _bytes("entry"),
    _bytes("sealed"),
)
"""One row an entry. `sealed` is the whole disclosure as `codec` packs it; all zeros once purged."""

runs: Final = Table(
    "runs",
    metadata,
    Column("slot", Long, primary_key=True, autoincrement=False),
    _int("log_no"),
    _int("start"),
    _int("count"),
    Index("runs_by_start", "log_no", "start", unique=True),
)
"""Entries [start, start + count) of a log stand in the slots from `slot` on."""

tiles: Final = Table(
    "tiles",
    metadata,
    _int("log_no", key=True),
    _int("level", key=True),
    _int("idx", key=True),
    _bytes("data"),
    sqlite_with_rowid=False,
)
"""Hashes of the tree as c2sp.org/tlog-tiles lays them out. Public: they hash envelopes, not bodies."""

targets: Final = Table(
    "targets",
    metadata,
    _bytes("target_leaf", key=True),
    _text("target_origin", key=True),
    _int("log_no", key=True),
    _int("idx", key=True),
    _int("kind"),
    sqlite_with_rowid=False,
)

links: Final = Table(
    "links",
    metadata,
    _int("log_no", key=True),
    _int("idx", key=True),
    _int("kind"),
    _bytes("root_leaf"),
    _text("root_origin"),
    _int("version"),
    _int("counts"),
    _int("first", default=0),
    _int("filed", default=0),
    Index("links_by_root", "root_leaf", "root_origin", "counts", "kind", "version"),
    sqlite_with_rowid=False,
)
"""Which chain each entry with a target belongs to (`domain.log_ports.Link`)."""

chains: Final = Table(
    "chains",
    metadata,
    _bytes("root_leaf", key=True),
    _text("root_origin", key=True),
    # 0 and 0 while no version is here.
    _int("head_log"),
    _int("head_idx"),
    _int("ended"),
    _int("barred"),
    Index("chains_awaited", "root_origin", sqlite_where=text("head_log = 0")),
    Index("chains_barred", "barred", sqlite_where=text("barred = 1")),
    sqlite_with_rowid=False,
)
"""A record that something points at, with its corrections (`domain.log_ports.Chain`)."""

owed: Final = Table(
    "owed",
    metadata,
    _bytes("root_leaf", key=True),
    _text("root_origin", key=True),
    # "" where nobody's words are spared.
    _text("spare", key=True),
    sqlite_with_rowid=False,
)
"""Chains whose remarks are still to be deleted (`domain.log_ports.Owed`)."""

expiries: Final = Table(
    "expiries",
    metadata,
    _int("log_no", key=True),
    _int("idx", key=True),
    _int("day"),
    Index("expiries_by_day", "day", "log_no", "idx"),
    sqlite_with_rowid=False,
)
"""Only entries with an expiry day whose body is here or may still come."""

missing: Final = Table("missing", metadata, _int("log_no", key=True), _int("idx", key=True), sqlite_with_rowid=False)

repairs: Final = Table(
    "repairs",
    metadata,
    _int("log_no", key=True),
    _int("idx", key=True),
    _int("vault_id"),
    sqlite_with_rowid=False,
)
"""Where the disclosure of an entry stands that came without it: in its own row it would make that grow, and move."""

quarantine: Final = Table(
    "quarantine", metadata, _int("log_no", key=True), _int("idx", key=True), _text("reason"), sqlite_with_rowid=False
)

forks: Final = Table("forks", metadata, _counting("id"), _int("log_no"), _bytes("note"), sqlite_autoincrement=True)

outbox: Final = Table(
    "outbox",
    metadata,
    _counting("id"),
    _text("origin"),
    _bytes("entry"),
    _bytes("leaf"),
    _int("vault_id"),
    Index("outbox_by_leaf", "leaf"),
    sqlite_autoincrement=True,
)

# --- secrets of every other table -------------------------------------------------------------------------------------

vault: Final = Table(
    "vault",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=False),
    # One byte, 1 while somebody refers to the row.
    _bytes("live"),
    _bytes("sealed"),
)

vault_use: Final = Table("vault_use", metadata, _int("id", key=True), _int("live"), _int("blank"))
"""One row: how many rows of `vault` are referred to, and how many were blanked."""

# --- holdings ---------------------------------------------------------------------------------------------------------

holdings: Final = Table(
    "holdings",
    metadata,
    _counting("id"),
    _bytes("sha256"),
    _bytes("md5"),
    _bytes("sha1"),
    _bytes("pdq"),
    _int("pdq_quality"),
    _bytes("phash"),
    _text("media_type"),
    _int("size"),
    _int("level"),
    _int("added_at"),
    # "" and b"" until something was contributed about it.
    _text("record_origin"),
    _bytes("record_leaf"),
    # What of the file was not read, "" where nothing is to be said.
    Column("note", Text, nullable=False, server_default=text("''")),
    Index("holdings_by_sha256", "sha256", unique=True),
    Index("holdings_by_record", "record_leaf", sqlite_where=text("length(record_leaf) > 0")),
    sqlite_autoincrement=True,
)

holding_frames: Final = Table(
    "holding_frames",
    metadata,
    Column("holding_id", Long, primary_key=True, autoincrement=False),
    _bytes("frames"),
)
"""The sampled frames of a holding that is a video or an animated picture, packed (`frames`). A video has no PDQ and no
pHash: b"". Of digests alone all of them are empty."""

holding_looks: Final = Table(
    "holding_looks",
    metadata,
    Column("holding_id", Long, primary_key=True, autoincrement=False),
    _bytes("looks"),
)
"""How a picture with transparent parts looks on a background, packed (`looks`). Most holdings have none."""

holding_places: Final = Table(
    "holding_places",
    metadata,
    _counting("id"),
    _int("holding_id"),
    # The SHA-256 of what holds it directly. Not a number: a file is stored after its parts.
    _bytes("parent"),
    _bytes("path"),
    _text("role"),
    # What the parent calls it, a secret as a path is; 0 where it has no name.
    _int("vault_id"),
    Index("holding_places_by_holding", "holding_id"),
    Index("holding_places_by_parent", "parent", "holding_id"),
    sqlite_autoincrement=True,
)
"""Where a holding lies as a part of others (`places`)."""

holding_levels: Final = Table(
    "holding_levels", metadata, _int("level", key=True), _int("holdings"), sqlite_with_rowid=False
)
"""How many holdings have each level. Every answer to a member says so, and must not count millions of rows for it."""

cases: Final = Table(
    "cases",
    metadata,
    _text("reference", key=True),
    _int("holding_id", key=True),
    Index("cases_by_holding", "holding_id"),
    sqlite_with_rowid=False,
)

holding_files: Final = Table(
    "holding_files",
    metadata,
    _int("holding_id", key=True),
    _text("reference", key=True),
    _int("vault_id", key=True),
    sqlite_with_rowid=False,
)
"""Where the files of a holding were in each of its cases. A path is a secret: it is in the vault."""

deletions: Final = Table(
    "deletions",
    metadata,
    _counting("id"),
    _int("holding_id"),
    _text("reference"),
    _int("reason"),
    # The SHA-256 of the file.
    _int("vault_id"),
    sqlite_autoincrement=True,
)
"""Deletions that somebody asked for and that are not finished: of a holding from one case, "" from all of them."""

tags: Final = Table(
    "tags",
    metadata,
    _bytes("tag", key=True),
    _int("holding_id"),
    Index("tags_by_holding", "holding_id"),
    sqlite_with_rowid=False,
)

allowed: Final = Table("allowed", metadata, _bytes("sha256", key=True), _int("added_at"), sqlite_with_rowid=False)
"""SHA-256 values of content that is known to be harmless."""

# --- hits -------------------------------------------------------------------------------------------------------------

hits: Final = Table(
    "hits",
    metadata,
    _counting("id"),
    _int("holding_id"),
    _int("log_no"),
    _int("idx"),
    _bytes("leaf"),
    # 0 where the hit has ended. What says how near the two are is a secret of the record's body: it is in the vault.
    _int("evidence_id"),
    _int("first_seen"),
    _int("last_seen"),
    _int("shown_at"),
    _int("ended"),
    Index("hits_by_pair", "holding_id", "log_no", "leaf", unique=True),
    Index("hits_by_place", "log_no", "idx"),
    sqlite_autoincrement=True,
)
"""A pair of a holding and another member's record that are near. A later review adds columns, and no other table."""

crowded: Final = Table(
    "crowded", metadata, _int("source", key=True), _int("row", key=True), _int("left_out"), sqlite_with_rowid=False
)
"""Records of which more hits were found than are kept. `source`: the number of their log."""

crowded_holdings: Final = Table(
    "crowded_holdings",
    metadata,
    _int("holding_id", key=True),
    _text("member", key=True),
    _int("left_out"),
    sqlite_with_rowid=False,
)
"""Of which holdings more hits were found on the records of a member than are kept, and how many more, about."""

unmatched: Final = Table(
    "unmatched", metadata, _int("source", key=True), _int("row", key=True), sqlite_with_rowid=False
)
"""Holdings (`source` 0) and late bodies that wait to be matched apart from the order of a log."""

matched: Final = Table("matched", metadata, _int("log_no", key=True), _int("size"), sqlite_with_rowid=False)
"""Up to which size the records of a log were matched against the holdings."""

# --- queries and settings ---------------------------------------------------------------------------------------------

asked: Final = Table(
    "asked",
    metadata,
    _bytes("query_id", key=True),
    _text("asker"),
    _text("recipients"),
    _text("purpose"),
    _int("issued_at"),
    _int("expires_at"),
    _int("cost"),
    _bytes("header"),
    _int("payload_id"),
    _bytes("signature"),
    _int("created_at"),
    _int("closed_at"),
    Index("asked_by_time", "created_at"),
    sqlite_with_rowid=False,
)
"""The payload, which holds the fingerprints asked about, is in the vault."""

outcomes: Final = Table(
    "outcomes",
    metadata,
    _counting("id"),
    _bytes("query_id"),
    _text("member"),
    _text("outcome"),
    _text("answerer"),
    _bytes("answer"),
    _bytes("signature"),
    _int("late"),
    Index("outcomes_by_query", "query_id"),
    sqlite_autoincrement=True,
)

questions: Final = Table(
    "questions",
    metadata,
    _bytes("id", key=True),
    _int("created_at"),
    _int("terms_id"),
    Index("questions_by_time", "created_at"),
    sqlite_with_rowid=False,
)
"""What a person asked, in one or more parts. The terms are in the vault, as JSON; 0: none are kept."""

question_parts: Final = Table(
    "question_parts",
    metadata,
    _bytes("question", key=True),
    _int("part", key=True),
    _bytes("query_id"),
    _int("cost"),
    _int("labels_id"),
    _int("payload_id"),
    Index("question_parts_by_query", "query_id", unique=True),
    sqlite_with_rowid=False,
)
"""Labels and payload are in the vault; 0: none. Once a part is asked, its payload is that of the row in `asked`."""

outcome_reasons: Final = Table(
    "outcome_reasons",
    metadata,
    Column("outcome_id", Long, primary_key=True, autoincrement=False),
    _text("reason"),
)
"""Why an outcome is what it is, where no signed answer says it."""

answered: Final = Table(
    "answered",
    metadata,
    _text("asker", key=True),
    _bytes("query_id", key=True),
    _text("answerer"),
    _bytes("answer"),
    _bytes("signature"),
    _int("created_at"),
    Index("answered_by_time", "created_at"),
    sqlite_with_rowid=False,
)

settings: Final = Table("settings", metadata, _text("name", key=True), _bytes("value"), sqlite_with_rowid=False)

# --- the hub's own ----------------------------------------------------------------------------------------------------

invitations: Final = Table(
    "invitations",
    metadata,
    _bytes("secret_sha256", key=True),
    _text("member"),
    _int("expires_at"),
    _int("used_at"),
    sqlite_with_rowid=False,
)

joins: Final = Table(
    "joins",
    metadata,
    _text("member", key=True),
    _text("name"),
    _bytes("secret_sha256"),
    _bytes("csr"),
    _text("vkeys"),
    _text("proofs"),
    _int("requested_at"),
    _text("state"),
    sqlite_with_rowid=False,
)

certificates: Final = Table(
    "certificates",
    metadata,
    _counting("id"),
    _text("member"),
    # Text: a serial has up to 160 bits (RFC 5280, section 4.1.2.2).
    _text("serial"),
    _bytes("spki_sha256"),
    _int("not_after"),
    _int("issued_at"),
    Index("certificates_by_member", "member"),
    sqlite_autoincrement=True,
)

mail: Final = Table(
    "mail",
    metadata,
    _counting("id"),
    _text("asker"),
    _bytes("query_id"),
    _text("answerer"),
    _bytes("answer"),
    _bytes("signature"),
    _int("expires_at"),
    Index("mail_by_asker", "asker", "id"),
    sqlite_autoincrement=True,
)

messages: Final = Table(
    "messages", metadata, _counting("id"), _text("channel"), _int("vault_id"), sqlite_autoincrement=True
)
"""The switchboard. A message may carry a query, so its bytes are in the vault."""

# --- what a kept index has to catch up with ---------------------------------------------------------------------------

line: Final = Table(
    "line",
    metadata,
    _int("id", key=True),  # one row: 1
    _bytes("identity"),  # random; a copy of the database (a backup) gets another
    _int("last"),  # the number of the last change: none is used twice, also when `changes` is empty
    _int("forgotten"),  # the number of the last that `changes` has no more
)

changes: Final = Table(
    "changes",
    metadata,
    _int("number", key=True),
    _int("source"),
    _int("row"),
    _int("filled"),
)
