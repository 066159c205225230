"""The cookies of the desk: the session's token, and the language.

Rules this module upholds:

- The token is bound to this host, to TLS and to requests from this desk: `__Host-`, HttpOnly, Secure, SameSite=Strict
  (RFC 6265bis).
- Neither cookie outlives the browser.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

SESSION: Final = "__Host-vigil"
LANGUAGE: Final = "__Host-vigil-language"
TOKEN_BYTES: Final = 32


def session_of(request: Request) -> bytes:
    """The token in the request; b"" if there is none that could be one."""
    text = request.cookies.get(SESSION, "")
    try:
        token = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
    return token if len(token) == TOKEN_BYTES else b""


def language_of(request: Request) -> str:
    """The code of the language that was chosen; "" if none was."""
    return request.cookies.get(LANGUAGE, "")


def open_session(response: Response, token: bytes) -> None:
    """Gives the browser its token."""
    _set(response, SESSION, base64.urlsafe_b64encode(token).rstrip(b"=").decode())


def choose_language(response: Response, code: str) -> None:
    """Keeps the language until the browser is closed."""
    _set(response, LANGUAGE, code)


def end_session(response: Response) -> None:
    """Takes the token away, and everything else that the browser keeps of the desk."""
    response.delete_cookie(SESSION, path="/", secure=True, httponly=True, samesite="strict")
    response.headers["clear-site-data"] = '"cache", "storage"'


def _set(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="strict")
