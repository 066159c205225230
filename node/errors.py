"""Every error that Vigil raises on purpose.

Rules this module upholds:

- One tree under `VigilError`; it imports nothing, so every layer may raise from it.
- Two families: `Misuse` and its kin mean that *we* (the person, the configuration, this machine) are at fault;
  `PeerFault` and its kin mean that bytes or behaviour from outside are at fault. Code that handles untrusted bytes
  lets out `PeerFault` only, never a library's own exception.
- An error says what is wrong and where (`str(error)`), and what to do (`error.remedy`). Neither ever holds a
  fingerprint, a key or a file name: those belong to the output of the command that was given them. So the command line
  alone names a path, and only one that was typed into the same command.
- `kind` is the stable word for scripts and for the wire (`node/wire/status.py` maps it to a gRPC status, both ways).
"""

from typing import ClassVar


class VigilError(Exception):
    """Base of everything raised on purpose. `remedy` tells the reader what to do next; empty where nothing helps."""

    kind: ClassVar[str] = "internal"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


# --- ours -------------------------------------------------------------------------------------------------------------


class Misuse(VigilError):
    """The caller asked for something that makes no sense: a wrong option, an unknown word, a value out of range."""

    kind = "usage"


class ConfigError(Misuse):
    """The configuration cannot be used. `faults` lists all of them, one a line, each naming its key."""

    kind = "config"

    def __init__(self, message: str, *, faults: tuple[str, ...] = (), remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.faults = faults


class Refused(VigilError):
    """Policy, handling or the roster forbids it. Exit code 4."""

    kind = "refused"


class NotFound(VigilError):
    """The thing named does not exist here."""

    kind = "not-found"


class Unavailable(VigilError):
    """A peer or the daemon cannot be reached now; trying later may work."""

    kind = "unavailable"


class Overloaded(VigilError):
    """A queue, a budget or a limit is exhausted. `retry_after` in seconds, 0 where unknown."""

    kind = "overloaded"

    def __init__(self, message: str, *, retry_after: float = 0.0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after


class AlreadyRunning(VigilError):
    """Another process owns this database and these keys."""

    kind = "already-running"


class StoreError(VigilError):
    """The database, its disk or a file beside it failed. Nothing acknowledged was lost unless the text says so."""

    kind = "store"


class DiskFull(StoreError):
    """No space left. What was not acknowledged was not stored; what was acknowledged is safe."""

    kind = "disk-full"


class Damaged(StoreError):
    """Stored bytes no longer hash to what they hashed to when they were stored."""

    kind = "damaged"


class WrongDatabase(StoreError):
    """The database of a home is not the one that this home used last, so nothing is served, answered or signed."""

    kind = "wrong-database"


class DatabaseMissing(WrongDatabase):
    """The home had a database, and there is none."""

    kind = "database-missing"


class DatabaseEmpty(WrongDatabase):
    """The home had a database with something in it, and the one that is there is empty."""

    kind = "database-empty"


class DatabaseOlder(WrongDatabase):
    """The database is behind what this home has seen, or another copy of it than this home used."""

    kind = "database-older"


class DatabaseForeign(WrongDatabase):
    """The database belongs to another node or hub, or to another program."""

    kind = "database-foreign"


class MediaError(VigilError):
    """A media file cannot be fingerprinted. The text says why, without the file's name."""

    kind = "media"


class Empty(MediaError):
    """A file without a byte. It has nothing that could be fingerprinted; that is no failure."""

    kind = "empty"


# --- theirs -----------------------------------------------------------------------------------------------------------


class PeerFault(VigilError):
    """Bytes or behaviour from outside break a rule. The one family that code reading untrusted input lets out."""

    kind = "peer-fault"


class Malformed(PeerFault):
    """Bytes that no correct writer emits."""

    kind = "malformed"


class BadSignature(PeerFault):
    """A signature that is missing, does not verify, or is made with a key the roster does not give that role."""

    kind = "bad-signature"


class BadProof(PeerFault):
    """A Merkle proof, a root or a commitment that does not come out."""

    kind = "bad-proof"


class Fork(PeerFault):
    """Two signed checkpoints of one log that cannot both be true. `evidence` holds both notes, verbatim."""

    kind = "fork"

    def __init__(self, message: str, *, evidence: tuple[bytes, ...] = (), remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.evidence = evidence


class Conflict(PeerFault):
    """Compare-and-swap lost: the log is at `have` leaves, not where the caller believed it."""

    kind = "conflict"

    def __init__(self, message: str, *, have: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.have = have


class Unauthenticated(PeerFault):
    """No certificate, a foreign one, an expired one, or one that the roster does not know."""

    kind = "unauthenticated"


class Suspended(PeerFault):
    """The member is known and suspended."""

    kind = "suspended"


class Expired(PeerFault):
    """Something signed is past its date: a certificate, roster metadata, a query."""

    kind = "expired"
