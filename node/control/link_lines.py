"""Links and their components as lines.

Rules this module upholds:

- As in `node.control.lines`: a key that does not apply is null, never absent, and nothing here decides anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.control.cooperation_words import spelled
from node.control.lines import baseline_line, statement_line, verification_line

if TYPE_CHECKING:
    from node.control.runner import Line
    from node.usecases.link_contradictions import Contradiction
    from node.usecases.link_reading import Component
    from node.usecases.link_views import ShownLink, ShownRecord
    from node.usecases.own_links import OwnPage


def link_line(shown: ShownLink) -> Line:
    """One link: who says it, of which records, how certain, and who confirms or disputes it."""
    said, known = shown.said, shown.verification
    return {
        "link": str(shown.link),
        "member": shown.member,
        "relation": spelled(said.relation),
        "certainty": spelled(said.certainty),
        "records": [str(each) for each in shown.records],
        "note": said.note or None,
        "language": said.language or None,
        "issued_day": shown.issued_day,
        "depth": shown.depth,
        "closes_cycle": shown.is_closing,
        "publication": shown.publication,
        **verification_line(known),
        "confirmed_by": list(known.confirmed),
        "disputed_by": list(known.disputed),
    }


def linked_record_line(shown: ShownRecord) -> Line:
    """One record of a component. `record`: its first version, as the links name it; `newest`: its newest version."""
    line = {
        "record": str(shown.root),
        "newest": str(shown.record),
        "member": shown.root.origin.member,
        "sight": shown.sight,
        "depth": shown.depth,
        **statement_line(shown.said),
        **verification_line(shown.verification),
    }
    return baseline_line(line, shown.said.category if shown.said else None, shown.verification)


def contradiction_line(found: Contradiction) -> Line:
    """Two statements that cannot both be right."""
    return {
        "contradiction": found.clash,
        "about": str(found.link),
        "records": [str(each) for each in found.records],
    }


def component_line(found: Component) -> Line:
    """The summary of a component: how much there is, and how much was shown."""
    return {
        "links": found.all_links,
        "records": found.all_records,
        "shown_links": len(found.links),
        "shown_records": len(found.records),
        "left_out": found.all_links - len(found.links),
        "beyond": found.beyond,
        "cycles": found.cycles,
        "contradictions": len(found.contradictions),
        "whole": found.is_whole,
    }


def own_links_line(page: OwnPage) -> Line:
    """The summary of a page of our own links."""
    return {"shown_links": len(page.links), "next": page.next}
