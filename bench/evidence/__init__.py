"""Whether anything in a file is passed over in silence: a corpus of kinds, damages and nestings, and what is found.

Rules this package upholds:

- The corpus is made here (`corpus`), of originals that are known again by their hashes (`originals`): photographs in
  the folder that VIGIL_PHOTOS names, or rendered pictures. The same seed gives the same files.
- What counts is what other programs show (`shown`), and they are asked about the same bytes. `evidence.found` is the
  share of those originals that Vigil finds or names; `evidence.silent` counts those that nothing was said of. Of the
  originals that no other program shows, those that nothing was said of are counted apart (`evidence.silent-unshown`):
  zeros among uncompressed pixels are pixels, and nobody can tell.
- A file that cannot be made here, because its writer is not installed, is counted and named, with the package that
  writes it (`evidence.left-out`).
- Each case that was not found says its kind, damage and nesting, so that it can be made again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

# Encoders that print what they do are told not to before they are loaded.
os.environ.setdefault("SVT_LOG", "0")

from bench.evidence import speed
from bench.evidence.case import ALONE, SOUND, Case
from bench.evidence.corpus import Corpus, Specification, sample
from bench.evidence.originals import Originals
from bench.evidence.outcomes import Judged, Outcome, judged

if TYPE_CHECKING:
    from rich.console import Group

BOUND: Final = 0.97
"""The share of the originals that others show that has to be found or named."""

WRITERS: Final = ("py7zr",)
"""Packages that write files of the corpus and are not installed with Vigil."""
_MOST_SHOWN: Final = 5

Line = dict[str, Any]


def run(records: int | None = None) -> Iterator[Line]:
    """A line for each original that was not found, as it is judged; then the figures, over about `records` files (all
    of the corpus unless said).
    """
    corpus = Corpus(Originals.made(), sample(records))
    done: list[Judged] = []
    for each in judged(_with_family(corpus)):
        done.append(each)
        if each.outcome is not Outcome.FOUND:
            yield _missed(each)
    yield from figures(done, corpus)
    if records is None:
        yield from map(dict, speed.run())


def _with_family(corpus: Corpus) -> Iterator[tuple[str, Case]]:
    return ((each.family, case) for each, case in corpus)


def figures(done: Sequence[Judged], corpus: Corpus) -> Iterator[Line]:
    """The figures over all originals in all files."""
    shown = [each for each in done if each.shown]
    found = [each for each in shown if each.outcome is Outcome.FOUND]
    named = [each for each in shown if each.outcome is Outcome.NAMED]
    silent = Counter(each.shown for each in done if each.outcome is Outcome.SILENT)
    photographs = "VIGIL_PHOTOS" in os.environ
    yield _line(
        "evidence.files",
        len(corpus.made),
        "files",
        "their originals: " + ("photographs" if photographs else "rendered"),
    )
    yield _line("evidence.left-out", len(corpus.left_out), "files that cannot be made here", _left_out(corpus))
    yield _line("evidence.shown", len(shown), f"of {len(done)} originals", "shown by another program")
    share = (len(found) + len(named)) / max(len(shown), 1)
    yield _line("evidence.found", share, "share of shown originals", "found or named; the bound", BOUND)
    yield _line("evidence.found-only", len(found) / max(len(shown), 1), "share of shown originals", "found")
    yield _line("evidence.silent", silent[True], "shown originals", "passed over without a word; the bound", 0)
    yield _line(
        "evidence.silent-unshown", silent[False], "originals", "without a word, shown by no other program either"
    )
    for family in dict.fromkeys(each.family for each in done):
        some = [each for each in shown if each.family == family]
        ours = sum(each.outcome is Outcome.FOUND for each in some)
        yield _line(f"evidence.{family}", ours / max(len(some), 1), f"of {len(some)} shown", "found")


def _left_out(corpus: Corpus) -> str:
    """What could not be made, and what to install for it."""
    titles = [title.removesuffix(f" | {ALONE}").removesuffix(f" | {SOUND}") for title in corpus.left_out]
    absent = [name for name in WRITERS if find_spec(name) is None]
    said = [f"to make all: pip install {' '.join(absent)}"] if absent else []
    return "; ".join([*said, *titles[:_MOST_SHOWN], *(["and more"] if len(titles) > _MOST_SHOWN else [])])


def _line(name: str, value: float, unit: str, reference: str, reference_value: float | None = None) -> Line:
    ratio = float(f"{value / reference_value:.4g}") if reference_value else None
    return {
        "figure": name,
        "value": float(f"{value:.4g}"),
        "unit": unit,
        "reference": reference,
        "reference_value": reference_value,
        "ratio": ratio,
    }


def _missed(each: Judged) -> Line:
    """An original that was not found, as a line: the value is 1 where another program shows it."""
    name = f"evidence.case.{each.outcome}"
    return _line(name, int(each.shown), "shown by another program", each.title) | {
        "original": each.original,
        "said": list(each.said),
    }


# --- for people -------------------------------------------------------------------------------------------------------


def table(lines: Sequence[Line]) -> Group:
    """Figures, then kinds with the outcomes of what others show, then the cases that were not found and not named."""
    from rich import box  # noqa: PLC0415  (only where people read)
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    plain = [line for line in lines if not line["figure"].startswith("evidence.case.")]
    cases = [line for line in lines if line["figure"].startswith("evidence.case.")]
    shown: list[Table | str] = [f"{line['figure']:<24} {line['value']:>9g} {line['unit']}  {line['reference']}"
                                for line in plain]  # fmt: skip
    made = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, header_style="")
    for head in ("not found", "named", "noted", "silent"):
        made.add_column(head, justify="left" if head == "not found" else "right", no_wrap=True)
    counted: dict[str, Counter[str]] = {}
    for line in cases:
        if line["value"]:
            kind = str(line["reference"]).partition(" | ")[0]
            counted.setdefault(kind, Counter())[line["figure"].rpartition(".")[2]] += 1
    for kind, counts in counted.items():
        made.add_row(kind, *(str(counts[each] or "") for each in ("named", "noted", "silent")))
    shown += ["", made, ""]
    shown += [f"{line['figure'].rpartition('.')[2]:<7} {line['reference']}: {'; '.join(line['said']) or '-'}"
              for line in cases if not line["figure"].endswith("named")]  # fmt: skip
    return Group(*shown)


__all__ = ["Specification", "figures", "run", "table"]
