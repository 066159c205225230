"""`vigil hub rekey`, `backup` and `restore`: what keeps a hub alive.

Rules this module upholds:

- What comes next, and what two people compare, is said each time.
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
        typer.Option("--compromised", help="Somebody else may hold the present keys: cosign nothing more with them."),
    ] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="Forget new keys that the authority has not signed for yet.")
    ] = False,
) -> None:
    """Change the hub's keys: cosigner, online key, CA and TLS key. The present keys sign for the new ones.

    The new keys wait beside the present ones until the authority has signed for them: vigil hub requests, vigil
    authority sign, vigil hub admit. Then the hub changes over by itself. No member has to join again.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("rekey", {"compromised": compromised, "drop": drop}))
    given.output.line(line, _rekey_words)


def _rekey_words(line: Line) -> str:
    if line["rekey"] != "waiting":
        return "The new keys are dropped." if line["rekey"] == "dropped" else "No new keys were waiting."
    stopped = "\nNothing is cosigned until the authority has signed." if line["compromised"] else ""
    return (
        "The new keys wait for the authority. Compare the HUB digits with the authority by telephone:\n"
        f"{digits('HUB', line['hub_fingerprint'])}\n"
        f"{digits('HUB before', line['former_fingerprint'])}\n"
        f"Next: {plain(line['next'])}{stopped}"
    )


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; a new one.", show_default=False)],
) -> None:
    """Write everything of this hub to one file, while it runs: settings, wrapped keys, CA, list of members, database.

    It needs room for the database twice. The private keys in it open with the passphrase of this hub alone: keep that
    apart.
    """
    given = common(ctx)
    with given.session() as session:
        line = one(session.run("backup", {"path": str(file.absolute())}))
    given.output.line(line, lambda line: f"{plain(line['path'])}: {count(line['files'], 'file')}, whole.")


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
    """Make this hub again from a backup, in a folder that holds no hub.

    What members published since comes back from them. What the authority signed since does not: the hub serves nobody
    until its newest bundle was admitted (vigil authority bundle, vigil hub admit), unless --newest says that there is
    none. Never run the former hub beside it.
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
