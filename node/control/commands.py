"""All commands of a node or a hub by name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final

from node.domain.caller import NOBODY
from node.domain.rights import Work, require
from node.errors import Misuse
from node.usecases.acting import steps_for

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from node.control.runner import Line
    from node.domain.caller import Caller

    Command = Callable[[Line, AsyncIterator[Line]], AsyncGenerator[Line, None]]


INVESTIGATION: Final = frozenset({
    "alerts", "alerts-seen", "watch-add", "watch-case", "watch-local", "watch-list", "watch-remove", "watch-show",
    "addresses-add", "addresses-check", "addresses-dispute", "addresses-due", "addresses-export", "addresses-forget",
    "addresses-list", "addresses-submit", "addresses-withdraw",
    "case-assign", "case-change", "case-close", "case-dormant", "case-note", "case-notes", "case-open", "case-reopen",
    "case-report", "case-report-check", "case-show", "case-terms", "case-timeline", "case-version", "cases",
    "cases-closed",
    "entities", "entity", "entity-add", "entity-change", "entity-link", "entity-merge", "entity-note", "entity-split",
    "entity-unlink",
    "bundle-have", "evidence", "export-bundle", "export-list",
    "group-accept", "group-close", "group-decline", "group-found", "group-invite", "group-leave", "group-remove",
    "group-share", "group-show", "groups",
    "held-list", "held-refuse", "held-release", "held-show",
    "hit-show", "hits-list", "mute-list", "review",
    "consult-add", "consult-case", "consult-close", "consult-leave", "consult-list", "consult-mark-read",
    "consult-open", "consult-remove", "consult-reopen", "consult-reply", "consult-retract", "consult-share",
    "consult-show",
    "categorise", "categorise-undo", "category-schemes",
    "holding", "holdings", "set-level",
    "sheet", "sheet-choose", "sheet-next",
    "news",
    "ingest", "ingest-known", "ingest-salt",
    "link", "link-revise", "links", "links-mine",
    "list-change", "list-hits", "list-import", "list-list", "list-show",
    "match", "match-case",
    "media-views", "reveal", "revealed", "sheet-covered",
    "queries", "query", "query-again", "query-case", "query-cost",
    "query-rest",
    "comment", "contribute", "contribute-list", "correct", "opine", "records", "retract", "roster-show",
    "notice-amend", "notice-list", "notice-request", "notice-show", "notice-withdraw",
    "status",
})  # fmt: skip
"""Commands of an investigation. Some of them are of a narrower kind (`work_of`). A command in no list is refused."""
ADMINISTRATION: Final = frozenset({
    "acknowledge", "allow-clear", "allow-count", "allow-import", "allow-list", "allow-remove", "backup",
    "case-purge", "delete",
    "desk-invite", "desk-revoke", "desk-sessions",
    "entity-delete", "fsck", "list-remove", "list-replace", "mute", "mute-lift",
    "officer-add", "officer-disable", "officer-enable", "officers", "read-audit", "read-bundle", "rekey",
    "rekey-cancel", "rekeying",
})  # fmt: skip
"""Commands that change or copy the whole node, or show data about other people."""
OPERATION: Final = frozenset({
    "admit", "invite", "log-key", "members", "notices", "notices-publish", "notices-refuse", "notices-withdraw",
    "refuse", "requests", "suspend", "unsuspend",
})  # fmt: skip
"""Commands of a hub about its members."""
SIGN_IN: Final = frozenset({
    "desk-session", "desk-sign-out", "draft-read", "draft-save", "factor-code", "sign-in-code",
})  # fmt: skip
"""Commands of the desk for an officer's own session and drafts."""
OVERVIEW: Final = frozenset({"status"})
MEDIA: Final = frozenset({"media-views", "reveal", "revealed", "sheet-covered"})
"""Commands of an investigation that show previews."""
RELEASE: Final = frozenset({
    "addresses-export", "addresses-submit", "addresses-withdraw", "contribute", "contribute-list", "correct",
    "evidence", "export-bundle", "export-list", "group-share", "notice-amend", "notice-request",
    "notice-withdraw", "retract",
})  # fmt: skip
"""Commands of an investigation that give something to other members or programs, or take it back."""
AUDIT: Final = frozenset({"read-audit"})
_WORKS: Final = (
    (SIGN_IN, Work.SIGN_IN),
    (OVERVIEW, Work.OVERVIEW),
    (MEDIA, Work.MEDIA),
    (RELEASE, Work.RELEASE),
    (AUDIT, Work.AUDIT),
    (INVESTIGATION, Work.INVESTIGATION),
    (ADMINISTRATION, Work.ADMINISTRATION),
    (OPERATION, Work.OPERATION),
)
"""The narrower kinds come first."""


def work_of(command: str) -> Work | None:
    """The kind of work of a command; None, which nobody may do, if it is in no list."""
    return next((work for names, work in _WORKS if command in names), None)


class Commands:
    """A `runner.Runner` over the public async generators of some objects: `ingest_known` is `ingest-known`."""

    def __init__(self, commands: dict[str, Command]) -> None:
        self._commands = commands

    @classmethod
    def of(cls, *groups: object) -> Commands:
        """The commands of these objects."""
        return cls(
            {
                name.replace("_", "-"): method
                for group in groups
                for name, method in inspect.getmembers(group, inspect.isasyncgenfunction)
                if not name.startswith("_")
            }
        )

    def names(self) -> frozenset[str]:
        """Of all commands."""
        return frozenset(self._commands)

    def run_as(
        self, who: Caller, command: str, arguments: Line, items: AsyncIterator[Line]
    ) -> AsyncGenerator[Line, None]:
        """As `run`, if `who` may run the command. Raises `Refused` otherwise."""
        if command in self._commands:
            require(who, work_of(command), command)
        return self.run(command, arguments, items, who)

    def run(
        self, command: str, arguments: Line, items: AsyncIterator[Line], who: Caller = NOBODY
    ) -> AsyncGenerator[Line, None]:
        """The command's lines, without a check of rights. Audit entries of the command name `who`. Raises `Misuse`
        for an unknown command.
        """
        found = self._commands.get(command)
        if found is None:
            raise Misuse(
                f"there is no command {command[:40]!r} here",
                remedy="restart the daemon: it is of another version of Vigil than this command",
            )
        return steps_for(who, found(arguments, items))
