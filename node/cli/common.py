"""The options of every command (--home, --socket, --json, --passphrase-file, --officer), and the session they open.

Rules this module upholds:

- These options may come before or after the command; the later one wins.
- A passphrase comes from a file, a variable or the terminal. It never comes from the command line, which others can
  read.
- The passphrase is asked for only when a key must be opened. While the daemon runs, nobody is asked.
- A socket serves a user without access to the home. --socket names it, or VIGIL_SOCKET if --home is not given.
"""

from __future__ import annotations

import os
import sys
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import typer
from typer.core import TyperCommand, TyperGroup

from node import config
from node.cli import options
from node.cli.output import Line, Output, plain
from node.errors import Misuse, VigilError

SOCKET_VARIABLE: Final = "VIGIL_SOCKET"
PASSPHRASE_VARIABLE: Final = "VIGIL_PASSPHRASE"  # noqa: S105 (a variable's name)
PASSPHRASE_FILE_VARIABLE: Final = "VIGIL_PASSPHRASE_FILE"  # noqa: S105 (a variable's name)
NEW_PASSPHRASE_VARIABLE: Final = "VIGIL_NEW_PASSPHRASE"  # noqa: S105 (a variable's name)
SECRET_VARIABLES: Final = (PASSPHRASE_VARIABLE, NEW_PASSPHRASE_VARIABLE)
SECRETS: Final[dict[str, str]] = {}
"""The values of these variables. They are removed from the environment when the process starts (`app.guarding`)."""
_META: Final = "vigil."
_ANY_HOME: Final = frozenset({"audit", "verify", "authority", "fingerprint", "demo", "exercise", "bench", "desk"})
"""Commands that work on any home, or need none. `vigil hub` needs a hub's home, every other command a node's."""


class Session(Protocol):
    """`app.Session`: runs a command in the daemon, or here under the same lock if no daemon runs."""

    def run(self, command: str, arguments: Line, items: Iterable[Line] = ()) -> Iterator[Line]: ...


