"""The authority shows and changes the policy before it signs.

Rules this module upholds:

- A change is kept in the authority's folder, and applies to nobody before the next signature.
- No key is opened for it; the command that signs shows the change again.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from node.domain.policy_terms import changed, differences, terms
from node.pki.authority import Authority
from node.pki.wrapping import Passphrase

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from node.domain.roster import Policy

Line = dict[str, Any]


def authority_policy(folder: Path, changes: Mapping[str, str]) -> Line:
    """See `app.authority_policy`. Opens no key. Raises `Misuse`, `NotFound`, `Damaged`."""
    authority = Authority(folder, Passphrase(b"", allow_empty=True))
    before = authority.policy
    after = changed(before, changes)
    if after != before:
        authority.set_policy(after)
    signed = authority.signed_policy
    return {
        "federation": authority.federation,
        "version": after.version,
        "signed_version": signed.version if signed else None,
        "waits_for_signature": signed != after,
        "changed": _difference_lines(before, after),
        "values": [asdict(term) for term in terms(after)],
        "purposes": list(after.purposes),
        "handling_codes": list(after.handling_codes),
        "schemes": [asdict(scheme) for scheme in after.schemes],
    }


def _difference_lines(before: Policy, after: Policy) -> list[Line]:
    return [{"name": name, "from": former, "to": new} for name, former, new in differences(before, after)]


def policy_lines(authority: Authority) -> list[Line]:
    """One line if the next signature publishes a changed policy."""
    signed, next_one = authority.signed_policy, authority.policy
    if signed is None or signed == next_one:
        return []
    return [
        {
            "policy": next_one.version,
            "former_version": signed.version,
            "changed": _difference_lines(signed, next_one),
        }
    ]


def policy_change(folder: Path) -> list[Line]:
    """See `app.policy_change`. Opens no key. Raises `NotFound`, `Damaged`."""
    return policy_lines(Authority(folder, Passphrase(b"", allow_empty=True)))
