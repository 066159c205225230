"""The passphrase of a home's keys, for `vigil node` and `vigil hub`, and where a new passphrase comes from.

Rules this module upholds:

- A new passphrase comes from a file, a variable or the terminal, never from the command line.
- The former and the new passphrase never share an option or a variable.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli.common import NEW_PASSPHRASE_VARIABLE, Command, Passphrase, common, given_environment
from node.cli.output import Line, plain
from node.cli.words import count

NEW_FILE_VARIABLE: Final = "VIGIL_NEW_PASSPHRASE_FILE"
NewPassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--new-passphrase-file",
        metavar="FILE",
        help=f"A file whose first line is the new passphrase. Default: {NEW_FILE_VARIABLE}, "
        f"{NEW_PASSPHRASE_VARIABLE}, otherwise the terminal is asked.",
    ),
]


def new_passphrase(file: Path | None, what: str) -> Passphrase:
    """The source of the new passphrase."""
    given = given_environment()
    known = {
        "VIGIL_PASSPHRASE": given.get(NEW_PASSPHRASE_VARIABLE, ""),
        "VIGIL_PASSPHRASE_FILE": given.get(NEW_FILE_VARIABLE, ""),
    }
    return Passphrase(
        file=file, what=what, environment={name: value for name, value in known.items() if value}, new=True
    )


def add_passphrase(group: typer.Typer, what: str) -> None:
    """Adds `passphrase` to the group of a home's commands. `what`: whose keys they are."""

    @group.command("passphrase", cls=Command)
    def passphrase(ctx: typer.Context, new_passphrase_file: NewPassphraseOption = None) -> None:
        """Change the passphrase of this home's keys. Stop the daemon first; the keys themselves stay the same.

        Also change it in the place where the daemon's start reads it. Backups of the keys folder keep the former
        passphrase.
        """
        from node import app

        given = common(ctx)
        fresh = new_passphrase(new_passphrase_file, f"the new passphrase of {what}")
        former = Passphrase(file=given.passphrase.file, what=what)
        given.output.line(app.change_passphrase(given.home, former, fresh, given.officer), changed_words)


def changed_words(line: Line) -> str:
    """What was wrapped again."""
    files = count(len(line["keys"]), "key file")
    words = f"Done: the new passphrase opens {files}: {', '.join(map(plain, line['keys']))}."
    if line["missing"]:
        words += (
            f"\nNot found, and still under the former passphrase: {', '.join(map(plain, line['missing']))}. Connect "
            f"the removable disks, and run the same command with --key-folder DIR for each."
        )
    return words
