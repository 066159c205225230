"""Sheets: sixty covered tiles at a time, decided by keyboard.

Rules this module upholds:

- A choice of holdings is made once and named in the address; the filters stand beside it, so that a page whose choice
  is forgotten makes it again.
- What is decided is answered when it is durable, and not before.
"""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response

from node.desk.asked import Page
from node.desk.route_table import Route
from node.desk.words import word
from node.domain.rights import Work
from node.domain.sheets import TILES, Decided, Hits, MediaKind
from node.errors import Malformed, NotFound

if TYPE_CHECKING:
    from node.desk.asked import Asked, Form
    from node.desk.ports import Line

COLUMNS: Final = 10
"""Tiles of one row."""
FILTERS: Final = ("case", "kind", "decided", "hits", "member", "category")
DIGITS: Final = 10
"""Keys 0 to 9."""


async def choose(asked: Asked) -> Response:
    """Makes a choice of holdings by the filters, and shows its first sheet."""
    filters = _filters(asked)
    made = await asked.one("sheet-choose", **filters)
    return _to_sheet(asked, made["choice"], asked.number("sheet"), filters)


async def sheet(asked: Asked) -> Page | Response:
    """One sheet of a choice."""
    filters, choice = _filters(asked), asked.part("choice")
    number = asked.number("sheet")
    try:
        tiles, seen = await asked.listed("sheet", choice=choice, sheet=number)
    except NotFound:
        made = await asked.one("sheet-choose", **filters)
        return _to_sheet(asked, made["choice"], min(number, max(made["sheets"] - 1, 0)), filters)
    schemes = await asked.rows("category-schemes")
    scheme = asked.text("scheme") or _name_of(schemes[0]) if schemes else ""
    values = {
        "tiles": [_tile(asked, each) for each in tiles],
        "seen": seen,
        "choice": choice,
        "filters": dict.fromkeys(FILTERS, "") | filters,
        "schemes": schemes,
        "scheme": scheme,
        "keys": _keys(schemes, scheme),
        "kinds": list(MediaKind),
        "states": list(Decided),
        "hit_states": list(Hits),
        "link": lambda to: _address(asked, choice, to, filters),
    }
    return Page("sheets/sheet.html", values)


async def part(asked: Asked) -> Response:
    """One sheet as data, for the script that shows it in the tiles of the page."""
    tiles, seen = await asked.listed("sheet", choice=asked.part("choice"), sheet=asked.number("sheet"))
    return JSONResponse({"tiles": [_tile(asked, each) for each in tiles], **seen})


async def next_undecided(asked: Asked) -> Response:
    """The place of the next holding without a category."""
    after = asked.text("after")
    asked_after = {} if after in {"", "-1"} else {"after": asked.number("after")}
    return JSONResponse(await asked.one("sheet-next", choice=asked.part("choice"), **asked_after))


async def covers(asked: Asked) -> Response:
    """The covered tiles of one sheet, as one picture; no content if the node has none."""
    tiles, _ = await asked.listed("sheet", choice=asked.part("choice"), sheet=asked.number("sheet"))
    if not tiles:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    made = await asked.one(
        "sheet-covered",
        holdings=[each["holding"] for each in tiles],
        places=[each["place"] % TILES for each in tiles],
    )
    if not made["sprite"]:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return Response(base64.b64decode(made["sprite"]), media_type=made["media_type"])


async def decide(asked: Asked) -> Response:
    """Gives holdings a category. The answer comes when it is durable: what each holding says now."""
    form = await asked.form()
    done, _ = await asked.listed(
        "categorise", holdings=_holdings(form), statement={"category": form.text("category")}, clear=False
    )
    return JSONResponse({"said": [_said(each) for each in done]})


