r"""The output of commands: JSON lines and results on stdout, all other messages on stderr.

Rules this module upholds:

- With `--json`, stdout has JSON objects, one per line, and nothing else. Without it, stdout has the result as text for
  people. Hints, warnings, errors and progress always go to stderr.
- Text from outside (a path, a member's reason, a comment) goes through `plain`, which escapes every character that
  could control a terminal. All output is checked again: no control or bidirectional character is printed, even if a
  command forgot `plain`.
- A character that the terminal's encoding does not have is also escaped (`prepare_streams`): no name can stop a
  command.
- JSON is ASCII. A byte of a file name that is not UTF-8 is written as `\udcXX` (PEP 383): Python's `os.fsencode`
  restores the name.
- A progress bar is drawn only if stderr is a terminal, so it never fills a log file.
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
"""Makes the text of a line for people, or None if the line is not for people."""
_STDERR: Final = 2
WORTH_A_BAR: Final = 10_000
"""Below this number of steps `Output.steps` draws nothing, because the work ends too soon to read it."""


def plain(text: object) -> str:
    """`text` on one line, safe to show (`domain.texts.shown`)."""
    return shown(str(text))


def plain_lines(text: str) -> str:
    """Like `plain`, for text of more than one line."""
    return "\n".join(map(plain, text.split("\n")))


def prepare_streams(*, json: bool) -> None:
    """Called once when a command begins: after it, both streams accept every text, in any locale. JSON is written in
    ASCII.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if json and isinstance(sys.stdout, TextIOWrapper):
        # Some encodings (UTF-16) are not a superset of ASCII.
        sys.stdout.reconfigure(encoding="ascii", errors="backslashreplace")


class OutputLost(StoreError):
    """The output of a command could not be written, for example because the disk is full. The work itself is done."""


class Advance(Protocol):
    """Tells a progress bar that `steps` more steps are done."""

    def __call__(self, steps: int = 1) -> None: ...


def _ignore(steps: int = 1) -> None:
    """Draws nothing."""


class Output:
    """Both streams. Several threads may print: lines never mix."""

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self._lock = threading.Lock()

    def line(self, line: Line, words: Words | None = None) -> None:
        """One line of the result: as JSON with `--json`, otherwise as text from `words`."""
        if self.json:
            with self._lock, _writing():
                sys.stdout.write(json.dumps(line) + "\n")
                sys.stdout.flush()  # the reader may be waiting for it
        elif words is not None and (said := words(line)) is not None:
            self.say(said)

    def say(self, words: RenderableType) -> None:
        """A result for people, on stdout. Prints nothing with `--json`, because the JSON lines contain it."""
        if not self.json:
            self._print(words, stderr=False)

    def note(self, words: RenderableType) -> None:
        """A message in addition to the result, on stderr."""
        self._print(words, stderr=True)

    def warn(self, message: str) -> None:
        """A warning, on stderr."""
        self.note(f"warning: {message}")

    def note_from_signal(self, text: str) -> None:
        """Like `note`, for a signal handler: it does not wait for a lock that the interrupted code may hold."""
        os.write(_STDERR, f"{text}\n".encode())

    def error(self, message: str, remedy: str = "") -> None:
        """Prints what went wrong and what to do, on stderr."""
        self.note(f"error: {plain_lines(message)}" + (f"\nto do: {plain_lines(remedy)}" if remedy else ""))

    def flush(self) -> None:
        """Writes the buffered output. Raises `OutputLost`."""
        with self._lock, _writing():
            sys.stdout.flush()

    def _print(self, words: RenderableType, *, stderr: bool) -> None:
        from rich.text import Text

        with self._lock, _writing():
            # A line of text is never broken, so that a path in it can be copied. A table fits the terminal's width.
            _console(stderr=stderr, plain_only=True).print(words, soft_wrap=isinstance(words, str | Text))

    @contextmanager
    def progress(self, label: str, total: int | Callable[[], int] | None) -> Iterator[Advance]:
        """A progress bar with rate and time left while the block runs.

        `total`: None if it is unknown. If counting takes time, a function, which is called only if a bar is drawn.
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
            """Steps per second over the last half minute, after at least two steps."""

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
            redirect_stdout=sys.stdout.isatty(),  # otherwise a piped result would go to the terminal
        )
        with bar:
            task = bar.add_task(label, total=total() if callable(total) else total)

            def advance(steps: int = 1) -> None:
                bar.advance(task, steps)

            yield advance

    @contextmanager
    def steps(self, label: str) -> Iterator[Callable[[int, int], None]]:
        """A bar for work that reports (done, total), if the total is large; a new bar if the work starts again."""
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
            remedy="everything done so far is kept; free space for the output and run the command again",
        ) from None


class _PlainStream:
    """Writes text to a stream, and escapes every character that could control a terminal, except line ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(plain_lines(text))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever rich asks a file for)
        return getattr(self._stream, name)


def _console(*, stderr: bool, plain_only: bool = False) -> Console:
    """`plain_only`: no colours and no other terminal control. A progress bar does not use it: it moves the cursor, and
    shows only our own text.
    """
    from rich.console import Console

    # Markup is off: a path may contain square brackets, a comment may contain :words:.
    if not plain_only:
        return Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    stream = cast("TextIO", _PlainStream(sys.stderr if stderr else sys.stdout))
    return Console(file=stream, color_system=None, markup=False, highlight=False, emoji=False)
