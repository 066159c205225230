"""What all tests of whole processes share."""

from collections.abc import Iterator

import pytest

from tests.integration.processes import cheap_passphrases


@pytest.fixture(scope="module", autouse=True)
def _cheap_passphrases() -> Iterator[None]:
    with cheap_passphrases():
        yield
