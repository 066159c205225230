"""`vigil pull`: takes in what a system of this country exports (MISP, HMA or others), as a list of this node.

Rules this module upholds:

- One-way and read-only: nothing is written at the peer, and nothing of this node is sent to it.
- What did not change since the last pull is not read again.
- A bad page does not stall the others. While a page is bad, a list whose pages are the whole set loses no row.
- A page is called by its number, in the order of names or of the addresses. No name and no address is in a message.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from node import config
from node.cli.common import Command, common
from node.cli.import_words import awaiting_words, own_holdings_words
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.words import count
from node.domain.peers import Peer
from node.errors import Misuse, NotFound

_ANOTHER: Final = "a section [peers.NAME] of vigil.toml makes one (docs/INTEROP.md, Pull from a peer)"


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("pull", cls=Command)(pull)


def pull(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A section [peers.NAME] of vigil.toml.", show_default=False)
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Read every page, also those that did not change.")] = False,
) -> None:
    """Pull the list of a peer, for example of a MISP or HMA instance; without NAME, list the peers.

    A section [peers.NAME] of vigil.toml says where its pages are (a file, a folder, or HTTPS addresses with their CA)
    and which list they become. New and changed pages are imported. Rows that the source marks as deleted are withdrawn;
    with whole = "yes", rows that no page has any more are deleted too. A file that credentials names has the headers by
    which the peer knows this node. With follow = "yes", the pages that follow are read too; with follow = "changes",
    the peer is asked for what changed since the last pull. Exit code 1: a page was not taken in.
    """
    from node.app.peer_pages import fetch, opened_peer
    from node.cli.pull_pages import Pull, list_mark
    from node.usecases.pulling import Cursor

    given = common(ctx)
    if given.socket is not None:
        raise Misuse(
            "a pull needs the home of the node: its settings name the peers", remedy="give --home, not --socket"
        )
    peers = config.load(given.home).peers
    if name is None:
        for each in peers.values():
            given.output.line(_peer_line(each), _peer_words)
        given.output.note(f"vigil pull NAME pulls one of them; {_ANOTHER}" if peers else f"no peers here; {_ANOTHER}")
        return
    if name not in peers:
        raise NotFound("vigil.toml has no peer with this name", remedy=_ANOTHER)
    peer = peers[name]
    with opened_peer(given.home, peer) as folder:
        known = Cursor() if again else folder.cursor()
        if known.stops:
            with given.session() as session:
                known = known.of(peer, list_mark(session, peer))
        # Outside of a session: where no daemon runs, a session holds the home, and a peer may be slow.
        fetched = fetch(peer, folder, known.stops)
        with given.session() as session:
            summary = Pull(session, given.output, peer, folder, fetched).run(known)
    given.output.line(summary, _summary_words)
    if summary["failed"]:
        raise typer.Exit(ExitCode.ERROR)


def _peer_line(peer: Peer) -> Line:
    return {
        "peer": peer.name,
        "list": peer.list,
        "format": peer.format or None,
        "source": "url" if peer.urls else "path",
        "whole": peer.is_whole,
    }


def _peer_words(line: Line) -> str:
    source = "HTTPS addresses" if line["source"] == "url" else "a path"
    form = line["format"] or "told by content"
    return f"{line['peer']}: {source} into list {plain(line['list'])} (format: {plain(form)})"


def _summary_words(line: Line) -> str:
    first = (
        f"{line['peer']}: {count(line['pages'], 'page')}, {line['imported']:,} imported, "
        f"{line['unchanged']:,} unchanged, {line['failed']:,} failed"
    )
    words = [first]
    if line["imported"]:
        words.append(
            f"list {plain(line['list'])}: {line['added']:,} added, {line['changed']:,} changed, "
            f"{line['withdrawn']:,} withdrawn"
        )
        words += own_holdings_words(line["own_holdings"], line["list"])
        words += [awaiting_words(line["awaiting_retraction"], line["list"])] if line["awaiting_retraction"] else []
    if line["kept_back"]:
        words.append("rows that no page has any more were kept, because a page was not taken in")
    if line["goes_on"]:
        words.append("not all pages that follow were read: the next pull goes on there")
    if line["passed_over"]:
        words.append(f"not read in the folder: {line['passed_over']:,} (not a regular file, or not finished)")
    return "\n".join(words)
