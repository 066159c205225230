"""The stream of news to a browser: server-sent events (HTML, "Server-sent events").

Rules this module upholds:

- Each event has the mark of the daemon as its id. A browser that was away sends the last one, and misses nothing.
- The stream ends when the session ends: each wait is a command of the session.
- A session has few streams; a browser needs one, and its tabs share it.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from node.desk.route_table import Route
from node.domain.rights import Work
from node.errors import Malformed, VigilError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response

    from node.desk.asked import Asked

WAIT_SECONDS: Final = 20
"""After this time without news a comment is sent, so that a cut line is noticed."""
MAX_STREAMS: Final = 4
"""Of one session."""
RETRY_MILLISECONDS: Final = 3_000
_TOO_MANY: Final = 429
_open: Final[Counter[bytes]] = Counter()
"""Streams by session. Event loop only."""


async def live(asked: Asked) -> Response:
    """The stream, from the mark that the browser has seen."""
    since = asked.request.headers.get("last-event-id", "") or asked.text("since")
    if not since:
        since = (await asked.one("news"))["mark"]
    if _open[asked.token] >= MAX_STREAMS:
        raise HTTPException(_TOO_MANY)
    return StreamingResponse(_events(asked, since), media_type="text/event-stream")


async def _events(asked: Asked, since: str) -> AsyncIterator[str]:
    _open[asked.token] += 1
    try:
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        while True:
            try:
                news = await asked.one("news", since=since, wait=WAIT_SECONDS)
            except Malformed:
                news = await asked.one("news")  # a mark of another version of the program
            except VigilError:
                return  # the browser comes again, and is then told why
            if news["hits"] or news["alerts"] or news["answers"]:
                counts = {name: news[name] for name in ("hits", "alerts", "answers")}
                yield f"id: {news['mark']}\nevent: news\ndata: {json.dumps(counts)}\n\n"
            else:
                yield f"id: {news['mark']}\n: nothing new\n\n"
            since = news["mark"]
    finally:
        _open[asked.token] -= 1
        if not _open[asked.token]:
            del _open[asked.token]


ROUTES: Final = (Route(method="GET", path="/live", name="live", handler=live, work=Work.INVESTIGATION, quiet=True),)
