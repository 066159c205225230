"""Fixtures and helpers that every test may use.

What lies outside the project (vectors, photographs, oracles, tools) may be absent on a bare machine: a test that needs
it is then skipped with its reason. In CI everything is installed, so there the same absence fails.
"""

import importlib
import os
import shutil
import signal
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import hypothesis
import pytest

# A shared machine may stall for longer than any deadline; in CI the same examples run every time.
hypothesis.settings.register_profile("vigil", deadline=None, derandomize=os.environ.get("CI") == "true")
hypothesis.settings.load_profile("vigil")


def absent(reason: str) -> NoReturn:
    """Skips a test for want of something outside the project; in CI, where all is installed, fails it instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have this: {reason}")
    pytest.skip(reason)


def oracle(module: str) -> ModuleType:
    """Imports a judge from outside the project (pdqhash, faiss), which only `make oracles` installs."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        absent(f"the oracle {module} is not installed (make oracles)")


def tool(name: str) -> str:
    """The path of a system tool (strace, git) that a bare machine may lack."""
    return shutil.which(name) or absent(f"the tool {name} is not installed")


def folder_named_by(variable: str, what: str) -> Path:
    """The folder that an environment variable names."""
    folder = os.environ.get(variable, "")
    if not folder or not Path(folder).is_dir():
        absent(f"{variable} names no folder with {what}")
    return Path(folder)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of outside test vectors, named by VIGIL_VECTORS."""
    return folder_named_by("VIGIL_VECTORS", "the outside test vectors")


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder of real photographs without people, named by VIGIL_PHOTOS; its folder `land` holds landscapes."""
    return folder_named_by("VIGIL_PHOTOS", "real photographs")


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A shell that starts the tests in the background has them ignore Ctrl-C, and with them what they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
