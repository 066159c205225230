"""What all tests of whole processes share."""

from collections.abc import Iterator

import pytest

from node.pki import wrapping


@pytest.fixture(scope="module", autouse=True)
def _cheap_passphrases() -> Iterator[None]:
    """Keys that the test process itself wraps open at the lowest cost that a reader accepts, in every daemon that reads
    them. Commands that a test types wrap at the full cost.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wrapping, "SCRYPT_LOG2_N", wrapping.EMPTY_LOG2_N)
        yield
