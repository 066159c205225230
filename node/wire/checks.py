"""The checks for every field that comes off the wire.

Rules this module upholds:

- A check raises only `Malformed`, and its text names the field, never its value.
- The same checks run over everything that we encode (`as_misuse` turns a refusal into our own fault). So this program
  can read everything that it emits.
- Limits are defined here once, in characters or bytes as named.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from functools import cache
from typing import Any, Final, TypeVar

from google.protobuf.message import DecodeError, Message

from node.errors import Malformed, Misuse

MAX_WORD: Final = 128
"""Most characters of a name, code, media type, language or tag."""
MAX_SIGNATURE: Final = 4_096
"""Most bytes of a signature of any algorithm (ML-DSA-44 has 2,420)."""
MAX_VKEY: Final = 4_096
"""Most characters of a C2SP verifier key of any algorithm (one of ML-DSA-44 has some 1,800)."""
MAX_PHRASE: Final = 500
"""Most characters of an officer's role, a case reference or a legal basis."""
MAX_TIME: Final = 1 << 53
"""Unix seconds that a float still distinguishes."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""Control characters except tab and newline, and halves of surrogate pairs."""

MessageT = TypeVar("MessageT", bound=Message)
EnumT = TypeVar("EnumT", bound=IntEnum)


def parse(message: type[MessageT], data: bytes, what: str) -> MessageT:
    """`data` as a message. Raises `Malformed`, naming `what`."""
    try:
        return message.FromString(data)
    except DecodeError as error:
        raise Malformed(f"{what} does not match the contract") from error


def text(value: str, what: str, limit: int = MAX_WORD) -> str:
    """`value`, at most `limit` characters long and without control characters."""
    if value and (len(value) > limit or _CONTROL.search(value)):
        raise Malformed(f"{what} is longer than {limit} characters or holds control characters")
    return value


def enum(kind: type[EnumT], value: int, what: str) -> EnumT:
    """`value` as a member of `kind`. A value of a later version needs a higher `min_reader`, so it is not accepted
    here.
    """
    found = _values(kind).get(value)
    if found is None:
        raise Malformed(f"{what} has a value that this version does not know")
    return found  # type: ignore[return-value]  # of the enumeration that was asked for


@cache
def _values(kind: type[IntEnum]) -> dict[int, IntEnum]:
    """The members of an enumeration by value: looking one up takes a third of the time of a call."""
    return {each.value: each for each in kind}


def number(value: IntEnum) -> Any:  # noqa: ANN401  (the generated types ask for a class that does not exist at run time)
    """`value` as a protobuf message takes it."""
    return int(value)


def size(value: bytes, what: str, *sizes: int) -> bytes:
    """`value`, of one of these lengths in bytes."""
    if len(value) not in sizes:
        raise Malformed(f"{what} is {len(value)} bytes long, not {' or '.join(map(str, sizes))}")
    return value


def time(value: int, what: str) -> int:
    """`value`, in Unix seconds, from 1970 to `MAX_TIME`."""
    if not 0 <= value <= MAX_TIME:
        raise Malformed(f"{what} is not a time")
    return value


def at_most(count: int, limit: int, what: str) -> None:
    """Refuses more than `limit` of something."""
    if count > limit:
        raise Malformed(f"{what}: {count}, and at most {limit} are allowed")


def bounded(column: Iterable[bytes], limit: int, what: str) -> None:
    """Refuses a column with an element of more than `limit` bytes."""
    if max(map(len, column), default=0) > limit:
        raise Malformed(f"{what} is longer than {limit} bytes")


def parallel(what: str, *columns: Sequence[object]) -> None:
    """Refuses columns of unequal length."""
    if len(set(map(len, columns))) > 1:
        raise Malformed(f"the columns of {what} have unequal lengths")


class _AsMisuse:
    """A refusal by the checks inside this block is our own fault: `Misuse`. The same for a value that does not fit."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Malformed):
            raise Misuse(str(error), remedy=error.remedy) from error
        if isinstance(error, ValueError | TypeError | OverflowError):
            raise Misuse("a value does not fit its place in the contract") from error


as_misuse: Final = _AsMisuse()


def encode(build: Callable[[], MessageT], check: Callable[[MessageT], object]) -> bytes:
    """Builds a message, applies the reader's own checks to it, and serialises it. Raises `Misuse`."""
    with as_misuse:
        message = build()
        check(message)
        return message.SerializeToString()
