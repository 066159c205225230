"""The files of the pages, and the reports of browsers about a page that broke the policy.

Rules this module upholds:

- A file is public: it is the same for everybody and says nothing of this home.
- A report is counted and logged by the name of the directive alone: the rest of it is the browser's text.
"""

from __future__ import annotations

import json
import mimetypes
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response

from node.desk.route_table import BOTH, Access, Route

if TYPE_CHECKING:
    from node.desk.asked import Asked

MAX_REPORT: Final = 64 * 1024
_DIRECTIVES: Final = frozenset({
    "default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr",
    "img-src", "connect-src", "form-action", "frame-ancestors", "base-uri", "require-trusted-types-for",
    "trusted-types", "font-src", "media-src", "object-src", "worker-src", "manifest-src", "frame-src",
})  # fmt: skip
_log = structlog.get_logger(__name__)


async def file(asked: Asked) -> Response:
    """One of the desk's own files."""
    name = asked.part("name")
    content = asked.request.app.state.renderer.files.content(asked.part("version"), name)
    if content is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
    return Response(content, media_type=kind or "application/octet-stream")


async def policy_report(asked: Asked) -> Response:
    """A browser says that a page of ours broke its Content-Security-Policy (CSP level 3, section 5)."""
    body = await asked.request.body()
    try:
        named = json.loads(body[:MAX_REPORT]).get("csp-report", {}).get("effective-directive", "")
    except (ValueError, AttributeError):
        named = ""
    _log.warning("a page broke the policy", directive=named if named in _DIRECTIVES else "unknown")
    return Response(status_code=HTTPStatus.NO_CONTENT)


ROUTES: Final = (
    Route(
        method="GET",
        path="/static/{version}/{name:path}",
        name="static",
        handler=file,
        work=Access.PUBLIC,
        homes=BOTH,
        quiet=True,
    ),
    Route(
        method="POST",
        path="/reports/policy",
        name="policy-report",
        handler=policy_report,
        work=Access.PUBLIC,
        homes=BOTH,
        quiet=True,
    ),
)
