"""Logging: one JSON object per line on stderr, for the service manager.

Rules this module upholds:

- Nothing sensitive reaches a log: events are fixed texts, values are counts, kinds and names of members. No traceback
  is written, because a traceback can name a file.
- From libraries only warnings and errors are logged, with the logger's name and level. Their texts are not logged,
  because they may contain anything.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

_OURS: Final = "node"
WORTH_TELLING: Final = 100_000
"""Steps of an index build, mostly records. Fewer steps take at most a second or two."""
_log = structlog.get_logger(__name__)


class _Foreign(logging.Formatter):
    """Passes our own records completely, a library's records only with logger and level."""

    def format(self, record: logging.LogRecord) -> str:
        ours = record.name.split(".", 1)[0] == _OURS
        event: EventDict = {
            "event": record.getMessage() if ours else "a library reports",
            "logger": record.name,
            "level": record.levelname.lower(),
        }
        rendered = structlog.processors.JSONRenderer()(None, "", _stamped(None, "", event))
        return rendered if isinstance(rendered, str) else rendered.decode()


class Tenths:
    """Logs the progress of an index build at each tenth. It starts at 0 again with each part."""

    def __init__(self) -> None:
        self._told = 0

    def __call__(self, done: int, total: int) -> None:
        tenth = done * 10 // max(total, 1)
        if total > WORTH_TELLING and tenth != self._told:
            _log.info("making the index", percent=tenth * 10, of=total)
        self._told = tenth


def _stamped(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    return structlog.processors.TimeStamper(fmt="iso", utc=True)(None, "", event)


def configure(level: str) -> None:
    """Sets both structlog and the standard library up. `level` as in vigil.toml."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _stamped,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Foreign())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(number, logging.WARNING))
    logging.getLogger(_OURS).setLevel(number)


def beside_the_output() -> None:
    """For a command that does the work itself: what is logged goes to stderr, because stdout has the command's lines.
    Changes nothing if logging is set up already.
    """
    if not structlog.is_configured():
        structlog.configure(
            processors=[structlog.processors.add_log_level, _stamped, structlog.processors.JSONRenderer()],
            logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        )
