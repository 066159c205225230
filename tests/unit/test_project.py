"""The project's own promises: what is locked, what may be committed, what is declared, and that each has one truth."""

import ast
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import node
from tests.conftest import absent, tool

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-oracles.lock")

PINNED = re.compile(
    r"^([a-z0-9-]+)==([^ \\;]+)(?: ;[^\\]*)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)
HOST = re.compile(
    r"://|--(?:extra-)?index-url|--find-links|--trusted-host| @ |\bfile:/|\bgit\+|/(?:home|opt|root|tmp|work)/"
)
PRIVATE_KEY = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}"
    rb"|PRIVATE\+KEY\+[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{20}"
    rb"|AGE-SECRET-KEY-1[A-Z0-9]{20}"
)


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@cache
def locked(lock: str) -> dict[str, Version]:
    """Package to version, of those pinned with at least one hash."""
    return {name: Version(version) for name, version, _ in PINNED.findall((ROOT / lock).read_text())}


def declared(extra: str = "") -> list[Requirement]:
    table = project()["project"]
    return [Requirement(text) for text in (table["optional-dependencies"][extra] if extra else table["dependencies"])]


def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([tool("git"), "-C", ROOT, *arguments], capture_output=True, check=False)


def committed() -> list[Path]:
    listed = git("ls-files", "-z")
    if listed.returncode != 0:
        absent("this is no git checkout, so nothing is committed")
    return [path for name in listed.stdout.split(b"\0")[:-1] if (path := ROOT / name.decode()).is_file()]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_no_folder_so_that_any_mirror_serves(lock: str) -> None:
    assert not [line for line in (ROOT / lock).read_text().splitlines() if HOST.search(line)]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_pin_with_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    left = [line for line in PINNED.sub("", text).splitlines() if line and not re.match(r" *#", line)]
    assert locked(lock)
    assert left == []


def test_every_declared_dependency_is_locked_within_its_bounds() -> None:
    pins = locked("requirements.lock")
    wanted = [*declared(), *declared("dev"), *map(Requirement, project()["build-system"]["requires"])]
    missing = [str(need) for need in wanted if canonicalize_name(need.name) not in pins]
    outside = [str(need) for need in wanted if not need.specifier.contains(pins[canonicalize_name(need.name)])]
    assert missing == []
    assert outside == []


def test_the_two_locks_agree_wherever_they_overlap() -> None:
    ours, oracles = (locked(lock) for lock in LOCKS)
    shared = ours.keys() & oracles.keys()
    assert "numpy" in shared
    assert {name: ours[name] for name in shared} == {name: oracles[name] for name in shared}


def third_party_imports(folder: Path) -> Iterator[tuple[str, str]]:
    """(package, file) of each absolute import that is neither Python's own nor the project's."""
    for file in sorted(folder.rglob("*.py")):
        for found in ast.walk(ast.parse(file.read_bytes())):
            names = [alias.name for alias in found.names] if isinstance(found, ast.Import) else []
            if isinstance(found, ast.ImportFrom) and found.module and not found.level:
                names = [found.module]
            for package in {name.partition(".")[0] for name in names}:
                if package not in sys.stdlib_module_names and package not in {"node", "bench"}:
                    yield package, str(file.relative_to(ROOT))


def test_whatever_the_node_imports_is_declared_as_a_dependency() -> None:
    names = {canonicalize_name(need.name) for need in declared()}
    owners = packages_distributions()
    imports = set(third_party_imports(ROOT / "node"))
    undeclared = [
        (package, file)
        for package, file in imports
        if names.isdisjoint(canonicalize_name(owner) for owner in owners.get(package, []))
    ]
    assert imports
    assert undeclared == []


def test_no_private_key_is_committed() -> None:
    files = committed()
    assert files
    assert [str(path.relative_to(ROOT)) for path in files if PRIVATE_KEY.search(path.read_bytes())] == []


def test_the_search_for_private_keys_finds_each_form() -> None:
    body = b"A" * 32
    for form in (
        b"-----BEGIN " + b"PRIVATE KEY-----\n" + body,
        b"-----BEGIN EC " + b"PRIVATE KEY-----\n" + body,
        b"PRIVATE" + b"+KEY+" + b"xx/log/1+00112233+" + body,
        b"AGE-SECRET-" + b"KEY-1" + body,
    ):
        assert PRIVATE_KEY.search(form)


@pytest.mark.parametrize("name", ["hub.key", "hub.pem", "ca.crt", "client.p12", "log.vkey", "id", "old/hub.key"])
def test_the_certificate_folder_refuses_keys_and_certificates(name: str) -> None:
    answer = git("check-ignore", "--quiet", "--no-index", f"certs/{name}")
    if answer.returncode not in {0, 1}:
        absent("this is no git checkout, so nothing is ignored")
    assert answer.returncode == 0


def test_the_command_is_there_and_is_called_vigil() -> None:
    scripts = project()["project"]["scripts"]
    assert list(scripts) == ["vigil"]
    assert callable(pkgutil.resolve_name(scripts["vigil"]))


def test_the_changelog_tells_of_this_version_or_of_what_is_not_released() -> None:
    headings = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] in {"Unreleased", node.__version__}


@pytest.mark.parametrize("target", ["setup", "demo", "test", "check", "bench", "faults", "oracles", "lock", "protos"])
def test_make_knows_each_duty(target: str) -> None:
    asked = subprocess.run([tool("make"), "-C", ROOT, "-n", target], capture_output=True, check=False, text=True)
    assert asked.returncode == 0, asked.stderr


def test_every_room_of_the_node_is_bound_by_the_layer_contracts() -> None:
    layers = [contract["layers"] for contract in project()["tool"]["importlinter"]["contracts"] if "layers" in contract]
    bound = {name for layer in layers for row in layer for name in re.findall(r"node\.(\w+)", row)}
    rooms = {path.name for path in (ROOT / "node").iterdir() if (path / "__init__.py").is_file()}
    modules = {path.stem for path in (ROOT / "node").glob("*.py")} - {"__init__", "__main__"}
    assert (rooms | modules) - bound == set()


def test_decision_records_are_numbered_without_a_gap_or_a_double() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("[0-9][0-9][0-9][0-9]-*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_tests_that_the_threat_model_names_are_there() -> None:
    named = set(re.findall(r"\btest_\w+(?:\.py)?", (ROOT / "docs" / "threat-model.md").read_text()))
    files = list((ROOT / "tests").rglob("test_*.py"))
    there = {path.name for path in files}
    for path in files:
        there.update(re.findall(r"def (test_\w+)", path.read_text()))
    assert named
    assert named - there == set()


def test_the_modules_that_the_page_on_architecture_names_are_there() -> None:
    text = (ROOT / "docs/ARCHITECTURE.md").read_text()
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+(?:\.py)?)/?`", text))
    assert len(named) > 30

    def there(name: str) -> bool:
        return any((folder / f"{name}{end}").exists() for folder in (ROOT, ROOT / "node") for end in ("", ".py"))

    assert [name for name in sorted(named) if not there(name)] == []
