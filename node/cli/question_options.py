"""The options of what is asked of other members. `vigil query` and `vigil watch` use them.

Rules this module upholds:

- Members see the terms of what is asked. The node has the defaults: those of the case.
"""

from __future__ import annotations

from typing import Annotated

import typer

from node.cli import options
from node.domain.handling import PURPOSES

AskedMembersOption = Annotated[
    options.Members | None,
    typer.Option(
        "--to",
        metavar="FR,JP|@GROUP",
        parser=options.recipients,
        help="Ask only these members, or the present members of a group. Default: all.",
    ),
]
PurposeOption = Annotated[
    str | None, typer.Option("--purpose", help=f"What it is for. Default: that of the case, else {PURPOSES[0]}.")
]
LegalBasisOption = Annotated[
    str | None, typer.Option("--legal-basis", help="The law that permits it. Default: that of the case.")
]
OfficerRoleOption = Annotated[
    str | None,
    typer.Option(
        "--officer-role",
        help="The role of the officer who asks, as the asked members see it. Default: your role here, and "
        "unit for an administrator.",
    ),
]
