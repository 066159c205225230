"""Every error that Vigil raises on purpose.

Rules this module upholds:

- One tree under `VigilError`; it imports nothing, so every layer may raise from it.
- Two families: `Misuse` and related errors mean that *we* (the person, the configuration, this machine) are at fault.
  `PeerFault` and its subclasses mean that bytes or behaviour from outside are at fault. Code that handles untrusted
  bytes raises only `PeerFault`, never a library's own exception.
- An error says what is wrong and where (`str(error)`), and what to do (`error.remedy`). Neither ever contains a
  fingerprint, a key or a file name. Only the command line names a path, and only one that was typed into the same
  command.
- `kind` is the stable name for scripts and for the wire (`node/wire/status.py` maps it to a gRPC status, both ways).
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Said:
    """A text as the code of its template and the values in it, in the template's order (`node.domain.messages`)."""

    code: str
    parameters: tuple[str, ...] = ()


class VigilError(Exception):
    """Base of all errors that are raised on purpose. `remedy` says what to do next; empty if nothing helps.

    `said` and `said_remedy` are the two texts as codes and parameters. Only a daemon sets them, for the local socket.
    """

    kind: ClassVar[str] = "internal"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy
        self.said: Said | None = None
        self.said_remedy: Said | None = None


# --- ours -------------------------------------------------------------------------------------------------------------


class Misuse(VigilError):
    """The caller's request is invalid: a wrong option, an unknown word, a value out of range."""

    kind = "usage"


class ConfigError(Misuse):
    """The configuration cannot be used. `faults` lists all faults, one per line, each with its key."""

    kind = "config"

    def __init__(self, message: str, *, faults: tuple[str, ...] = (), remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.faults = faults


class Refused(VigilError):
    """The policy, the handling or the roster forbids it. Exit code 4."""

    kind = "refused"


class FactorNeeded(Refused):
    """The officer has to show a factor of the sign-in again, because the last one was shown too long ago."""

    kind = "factor-needed"


class NotFound(VigilError):
    """The named thing does not exist here."""

    kind = "not-found"


class Unavailable(VigilError):
    """A peer or the daemon cannot be reached now; trying later may work."""

    kind = "unavailable"


class Overloaded(VigilError):
    """A queue, a budget or a limit is exhausted. `retry_after` in seconds, 0 if unknown."""

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
    """No space left. Only acknowledged data was stored, and it is safe."""

    kind = "disk-full"


class Damaged(StoreError):
    """Stored bytes no longer have the hash that they had when they were stored."""

    kind = "damaged"


class WrongDatabase(StoreError):
    """The database of a home is not the one that this home used last, so nothing is served, answered or signed."""

    kind = "wrong-database"


class DatabaseMissing(WrongDatabase):
    """The home had a database, and it is missing."""

    kind = "database-missing"


class DatabaseEmpty(WrongDatabase):
    """The home had a database with data, and the present one is empty."""

    kind = "database-empty"


class DatabaseOlder(WrongDatabase):
    """The database is older than this home has seen, or a different copy than this home used."""

    kind = "database-older"


class DatabaseForeign(WrongDatabase):
    """The database belongs to another node or hub, or to another program."""

    kind = "database-foreign"


class MediaError(VigilError):
    """A media file cannot be fingerprinted. The text says why, without the file's name."""

    kind = "media"


class Empty(MediaError):
    """An empty file. It has nothing to fingerprint; this is not a failure."""

    kind = "empty"


# --- theirs -----------------------------------------------------------------------------------------------------------


class PeerFault(VigilError):
    """Bytes or behaviour from outside break a rule. Code that reads untrusted input raises only this family."""

    kind = "peer-fault"


class Malformed(PeerFault):
    """Bytes that no correct writer produces."""

    kind = "malformed"


class BadSignature(PeerFault):
    """A signature that is missing, does not verify, or is made with a key the roster does not give that role."""

    kind = "bad-signature"


class BadProof(PeerFault):
    """A Merkle proof, a root or a commitment that does not verify."""

    kind = "bad-proof"


class Fork(PeerFault):
    """Two signed checkpoints of one log that cannot both be true. `evidence` holds both notes, verbatim."""

    kind = "fork"

    def __init__(self, message: str, *, evidence: tuple[bytes, ...] = (), remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.evidence = evidence


class Conflict(PeerFault):
    """A compare-and-swap failed: the log has `have` leaves, not the number that the caller expected."""

    kind = "conflict"

    def __init__(self, message: str, *, have: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.have = have


class Unauthenticated(PeerFault):
    """No certificate, a foreign one, an expired one, or one that the roster does not know."""

    kind = "unauthenticated"


class Suspended(PeerFault):
    """The member is known, but suspended."""

    kind = "suspended"


class Expired(PeerFault):
    """Signed data has expired: a certificate, roster metadata, a query."""

    kind = "expired"
