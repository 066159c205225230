"""Addresses as lines of JSON.

Rules this module upholds:

- A line has the canonical form, the granularity and the hash, so that a script compares any of them.
- A row of a file is named by its number; what cannot be read is not repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.calendar import spell_day
from node.domain.host_names import shown_host
from node.domain.ids import RecordId

if TYPE_CHECKING:
    from node.control.runner import Line
    from node.domain.address_book import KnownAddress
    from node.domain.addresses import Address
    from node.usecases.address_book import Shown, Taken, Typed
    from node.usecases.address_checking import Checked, Covered
    from node.usecases.address_export import Exported
    from node.usecases.address_listing import Due, Outcome
    from node.usecases.listed_addresses import Listed


def address_line(address: Address) -> Line:
    """`shown`: the address in its own letters, null if it is the same."""
    host, slash, rest = address.text.partition("/")
    shown = shown_host(host) + slash + rest
    return {
        "address": address.text,
        "granularity": address.granularity.name.lower(),
        "sha256": address.hash.hex(),
        "shown": shown if shown != address.text else None,
    }


def taken_line(taken: Taken) -> Line:
    """What became of an address that was given."""
    if taken.address is None:
        return _row(taken.typed) | _error(taken.error)
    return _row(taken.typed) | address_line(taken.address) | {"new": taken.new, "doubts": list(taken.doubts)}


def outcome_line(outcome: Outcome) -> Line:
    """What became of a listing."""
    line = _row(outcome.typed) | {"done": outcome.done.value, "records": [str(each) for each in outcome.records]}
    if outcome.known is not None:
        line |= address_line(outcome.known.address)
    return line | (_error(outcome.error) if outcome.error is not None else {})


def shown_line(shown: Shown) -> Line:
    """A known address with its evidence, and what the members say."""
    return _known_line(shown.known) | {"listed": listed_line(shown.listed)}


def due_line(due: Due) -> Line:
    """A listing of ours, and the last day on which it counts."""
    return _known_line(due.known) | {"last_day": spell_day(due.last_day)}


def checked_line(checked: Checked) -> Line:
    """A checked address, and each listed one that covers it."""
    if checked.error is not None:
        return _row(checked.typed) | _error(checked.error)
    covered = [_covered_line(each) for each in checked.covered]
    return _row(checked.typed) | {"text": checked.typed.text, "in_force": checked.in_force, "covered_by": covered}


def exported_line(exported: Exported) -> Line:
    """The end of an export."""
    return {
        "form": exported.form,
        "addresses": exported.addresses,
        "left_out": dict(sorted(exported.left_out.items())),
        "unknown": exported.unknown,
        "not_in_force": exported.dormant,
        "size": exported.size,
        "sha256": exported.sha256.hex(),
    }


def listed_line(listed: Listed | None) -> Line | None:
    """What the members say about an address."""
    if listed is None:
        return None
    said = listed.standing
    return {
        "force": said.force.value,
        "members": list(said.members),
        "lapsed": list(said.lapsed),
        "disputed_by": list(said.disputed_by),
        "last_day": spell_day(said.last_day) if said.last_day else None,
        "records": [str(RecordId(each.origin, each.leaf)) for each in listed.listings],
        "not_counted": listed.left_out,
    }


def _known_line(known: KnownAddress) -> Line:
    return (
        {"id": known.id}
        | address_line(known.address)
        | {
            "added_at": known.added_at,
            "ours": str(known.record) if known.record else None,
            "evidence": [
                {
                    "day": spell_day(each.day),
                    "holding": each.holding or None,
                    "note": each.note or None,
                    "by": each.by or None,
                    "at": each.at,
                }
                for each in known.evidence
            ],
        }
    )


def _covered_line(covered: Covered) -> Line:
    return address_line(covered.address) | {"known": covered.known, "listed": listed_line(covered.listed)}


def _row(typed: Typed) -> Line:
    return {"line": typed.row or None}


def _error(error: Exception | None) -> Line:
    return {"error": str(error), "remedy": getattr(error, "remedy", "") or None}
