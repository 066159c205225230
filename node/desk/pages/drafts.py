"""Drafts of an officer: saved while typing, shown when the form is opened again, deleted when it was sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from node.desk.route_table import BOTH, Access, Route

if TYPE_CHECKING:
    from node.desk.asked import Asked


async def save(asked: Asked) -> Response:
    """Keeps what is in a field. The answer comes when it is durable."""
    form = await asked.form()
    await asked.one("draft-save", form=form.text("form"), text=form.text("text"))
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def draft_of(asked: Asked, form: str) -> str:
    """What the officer has begun to write into this form, "" for nothing."""
    return str((await asked.one("draft-read", form=form))["text"])


async def drop(asked: Asked, form: str) -> None:
    """The form was sent."""
    await asked.one("draft-save", form=form, text="")


ROUTES: Final = (Route(method="POST", path="/drafts", name="draft", handler=save, work=Access.SIGNED_IN, homes=BOTH),)
