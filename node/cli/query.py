"""`vigil query`: searches this node, then asks the federation.

Rules this module upholds:

- The terms are checked before the files are opened, and the files are read before anything leaves this node.
- `node.cli.asking` asks, and prints what comes.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.asking import all_subjects, ask
from node.cli.common import Command, Session, common
from node.cli.examined import Files, Labels
from node.cli.main import ExitCode
from node.cli.output import Line
from node.cli.question_options import AskedMembersOption, LegalBasisOption, OfficerRoleOption, PurposeOption
from node.cli.search import Algorithm, HashFile, Radius, Rule, RuleOption, ShowAll, Subjects, Workers
from node.cli.subjects import read_asked
from node.errors import Misuse

_ID_HELP: Final = "`vigil queries` lists the ids."


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("query", cls=Command)(query)


def query(
    ctx: typer.Context,
    *,
    asked: Subjects = None,
    case: Annotated[
        str | None,
        typer.Option(
            "--case", help="Our case reference. Without files and hashes: ask about the holdings of this case."
        ),
    ] = None,
    legal_basis: LegalBasisOption = None,
    purpose: PurposeOption = None,
    officer_role: OfficerRoleOption = None,
    to: AskedMembersOption = None,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget", metavar="TIME", parser=options.duration, help="How long to wait for answers. Default: 5s."
        ),
    ] = None,
    rule: RuleOption = Rule.POLICY,
    hashes: HashFile = None,
    algorithm: Algorithm = None,
    show_all: ShowAll = False,
    workers: Workers = None,
    again: Annotated[
        str | None,
        typer.Option(
            "--again",
            metavar="ID",
            parser=options.query_id,
            help=f"Ask this query again: the same subjects and terms. {_ID_HELP}",
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="ID",
            parser=options.query_id,
            help=f"Ask the parts that an interrupted query has not asked yet. {_ID_HELP}",
        ),
    ] = None,
    _radius: Radius = None,
) -> None:
    """Search this node for files or hashes, then ask the federation about them.

    Only signed hashes leave, with case, purpose and legal basis. Every member that is asked keeps these in its audit
    log. A case has defaults for purpose and legal basis (vigil case open), so that --case can be enough.

    Without files and hashes, `--case` asks about every holding of that case, from its stored fingerprints. A large
    question is asked in parts, as fast as the federation's policy allows. Each part has its own id. Answers are shown
    as they arrive; the closing table has one state per member. Exit code 3: at least one member gave neither hit nor
    no-hit, so the answer is incomplete. Later answers: vigil queries ID.
    """
    given = common(ctx)
    files = Files(output=given.output, labels=Labels(kept=True))
    own_terms = {"--case": case, "--legal-basis": legal_basis, "--purpose": purpose, "--officer-role": officer_role}
    show: Line = {"show_all": True} if show_all else {}
    if again or resume:
        _refuse_others(asked, hashes, own_terms, rule)
        if again and resume:
            raise Misuse("--again and --resume exclude each other", remedy="give one of them")
        if resume and (to or budget is not None):
            raise Misuse("--resume continues with the terms of the query", remedy="leave out --to and --budget")
        changed: Line = {} if to is None else {"to": list(to)}
        changed |= {} if budget is None else {"budget": budget}
        command = "query-again" if again else "query-rest"
        with given.session() as session:
            ask(session, command, {"query": again or resume} | changed | show, [], files)
        return
    if case is None:
        raise Misuse("a query needs --case", remedy="give --case: every member that is asked keeps it in its audit log")
    arguments: Line = {
        "case": case,
        "purpose": purpose or "",
        "legal_basis": legal_basis or "",
        "to": list(to or ()),
        "rule": rule.value,
    } | show
    arguments |= {} if budget is None else {"budget": budget}
    arguments |= {} if officer_role is None else {"officer_role": officer_role}
    if not asked and hashes is None:
        with given.session() as session:
            ask(session, "query-case", arguments, [], files)
        return
    told = read_asked(asked or (), hashes, algorithm)
    with given.session() as session:
        _check_terms(session, arguments)
        items = all_subjects(given, told, files, workers)
        if not items:
            given.output.error("nothing is left to ask about", "give at least one readable file, or a hash")
            raise typer.Exit(ExitCode.ERROR)
        ask(session, "query", arguments, items, files)


def _check_terms(session: Session, arguments: Line) -> None:
    """Raises what the node says against the terms, before files are opened: that may take hours."""
    for _ in session.run("case-terms", {name: arguments[name] for name in ("case", "purpose", "legal_basis")}):
        pass


def _refuse_others(asked: object, hashes: object, own_terms: dict[str, str | None], rule: Rule) -> None:
    """Raises `Misuse` for options that an earlier query already has."""
    named = [name for name, value in own_terms.items() if value is not None]
    named += ["files or hashes"] if asked or hashes else []
    named += ["--rule"] if rule is not Rule.POLICY else []
    if named:
        raise Misuse(
            f"{', '.join(named)} cannot be given together with --again or --resume",
            remedy="leave it out: the terms and subjects of the earlier query are used. Or ask a new query",
        )
