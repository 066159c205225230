"""Both streams: what goes where, and that nothing foreign steers the terminal."""

import io
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from node.cli.output import Output, plain, prepare_streams
from node.cli.words import count, new_table, state_words, unanswered, value_words


@given(st.text())
def test_plain_text_is_one_printable_line(text: str) -> None:
    shown = plain(text)
    assert len(shown) <= 10 * len(text)
    assert all(each.isprintable() or each == "\N{REPLACEMENT CHARACTER}" for each in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0\nb.jpg", "0\\nb.jpg"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud800", "\\ud800"),
        ("a\U000e0041b", "a\\U000e0041b"),
        ("\x9b", "\\x9b"),
    ],
)
def test_what_does_not_print_is_spelt(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(st.characters(codec="ascii", min_codepoint=32, exclude_characters="\x7f")))
def test_printable_text_is_left_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_with_json_results_are_lines_and_words_are_silent(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(json=True)
    output.line({"path": "\udce9\N{SNOWMAN}"}, lambda _: "words")
    output.say("words")
    output.note("beside")
    captured = capsys.readouterr()
    assert [json.loads(line) for line in captured.out.splitlines()] == [{"path": "\udce9\N{SNOWMAN}"}]
    assert captured.out.isascii()
    assert captured.err == "beside\n"


def test_a_bar_for_steps_is_drawn_for_much_and_begins_anew_with_the_next_part(monkeypatch: pytest.MonkeyPatch) -> None:
    bars: list[tuple[int | None, list[int]]] = []

    @contextmanager
    def progress(_: Output, _label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        bars.append((total, []))
        yield bars[-1][1].append

    monkeypatch.setattr(Output, "progress", progress)
    with Output(json=True).steps("opening") as told:
        told(5, 9)
        for done in (4_000, 9_000, 20_000):
            told(done, 20_000)
        for done in (1, 30_000):
            told(done, 30_000)
    assert bars == [(20_000, [4_000, 5_000, 11_000]), (30_000, [1, 29_999])]


def test_without_json_words_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(json=False)
    path = "/evidence/[bold]x[/bold] :smile: " + "y" * 200
    output.line({"a": 1}, lambda _: path)
    output.line({"a": 1}, lambda _: None)
    output.line({"a": 1})
    assert capsys.readouterr().out == path + "\n"


def test_no_bar_is_drawn_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with Output(json=False).progress("working", 3) as advance:
        advance()
        advance(2)
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_drawn_on_stderr_for_a_person(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Output(json=True).progress("working", 3) as advance:
        advance(3)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "working" in captured.err


def test_a_bar_says_its_rate_and_what_is_counted_for_it_is_counted_for_it_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []

    def count() -> int:
        counted.append(9)
        return 9

    with Output(json=True).progress("working", count) as advance:
        advance()
    assert counted == []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Output(json=True).progress("working", count) as advance:
        for _ in range(9):
            advance()
    assert counted == [9]
    assert re.search(r" [0-9,]+\.[0-9]/s ", capsys.readouterr().err)


def test_lines_of_several_threads_are_never_mixed(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(json=True)

    def print_many(number: int) -> None:
        for _ in range(200):
            output.line({"number": number, "filler": "x" * 50})

    threads = [threading.Thread(target=print_many, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == 800


def test_only_a_signed_no_hit_reads_no_hit() -> None:
    states = ["hit", "no-hit", "held", "refused", "error", "offline", "timeout", "bad-signature", "not-asked"]
    assert [state for state in states if state_words(state) == "no hit"] == ["no-hit"]
    assert unanswered({state: state for state in states}) == states[2:]


def test_words_of_values() -> None:
    assert [count(number, "hit") for number in (0, 1, 1200)] == ["0 hits", "1 hit", "1,200 hits"]
    assert value_words({"a": True, "b": [1, 2], "c": None}) == "a: yes; b: 1, 2; c: -"
    assert (value_words({}), value_words([]), value_words(False)) == ("none", "none", "no")


def test_a_table_that_is_too_wide_folds_where_it_may(capsys: pytest.CaptureFixture[str]) -> None:
    table = new_table("Name", "Text", folds=("Text",))
    table.add_row("a" * 20, "word " * 40)
    Output(json=False).say(table)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "a" * 20 in lines[2]


HOSTILE = st.text(
    st.sampled_from("a\n\r\t\x07\x08\x1b\x7f\x9b\u200f\u202e\u2066\u2028\ufeff\ud800\udce9\U000e0041[]:\\\u0301"),
    max_size=40,
)


def _steers(text: str) -> bool:
    """Whether a text holds a character that is no part of a printable line."""
    return any(not (each.isprintable() or each in "\n\N{REPLACEMENT CHARACTER}") for each in text)


@contextmanager
def streams(encoding: str, *, json: bool) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    """Both streams as a process has them whose locale has this encoding."""
    raw = io.BytesIO(), io.BytesIO()
    before = sys.stdout, sys.stderr
    own = [io.TextIOWrapper(each, encoding, write_through=True) for each in raw]
    sys.stdout, sys.stderr = own
    try:
        prepare_streams(json=json)
        yield raw
    finally:
        sys.stdout, sys.stderr = before
        for each in own:
            each.detach()


@given(HOSTILE, st.sampled_from(["iso-8859-1", "ascii", "utf-8"]))
def test_nothing_that_is_printed_steers_a_terminal_or_fails(text: str, encoding: str) -> None:
    """Of every way that a command prints, also where it forgot `plain`."""
    output = Output(json=False)
    table = new_table("Name", text, folds=("Name",))
    table.add_row(text, plain(text))
    with streams(encoding, json=False) as raw:
        for each in (text, Text(text), table):
            output.say(each)
            output.note(each)
        output.line({"path": text}, lambda line: str(line["path"]))
        output.warn(text)
        output.error(text, text)
    for stream in raw:
        assert stream.getvalue()
        assert not _steers(stream.getvalue().decode(encoding))


@given(HOSTILE.map(lambda text: text.replace("\ud800", "")))  # no file name holds one (PEP 383)
def test_a_name_in_json_is_ascii_and_comes_back_as_it_was(text: str) -> None:
    with streams("utf-16", json=True) as (raw, _):
        Output(json=True).line({"path": text})
    assert raw.getvalue().isascii()
    assert json.loads(raw.getvalue()) == {"path": text}
    name = os.fsdecode(b"caf\xe9")
    assert os.fsencode(json.loads(json.dumps(name))) == b"caf\xe9"
