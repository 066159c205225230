"""`vigil hub rekey`, `backup` and `restore`: maintenance of a hub.

Rules this module upholds:

- Each command says the next step, and which digits two people compare.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from node.cli.common import common, one
from node.cli.digits import digits
from node.cli.output import Line, plain
from node.cli.words import count, moment


def rekey(
    ctx: typer.Context,
    compromised: Annotated[
        bool,
        typer.Option("--compromised", help="Somebody else may have the present keys: cosign nothing more with them."),
    ] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="Delete new keys that the authority has not signed yet.")
    ] = False,
) -> None:
    """Change the hub's keys: cosigner, online key, CA and TLS key. The present keys sign for the new ones.

    The hub keeps both sets of keys until the authority has signed the new ones: vigil hub requests, vigil authority
    sign, vigil hub admit. Then the hub changes over by itself. No member has to join again.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("rekey", {"compromised": compromised, "drop": drop}))
    given.output.line(line, _rekey_words)


def _rekey_words(line: Line) -> str:
    if line["rekey"] != "waiting":
        return "The new keys are deleted." if line["rekey"] == "dropped" else "No new keys were waiting."
    stopped = "\nNothing is cosigned until the authority has signed." if line["compromised"] else ""
    return (
        "The new keys wait for the authority. Compare the HUB digits with the authority by telephone:\n"
        f"{digits('HUB', line['hub_fingerprint'])}\n"
        f"{digits('HUB before', line['former_fingerprint'])}\n"
        f"Next: {plain(line['next'])}{stopped}"
    )


def backup(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write. It must not exist.", show_default=False)
    ],
) -> None:
    """Write this whole hub to one file, while it runs: settings, wrapped keys, CA, list of members, database.

    This needs free space for twice the size of the database. Only the passphrase of this hub opens the private keys in
    the file: keep the passphrase in another place.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("backup", {"path": str(file.absolute())}))
    given.output.line(line, lambda line: f"{plain(line['path'])}: {count(line['files'], 'file')}, complete.")


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What vigil hub backup wrote.", show_default=False)],
    newest: Annotated[
        bool,
        typer.Option(
            "--newest", help="The authority has signed nothing, and nobody was suspended, since this backup was taken."
        ),
    ] = False,
) -> None:
    """Restore this hub from a backup, in a folder without a hub.

    The members send again what they published after the backup. You must import what the authority signed after the
    backup. The hub serves nobody until you admit the newest bundle (vigil authority bundle, vigil hub admit), or say
    with --newest that there is none. Never run the former hub at the same time.
    """
    from node import app

    given = common(ctx)
    given.output.line(app.restore_hub(given.home, file.absolute(), newest=newest), _restored_words)


def _restored_words(line: Line) -> str:
    suspended = ", ".join(map(plain, line["suspended"])) or "nobody"
    return (
        f"Restored: the hub of {plain(line['federation'])} as it was on {moment(line['taken'])}, "
        f"roster version {line['roster_version']}; suspended then: {suspended}.\n"
        f"Next: {plain(line['next'])}"
    )
