"""Signing in and out, a factor once more, and the language.

Rules this module upholds:

- The daemon decides about every factor. The desk hands it what the browser showed.
- The texts are the same whether the name, the password or the code was wrong.
- After the sign-in a browser goes to a page of this desk, and to no other address.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response

from node.desk import cookies
from node.desk.asked import Page
from node.desk.languages import LANGUAGES
from node.desk.route_table import BOTH, Access, Route

if TYPE_CHECKING:
    from node.desk.asked import Asked


def own_page(text: str) -> str:
    """`text` if it is the path of a page of this desk, otherwise the first page."""
    is_own = text.startswith("/") and not text.startswith(("//", "/\\", "/sign-in", "/factor"))
    return text if is_own and text.isprintable() and "\\" not in text else "/"


async def sign_in(asked: Asked) -> Page:
    """The page on which an officer signs in."""
    return Page("signing_in/sign_in.html", {"next": own_page(asked.text("next"))})


async def sign_in_by_code(asked: Asked) -> Response:
    """A one-time code of the administrator."""
    form = await asked.form()
    made = await asked.one("sign-in-code", code=form.text("code").strip())
    return _signed_in(made["token"], form.text("next"))


async def signed_in(asked: Asked) -> Page:  # noqa: ARG001 (a handler)
    """What a tab shows that was opened to sign in again."""
    return Page("signing_in/signed_in.html")


async def factor(asked: Asked) -> Page:
    """The page on which an officer shows a factor again."""
    return Page("signing_in/factor.html", {"next": own_page(asked.text("next"))})


async def factor_by_code(asked: Asked) -> Response:
    """A one-time code of the administrator, as a factor within the session."""
    form = await asked.form()
    await asked.one("factor-code", code=form.text("code").strip())
    return RedirectResponse(own_page(form.text("next")), HTTPStatus.SEE_OTHER)


async def sign_out(asked: Asked) -> Response:
    """Ends the session, at the daemon and in the browser."""
    await asked.one("desk-sign-out")
    response = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    cookies.end_session(response)
    return response


async def language(asked: Asked) -> Response:
    """Keeps the language that was chosen."""
    form = await asked.form()
    response = RedirectResponse(own_page(form.text("next")), HTTPStatus.SEE_OTHER)
    if form.text("language") in LANGUAGES:
        cookies.choose_language(response, form.text("language"))
    return response


def _signed_in(token: str, then: str) -> Response:
    # A redirect that follows a form of our own page: the cookie is sent with it, though it is SameSite=Strict.
    response = RedirectResponse(own_page(then), HTTPStatus.SEE_OTHER)
    cookies.open_session(response, bytes.fromhex(token))
    return response


ROUTES: Final = (
    Route(method="GET", path="/sign-in", name="sign-in", handler=sign_in, work=Access.PUBLIC, homes=BOTH, quiet=True),
    Route(
        method="POST",
        path="/sign-in/code",
        name="sign-in-code",
        handler=sign_in_by_code,
        work=Access.PUBLIC,
        homes=BOTH,
        quiet=True,
    ),
    Route(
        method="GET",
        path="/signed-in",
        name="signed-in",
        handler=signed_in,
        work=Access.SIGNED_IN,
        homes=BOTH,
        quiet=True,
    ),
    Route(method="GET", path="/factor", name="factor", handler=factor, work=Access.SIGNED_IN, homes=BOTH),
    Route(
        method="POST",
        path="/factor/code",
        name="factor-code",
        handler=factor_by_code,
        work=Access.SIGNED_IN,
        homes=BOTH,
    ),
    Route(method="POST", path="/sign-out", name="sign-out", handler=sign_out, work=Access.SIGNED_IN, homes=BOTH),
    Route(
        method="POST", path="/language", name="language", handler=language, work=Access.PUBLIC, homes=BOTH, quiet=True
    ),
)
