"""Which names belong to a registry, and below which a company's customers have their hosts."""

from __future__ import annotations

import pytest

from node.interop.public_suffixes import ListedSuffixes

SUFFIXES = ListedSuffixes()


@pytest.mark.parametrize("name", ["com", "co.uk", "gov.au", "xn--p1ai", "xn--55qx5d.cn", "kobe.jp", "sub.kobe.jp"])
def test_names_of_a_registry(name: str) -> None:
    assert SUFFIXES.is_registry(name)
    assert SUFFIXES.is_shared(name)


@pytest.mark.parametrize("name", ["github.io", "blogspot.com", "s3.amazonaws.com"])
def test_names_below_which_customers_have_their_hosts(name: str) -> None:
    assert not SUFFIXES.is_registry(name)
    assert SUFFIXES.is_shared(name)


@pytest.mark.parametrize("name", ["example.com", "www.gov.uk", "city.kobe.jp", "a.github.io", "www.example", "a.b.c"])
def test_names_of_one_owner(name: str) -> None:
    assert not SUFFIXES.is_registry(name)
    assert not SUFFIXES.is_shared(name)
