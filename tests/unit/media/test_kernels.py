"""The kernels are compiled wherever Vigil runs, and say of an axis what the paper says."""

from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.media import kernels


def test_where_no_cache_can_be_written_a_kernel_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    really_compile = numba.njit

    def njit(*function: Any, **options: Any) -> Any:
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return really_compile(*function, **options)

    monkeypatch.setattr(numba, "njit", njit)
    assert kernels._compiled(lambda value: value + 1)(41) == 42


@given(st.integers(1, 20_000))
def test_every_sample_is_a_mean_of_what_lies_about_it(length: int) -> None:
    starts, counts, weights = kernels.tent_weights(length, 64)
    window = (length + 127) // 128
    assert ((starts >= 0) & (counts >= 1) & (starts + counts <= length)).all()
    assert (counts <= 2 * window - 1).all()
    assert (weights >= 0).all()
    assert np.allclose(weights.sum(axis=1, dtype=np.float64), 1.0, atol=1e-5)
