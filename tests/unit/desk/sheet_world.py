"""A daemon with 100,000 holdings of which only the decisions are kept, for the desk's sheets."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Iterable

from node.desk.ports import Line
from node.domain.sheets import TILES
from node.errors import Misuse, NotFound
from tests.unit.desk.desk_daemon import DeskDaemon

HELD = 100_000
LABELS = ("uncategorized", "illegal", "not illegal, or age difficult to tell", "CGI", "comparison", "non-pertinent")
CHOICE = "abcdabcdabcdabcd"
DOT = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001"
        "f61738550000000049454e44ae426082"
    )
).decode()
"""A picture of one pixel (PNG)."""


def says(code: str | None) -> Line | None:
    """A statement with this category."""
    return {"category": {"scheme": "us-vics", "version": "2.0", "code": code}} if code else None


class SheetWorld(DeskDaemon):
    """`said`: the code and the version of each decided holding. `may_store`: a decision waits until
    it is set; `broken`: the next decisions fail.
    """

    def __init__(self, held: int = HELD) -> None:
        super().__init__()
        self.held = held
        self.said: dict[int, tuple[str | None, int]] = {}
        self.may_store = threading.Event()
        self.may_store.set()
        self.broken = False

    async def call(
        self, command: str, arguments: Line, token: bytes = b"", items: Iterable[Line] = ()
    ) -> AsyncIterator[Line]:
        known = {
            "sheet-choose": self._choose,
            "sheet": self._sheet,
            "sheet-next": self._next,
            "sheet-covered": self._covered,
            "category-schemes": self._schemes,
            "categorise": self._categorise,
            "categorise-undo": self._undo,
        }.get(command)
        if known is None:
            async for line in super().call(command, arguments, token, items):
                yield line
            return
        self.asked.append((command, arguments, token))
        if command == "categorise":
            await asyncio.to_thread(self.may_store.wait, 30)
            if self.broken:
                raise Misuse("the disk is full")
        for line in known(arguments):
            yield line

    @property
    def sheets(self) -> int:
        """How many there are."""
        return -(-self.held // TILES)

    def _choose(self, _arguments: Line) -> list[Line]:
        return [{"choice": CHOICE, "total": self.held, "sheets": self.sheets}]

    def _sheet(self, arguments: Line) -> list[Line]:
        if arguments["choice"] != CHOICE:
            raise NotFound("this choice of holdings is not remembered any more", remedy="choose the holdings again")
        number = arguments["sheet"]
        places = range(number * TILES, min(self.held, (number + 1) * TILES))
        seen = {"choice": CHOICE, "sheet": number, "sheets": self.sheets, "total": self.held, "deleted": []}
        return [*(self._tile(place) for place in places), seen]

    def _tile(self, place: int) -> Line:
        code, version = self.said.get(place + 1, (None, 0))
        return {
            "place": place,
            "holding": place + 1,
            "kind": "picture" if place % 7 else "video",
            "media_type": "image/jpeg",
            "size": 1_000,
            "level": "national",
            "added_at": 1_700_000_000,
            "cases": ["A"],
            "record": None,
            "says": says(code),
            "version": version,
            "officer": None,
            "hits": {"new": place % 3} if place % 11 == 0 and place % 3 else {},
        }

    def _next(self, arguments: Line) -> list[Line]:
        after = arguments.get("after", -1)
        places = [*range(after + 1, self.held), *range(min(after + 1, self.held))]
        return [{"place": next((each for each in places if not self.said.get(each + 1, (None, 0))[0]), None)}]

    def _covered(self, _arguments: Line) -> list[Line]:
        return [{"sprite": DOT, "media_type": "image/png", "columns": 10, "tile": 32, "missing": []}]

    def _schemes(self, _arguments: Line) -> list[Line]:
        codes = [{"code": str(number), "label": label} for number, label in enumerate(LABELS)]
        return [{"scheme": "us-vics", "version": "2.0", "codes": codes}]

    def _categorise(self, arguments: Line) -> list[Line]:
        code = arguments["statement"]["category"].rpartition(":")[2]
        return [
            *(self._say(int(each), code) for each in arguments["holdings"]),
            {"changed": len(arguments["holdings"])},
        ]

    def _say(self, holding: int, code: str | None) -> Line:
        version = self.said.get(holding, (None, 0))[1] + 1
        self.said[holding] = (code, version)
        return {"holding": holding, "state": "changed", "version": version, "says": says(code)}

    def _undo(self, arguments: Line) -> list[Line]:
        done = []
        for each in arguments["said"]:
            code, version = self.said.get(each["holding"], (None, 0))
            if version == each["version"]:
                done.append(self._say(each["holding"], None))
            else:
                unchanged = {"holding": each["holding"], "state": "unchanged", "version": version, "says": says(code)}
                done.append(unchanged)
        return done
