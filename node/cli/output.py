r"""Where a command's words go: JSON lines and results on stdout, everything said beside them on stderr.

Rules this module upholds:

- With `--json`, stdout holds JSON objects, one a line, and nothing else; without it, stdout holds the result in
  people's words. Hints, warnings, errors and progress are on stderr either way.
- What came from elsewhere (a path, a member's reason, a comment) goes through `plain`, which spells whatever could
  steer a terminal. Whatever is printed is looked at once more: no control or bidirectional character gets out, also
  where a command forgot `plain`.
- A character that the terminal's encoding does not have is spelt too (`prepare_streams`): no name ends a command.
- JSON is ASCII. A byte of a file name that is no UTF-8 is `\udcXX` there (PEP 383): Python's `os.fsencode` gives the
  name back.
- A progress bar is drawn only where stderr is a terminal, so no log file is filled with it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, Final, Protocol, TextIO, cast

from node.domain.texts import shown
from node.errors import StoreError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Line = dict[str, Any]
"""A JSON object."""
Words = Callable[[Line], "RenderableType | None"]
"""A line in people's words, or None where it says nothing to a person."""
_STDERR: Final = 2
WORTH_A_BAR: Final = 10_000
"""Steps below which `Output.steps` draws nothing: the work is over before one has read it."""


def plain(text: object) -> str:
    """`text` on one line, as it may be shown (`domain.texts.shown`)."""
    return shown(str(text))


def plain_lines(text: str) -> str:
    """As `plain`, for text of more than one line."""
    return "\n".join(map(plain, text.split("\n")))


def prepare_streams(*, json: bool) -> None:
    """Once, when a command begins: both streams take every text, in any locale. JSON goes out in ASCII."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if json and isinstance(sys.stdout, TextIOWrapper):
        # Some encodings (UTF-16) are no superset of ASCII.
        sys.stdout.reconfigure(encoding="ascii", errors="backslashreplace")


class OutputLost(StoreError):
    """What a command printed could not be written: a full disk under a file that takes it. The work itself is done."""


class Advance(Protocol):
    """Tells a progress bar that `steps` more are done."""

    def __call__(self, steps: int = 1) -> None: ...


def _ignore(steps: int = 1) -> None:
    """Draws nothing."""


class Output:
    """Both streams, for a command that prints from more than one thread: a line is never cut by another."""

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self._lock = threading.Lock()

    def line(self, line: Line, words: Words | None = None) -> None:
        """One line of the result: itself with `--json`, else what `words` makes of it."""
        if self.json:
            with self._lock, _writing():
                sys.stdout.write(json.dumps(line) + "\n")
                sys.stdout.flush()  # whoever reads it may be waiting for it
        elif words is not None and (said := words(line)) is not None:
            self.say(said)

    def say(self, words: RenderableType) -> None:
        """A result for people, on stdout. With `--json` nothing: the lines have said it."""
        if not self.json:
            self._print(words, stderr=False)

    def note(self, words: RenderableType) -> None:
        """Something said beside the result, on stderr."""
        self._print(words, stderr=True)

    def warn(self, message: str) -> None:
        """A warning, on stderr."""
        self.note(f"warning: {message}")

    def note_from_signal(self, text: str) -> None:
        """As `note`, from a signal handler: it waits for no lock that the interrupted code may hold."""
        os.write(_STDERR, f"{text}\n".encode())

    def error(self, message: str, remedy: str = "") -> None:
        """What went wrong, and what to do, on stderr."""
        self.note(f"error: {plain_lines(message)}" + (f"\nto do: {plain_lines(remedy)}" if remedy else ""))

    def flush(self) -> None:
        """Writes what is buffered. Raises `OutputLost`."""
        with self._lock, _writing():
            sys.stdout.flush()

    def _print(self, words: RenderableType, *, stderr: bool) -> None:
        from rich.text import Text

        with self._lock, _writing():
            # A line of text is never broken, so that a path in it can be copied; a table keeps to the terminal's width.
            _console(stderr=stderr, plain_only=True).print(words, soft_wrap=isinstance(words, str | Text))

    @contextmanager
    def progress(self, label: str, total: int | Callable[[], int] | None) -> Iterator[Advance]:
        """A progress bar with rate and time left while the block runs.

        `total`: None where nobody knows; a function where counting takes time, which is called for a bar alone.
        """
        if not sys.stderr.isatty():
            yield _ignore
            return
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            Task,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.text import Text

        class RateColumn(ProgressColumn):
            """Steps a second over the last half minute, once there are two to tell it by."""

            def render(self, task: Task) -> Text:
                speed = task.finished_speed or task.speed
                return Text("" if speed is None else f"{speed:,.1f}/s")

        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            RateColumn(),
            TimeRemainingColumn(),
            console=_console(stderr=True),
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # else a result that is piped away would land on the terminal
        )
        with bar:
            task = bar.add_task(label, total=total() if callable(total) else total)

            def advance(steps: int = 1) -> None:
                bar.advance(task, steps)

            yield advance

    @contextmanager
    def steps(self, label: str) -> Iterator[Callable[[int, int], None]]:
        """A bar for work that says (done, total) itself, where that is much; a new one where it starts again."""
        with ExitStack() as drawn:
            advance: list[Advance] = []
            before = [0]

            def told(done: int, total: int) -> None:
                if total < WORTH_A_BAR:
                    return
                if not advance:
                    advance.append(drawn.enter_context(self.progress(label, total)))
                if done < before[0]:
                    drawn.close()
                    advance[:], before[0] = [drawn.enter_context(self.progress(label, total))], 0
                advance[0](done - before[0])
                before[0] = done

            yield told


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
        raise OutputLost(
            f"the output could not be written: {why}",
            remedy="everything done so far is kept; make room for the output and run the command again",
        ) from None


class _PlainStream:
    """Writes text to a stream, and spells whatever could steer a terminal, but for the ends of lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(plain_lines(text))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever rich asks a file for)
        return getattr(self._stream, name)


def _console(*, stderr: bool, plain_only: bool = False) -> Console:
    """`plain_only`: no colours and nothing else that steers a terminal. A progress bar does without it: it moves the
    cursor, and shows words of ours alone.
    """
    from rich.console import Console

    # It guesses at no markup: a path may hold square brackets, a comment may hold :words:.
    if not plain_only:
        return Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    stream = cast("TextIO", _PlainStream(sys.stderr if stderr else sys.stdout))
    return Console(file=stream, color_system=None, markup=False, highlight=False, emoji=False)