async def undo(asked: Asked) -> Response:
    """Takes back versions that an officer made on this sheet, where nobody has said anything since."""
    form = await asked.form()
    holdings, versions = form.numbers("holding"), form.numbers("version")
    if len(holdings) != len(versions):
        raise Malformed("the undo is not complete", remedy="load the page again")
    said = [{"holding": each, "version": version} for each, version in zip(holdings, versions, strict=True)]
    done = await asked.rows("categorise-undo", said=said)
    return JSONResponse({"said": [_said(each) for each in done]})


def _filters(asked: Asked) -> dict[str, str]:
    return {name: asked.text(name) for name in FILTERS if asked.text(name)}


def _to_sheet(asked: Asked, choice: str, number: int, filters: dict[str, str]) -> Response:
    return RedirectResponse(_address(asked, choice, number, filters), HTTPStatus.SEE_OTHER)


def _address(asked: Asked, choice: str, number: int, filters: dict[str, str]) -> str:
    path = asked.request.app.url_path_for("sheet", choice=choice)
    return f"{path}?{urlencode({'sheet': number} | filters)}"


def _tile(asked: Asked, line: Line) -> dict[str, Any]:
    """What a tile shows of a holding."""
    says, language = line["says"], asked.language
    hits = sum(line["hits"].values())
    category = says["category"] if says else None
    return {
        "place": line["place"],
        "at": line["place"] % TILES,
        "holding": line["holding"],
        "kind": line["kind"],
        "kind_text": word(language, line["kind"], "media-kind"),
        "category": _category(category),
        "version": line["version"],
        "officer": line["officer"],
        "hits": hits,
        "hits_text": language.ngettext("%(n)s hit", "%(n)s hits", hits) % {"n": language.number(hits)},
        "new": line["hits"].get("new", 0),
        "confirmed": line["hits"].get("confirmed", 0),
        "level": line["level"],
        "shared": line["record"] is not None,
    }


def _said(line: Line) -> dict[str, Any]:
    says = line["says"]
    return {
        "holding": line["holding"],
        "changed": line["state"] == "changed",
        "version": line["version"],
        "category": _category(says["category"] if says else None),
    }


def _category(category: Line | None) -> str:
    return f"{category['scheme']}:{category['version']}:{category['code']}" if category else ""


def _name_of(scheme: Line) -> str:
    return f"{scheme['scheme']}:{scheme['version']}"


def _keys(schemes: list[Line], name: str) -> list[dict[str, str]]:
    """The digit of each code of a scheme: its own if all codes are digits, otherwise 1, 2 and so on."""
    codes: list[Line] = next((each["codes"] for each in schemes if _name_of(each) == name), [])
    are_digits = all(len(each["code"]) == 1 and each["code"].isdigit() for each in codes)
    return [
        {
            "key": each["code"] if are_digits else str(number),
            "category": f"{name}:{each['code']}",
            "code": each["code"],
            "label": each["label"],
        }
        for number, each in enumerate(codes, 1)
        if number < DIGITS
    ]


def _holdings(form: Form) -> list[str]:
    return [str(number) for number in form.numbers("holding")]


ROUTES: Final = (
    Route(method="GET", path="/sheets", name="sheets", handler=choose, work=Work.INVESTIGATION),
    Route(method="GET", path="/sheets/{choice}", name="sheet", handler=sheet, work=Work.INVESTIGATION),
    Route(method="GET", path="/sheets/{choice}/part", name="sheet-part", handler=part, work=Work.INVESTIGATION),
    Route(
        method="GET", path="/sheets/{choice}/next", name="sheet-next", handler=next_undecided, work=Work.INVESTIGATION
    ),
    Route(method="GET", path="/sheets/{choice}/covers", name="sheet-covers", handler=covers, work=Work.MEDIA),
    Route(method="POST", path="/sheets/decide", name="sheet-decide", handler=decide, work=Work.INVESTIGATION),
    Route(method="POST", path="/sheets/undo", name="sheet-undo", handler=undo, work=Work.INVESTIGATION),
)
