"""The Public Suffix List (publicsuffix.org): below which names people register their own.

Rules this module upholds:

- The list comes with the program and is renewed with its releases; nothing is fetched. An old list refuses a little
  less than a new one. It never changes the canonical form or the hash of an address.
- It is read at the first question: only commands on addresses need it.
"""

from __future__ import annotations

from functools import cached_property

from publicsuffixlist import PublicSuffixList


class ListedSuffixes:
    """`domain.addresses.PublicSuffixes`. Safe to use from any thread."""

    @cached_property
    def _registries(self) -> PublicSuffixList:
        return PublicSuffixList(only_icann=True)

    @cached_property
    def _all(self) -> PublicSuffixList:
        return PublicSuffixList()

    def is_registry(self, name: str) -> bool:
        return bool(self._registries.is_public(name))

    def is_shared(self, name: str) -> bool:
        return bool(self._all.is_public(name))
