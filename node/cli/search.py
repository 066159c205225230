"""`vigil match`: searches this node. Also the parts that `vigil query` shares with it.

Rules this module upholds:

- One line per hit, as soon as it is known; then one summary.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, common
from node.cli.examined import Files, files_words
from node.cli.interruption import Interruption
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.search_words import aside_words, grouped_words, hit_words, same_name_words, subject_name
from node.cli.subjects import count_subjects, read_asked, subjects
from node.cli.words import count, kind_words, speaker
from node.domain.fingerprint_kinds import FingerprintKind
from node.errors import Misuse

FROM_HOLDINGS: Final = (
    "Stored fingerprints were used. They find turned and mirrored copies, but do not look inside plain borders. To "
    "look there too, give the files."
)


class Rule(StrEnum):
    """Which distance counts as a match."""

    POLICY = "policy"
    EXACT = "exact"


Subjects = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH|ALGORITHM:HEX",
        help="Pictures, videos, folders, or hashes. 64 digits without an algorithm are a PDQ. "
        "For a file with such a name write ./NAME.",
        show_default=False,
    ),
]
RuleOption = Annotated[
    Rule, typer.Option("--rule", help="policy: the federation's radius; exact: only equal digests and distance 0.")
]
HashFile = Annotated[
    Path | None,
    typer.Option(
        "--hashes",
        metavar="FILE",
        parser=options.path,
        help="A list of more hashes: from md5sum, sha1sum, sha256sum or hashdeep, CSV with a header, or one "
        "ALGORITHM:HEX per line.",
    ),
]
Algorithm = Annotated[
    FingerprintKind | None,
    typer.Option(
        "--algorithm",
        metavar="NAME",
        parser=options.algorithm,
        help="The kind of bare hashes, if the list does not say it: md5, sha1, sha256, pdq or phash.",
    ),
]
ShowAll = Annotated[
    bool,
    typer.Option(
        "--show-all", help="Also show what the allow-list hides (vigil allow), and hits of muted or suspended members."
    ),
]


def _no_radius(value: str | None) -> None:
    """Explains why this option does not exist."""
    if value is not None:
        raise Misuse(
            "the federation's policy sets the radius, the same for every member; you cannot choose another",
            remedy="leave out --radius; --rule exact matches only equal digests and distance 0",
        )


Radius = Annotated[str | None, typer.Option("--radius", hidden=True, callback=_no_radius)]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, max=1024, help="Number of decoding processes. Default: one per processor."),
]


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("match", cls=Command)(match)


def match(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    asked: Subjects = None,
    rule: RuleOption = Rule.POLICY,
    case: Annotated[
        str,
        typer.Option("--case", help="Our case reference. Without files and hashes: look up this case."),
    ] = "",
    of_list: Annotated[
        str, typer.Option("--list", metavar="NAME", help="With --case: the case of this list, not one of this node.")
    ] = "",
    hashes: HashFile = None,
    algorithm: Algorithm = None,
    show_all: ShowAll = False,
    workers: Workers = None,
    _radius: Radius = None,
) -> None:
    """Search this node for files or hashes: in our holdings and in every member's records.

    Without files and hashes, `--case` looks up every holding of that case, from its stored fingerprints; of a case that
    came with a list, every row. Pictures and videos are searched in all eight orientations, with and without plain
    borders; bare hashes without change. A picture is also compared with the frames of videos, and a video with
    pictures. Hits are shown as they are found. Nothing leaves this machine. A hit is a lead that a person checks. It is
    never a verdict.
    """
    given = common(ctx)
    files = Files(output=given.output)
    arguments: Line = {"rule": rule.value, "case": case} | ({"show_all": True} if show_all else {})
    words = HitWords()
    whole_case = bool(case) and not asked and hashes is None
    if of_list and not whole_case:
        raise Misuse("--list goes with --case alone", remedy="a search looks at all lists; --list names whose case")
    if whole_case:
        arguments |= {"list": of_list} if of_list else {}
        with given.session() as session:
            for line in session.run("match-case", arguments):
                given.output.line(line, _searched_words if "searched" in line else words)
        return
    told = read_asked(asked or (), hashes, algorithm)
    with (
        given.session() as session,
        given.output.progress("matching", lambda: count_subjects(told)) as advance,
        Interruption(given.output, _INTERRUPTED) as interruption,
    ):
        items = interruption.until(subjects(told, files, workers, advance))
        for line in session.run("match", arguments, items):
            if "searched" not in line:
                given.output.line(files.labels.told(line), words)
                continue
            summary = line | files.line() | ({"interrupted": True} if interruption.asked else {})
            given.output.line(summary, _searched_words)
    if interruption.asked:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if files.failed:
        raise typer.Exit(ExitCode.ERROR)


_INTERRUPTED: Final = "finishing the search of what was already sent (press Ctrl-C again to stop now)"


class HitWords:
    """A hit, with its subject above it if the subject changed; in a query with the member that found it.

    Subject and hit are printed together, so that no other line comes between them.
    """

    def __init__(self) -> None:
        self._label: str | None = None

    def __call__(self, hit: Line) -> str | None:
        if not hit.get("leads", True):
            return None  # the first of the similar hits has shown their number
        where = hit.get("where")
        says = {None: "", "here": ", found here"}.get(where, f", found by {where}")
        label = subject_name(hit) + plain(says)
        words = hit_words(hit)
        if label == self._label:
            return words
        self._label = label
        return f"{label}\n{words}"

    def interrupt(self) -> None:
        """Another line was printed: the next hit prints its subject again."""
        self._label = None


def _searched_words(summary: Line) -> str:
    searched = [f"{speaker(origin)} {number:,}" for origin, number in sorted(summary["searched"].items())]
    words = [f"{count(summary['hits'], 'hit')}. Searched: {', '.join(searched) or 'nothing yet'}."]
    words += [f"Interrupted after {count(summary['subjects'], 'subject')}."] if summary.get("interrupted") else []
    words += [hidden] if (hidden := hidden_words(summary)) else []
    words += [*grouped_words(summary), *aside_words(summary)]
    if left := summary.get("not_compared"):
        kinds = ", ".join(f"{kind_words(kind)} of {count(number, 'subject')}" for kind, number in left.items())
        words.append(f"Not compared, because the picture is plain or its quality is too low: {kinds}.")
    if summary.get("holdings"):
        words.append(f"{count(summary['holdings'], 'holding')} looked up. {FROM_HOLDINGS}")
    if summary.get("references"):
        words.append(f"{count(summary['references'], 'row')} of the list {plain(summary['list'])} looked up.")
    elif summary.get("holdings"):
        words += same_name_words(summary)
    if summary.get("files"):
        words.append(f"{files_words(summary)}.")
    if summary.get("files_per_second"):
        pace = f"{summary['seconds']:.1f} s, {summary['files_per_second']:.1f} a second"
        share = f"the search took {summary['search_share']:.1%} of the time"
        words.append(f"All of it in {pace}; {share}.")
    return "\n".join(words)


def hidden_words(summary: Line) -> str:
    """The number of hits that the allow-list has hidden; "" if none."""
    hidden = summary.get("hidden")
    return f"{count(hidden, 'hit')} hidden: known to be harmless. To see them: --show-all" if hidden else ""
