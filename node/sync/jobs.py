"""Periodic jobs: APScheduler, with the defaults that silently skip work turned off.

Rules this module upholds:

- A late job runs late; it is never dropped. Missed runs become one; no job runs twice at the same time.
- Jitter spreads jobs that are due at once on every node.
- A job that fails or is missed is reported, and runs again when it is next due. No job is stored on disk: pending work
  is in the store's own tables.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from node.errors import VigilError
from node.sync.attempts import loggable

JITTER: Final = 0.1
"""The share of a job's interval by which each run is shifted at random."""
_log = structlog.get_logger(__name__)


class Jobs:
    """Created and used on the event loop. `troubles`: why a job's last run failed, by name; a job without an entry
    works.
    """

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=UTC,
        )
        self._scheduler.add_listener(self._heard, EVENT_JOB_MISSED | EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES)
        self.troubles: dict[str, str] = {}

    def every(
        self, seconds: float, name: str, action: Callable[[], Awaitable[object]], *, first: float | None = None
    ) -> None:
        """Runs `action` every `seconds`, the first time after `first` seconds (default: one interval)."""
        self._scheduler.add_job(
            self._run,
            "interval",
            args=(name, action),
            id=name,
            seconds=seconds,
            jitter=seconds * JITTER,
            next_run_time=datetime.now(UTC) + timedelta(seconds=seconds if first is None else first),
        )

    def now(self, name: str) -> None:
        """Makes a job due at once; its interval continues from there."""
        self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def start(self) -> None:
        """From here on jobs run."""
        self._scheduler.start()

    def stop(self) -> None:
        """No further job starts. A running one ends with the event loop's tasks. Idempotent."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _run(self, name: str, action: Callable[[], Awaitable[object]]) -> None:
        try:
            await action()
        except VigilError as error:
            if name not in self.troubles:
                _log.warning("job failed", job=name, kind=error.kind, reason=loggable(error))
            self.troubles[name] = f"{error.kind}: {error}"
        except Exception as error:  # noqa: BLE001  (the scheduler would log a traceback, which can name a file)
            self.troubles[name] = type(error).__name__
            _log.error("job broke", job=name, what=type(error).__name__)
        else:
            self.troubles.pop(name, None)

    def _heard(self, event: Any) -> None:  # noqa: ANN401  (APScheduler ships no types)
        """A run that never began, or that the scheduler ended."""
        error = getattr(event, "exception", None)
        what = type(error).__name__ if error is not None else "missed"
        self.troubles[event.job_id] = what
        _log.error("job did not run", job=event.job_id, what=what)