def given_environment() -> Mapping[str, str]:
    """The environment of this process at its start."""
    return ChainMap(SECRETS, os.environ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passphrase:
    """The source of the passphrase of a folder's keys. A call fetches it; `what` says whose passphrase it is."""

    file: Path | None = None
    what: str = "the keys of this folder"
    environment: Mapping[str, str] = field(default_factory=given_environment)
    new: bool = False

    def __call__(self) -> str:
        """The passphrase. Raises `Misuse` if there is none and no terminal to ask at."""
        file = self.file or _path(self.environment.get(PASSPHRASE_FILE_VARIABLE))
        if file is not None:
            return _first_line(file)
        if given := self.environment.get(PASSPHRASE_VARIABLE):
            return given
        if not sys.stdin.isatty():
            raise Misuse(
                f"no passphrase for {self.what}, and no terminal to ask at",
                remedy=f"give --passphrase-file, or set {PASSPHRASE_FILE_VARIABLE} or {PASSPHRASE_VARIABLE}",
            )
        return str(
            typer.prompt(f"Passphrase for {plain(self.what)}", hide_input=True, confirmation_prompt=self.new, err=True)
        )


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _first_line(file: Path) -> str:
    try:
        found = file.read_text("utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError):
        raise Misuse(
            "the passphrase file cannot be read", remedy="check --passphrase-file and who may read it"
        ) from None
    if not found:
        raise Misuse("the passphrase file is empty", remedy="write the passphrase into its first line")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What a command was given in addition to its own options."""

    home: config.Home
    output: Output
    passphrase: Passphrase
    officer: str = ""
    socket: Path | None = None

    def new_passphrase(self, what: str) -> Passphrase:
        """Like `passphrase`, for new keys: a terminal is asked twice."""
        return replace(self.passphrase, what=what, new=True)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """The session over this home: see `app.session`. A progress bar is shown if the index must be built first."""
        from node import app

        with ExitStack() as opened:
            with self.output.steps("opening the search index") as told:
                session = opened.enter_context(app.session(self.home, self.passphrase, told, self.officer, self.socket))
            yield session


def one(lines: Iterable[Line]) -> Line:
    """The line of a command that gives exactly one line. Reads to the end of the stream, so that the command can
    finish.
    """
    found = list(lines)
    if len(found) != 1:
        raise VigilError(f"the daemon sent {len(found)} result lines instead of one", remedy="restart the daemon")
    return found[0]


def common(ctx: typer.Context) -> Common:
    """The common options of the command that is running."""
    home, socket = ctx.meta.get(_META + "home"), ctx.meta.get(_META + "socket")
    if socket is None and home is None:
        socket = _path(os.environ.get(SOCKET_VARIABLE))
    return Common(
        socket=socket.expanduser().absolute() if socket is not None else None,
        home=config.find_home(home, os.environ, _role(ctx)),
        output=Output(json=bool(ctx.meta.get(_META + "json"))),
        passphrase=Passphrase(file=ctx.meta.get(_META + "passphrase_file")),
        officer=ctx.meta.get(_META + "officer") or options.usual_officer(os.environ),
    )


def _role(ctx: typer.Context) -> str:
    """Which home a command is for: a hub's, a node's, or "" for both."""
    command = ctx.find_root().invoked_subcommand
    return "" if command in _ANY_HOME else "hub" if command == "hub" else "node"


def _keep(ctx: typer.Context, param: typer.CallbackParam, value: Any) -> Any:  # noqa: ANN401 (whatever the option holds)
    if value not in (None, False):
        ctx.meta[_META + str(param.name)] = value
    return value


def _options(
    home: Annotated[
        Path | None,
        typer.Option(
            "--home",
            metavar="DIR",
            callback=_keep,
            help="The folder of this node or hub. Default: VIGIL_HOME, else ~/.vigil.",
            rich_help_panel="Options of every command",
        ),
    ] = None,
    socket: Annotated[
        Path | None,
        typer.Option(
            "--socket",
            metavar="FILE",
            callback=_keep,
            help="The socket of a running node, for users without access to its folder. Default: VIGIL_SOCKET, if "
            "--home is not given.",
            rich_help_panel="Options of every command",
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            callback=_keep,
            help="Print one JSON object per line on stdout; messages for people go to stderr.",
            rich_help_panel="Options of every command",
        ),
    ] = False,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            "--passphrase-file",
            metavar="FILE",
            callback=_keep,
            help="A file whose first line is the passphrase of the keys. Default: VIGIL_PASSPHRASE_FILE, "
            "VIGIL_PASSPHRASE, else the terminal is asked.",
            rich_help_panel="Options of every command",
        ),
    ] = None,
    officer: Annotated[
        str | None,
        typer.Option(
            "--officer",
            metavar="NAME",
            parser=options.officer,
            callback=_keep,
            help="Work for this registered officer; only the owner of the home may. Default: VIGIL_OFFICER, else the "
            "officer of your Unix account.",
            rich_help_panel="Options of every command",
        ),
    ] = None,
) -> None:
    """Holds the declarations; see `common_parameters`."""


def common_parameters() -> list[Any]:
    """These options as parameters of any command. Their values are kept in the context (see `common`)."""
    carrier = typer.Typer(add_completion=False)
    carrier.command()(_options)
    parameters = typer.main.get_command(carrier).params
    for parameter in parameters:
        parameter.expose_value = False
    return list(parameters)


class Command(TyperCommand):
    """A command with the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (as TyperCommand)
        super().__init__(*args, **kwargs)
        self.params += common_parameters()

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 (as TyperCommand)
        """Runs the command. If it has no summary of its own, Ctrl-C prints a line too."""
        from node.cli.main import ExitCode

        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            Output(json=bool(ctx.meta.get(_META + "json"))).line({"interrupted": True})
            raise typer.Exit(ExitCode.INTERRUPTED) from None


class Group(TyperGroup):
    """A group of commands in the order of their definition."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 (as TyperGroup)
        return list(self.commands)


class ListingGroup(Group):
    """A group that is a command too: without one of its commands it lists. It has the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (as TyperGroup)
        super().__init__(*args, **kwargs)
        self.params += common_parameters()


def new_listing_group() -> typer.Typer:
    """Such a group; its callback is the listing."""
    return typer.Typer(cls=ListingGroup, invoke_without_command=True, add_completion=False, rich_markup_mode="markdown")


def new_group(help_text: str) -> typer.Typer:
    """A group, for example `vigil hub`; its commands are defined with `cls=Command`."""
    return typer.Typer(
        help=help_text, cls=Group, no_args_is_help=True, add_completion=False, rich_markup_mode="markdown"
    )
