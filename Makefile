# Every duty of the project, one word each. A bare machine needs python3 (3.11 or newer, with venv) and make.
#
#   make demo     the demonstration: three countries, a hub, real photographs (PICTURES=folder for your own)
#   make demo-desk  the same federation with its web desks: prints addresses and one-time codes
#   make test     the tests; tests that a bare machine cannot run are skipped, and the reasons are printed
#   make check    lint, types, layers, generated code and tests: what CI runs
#   make setup    .venv from requirements.lock, with `vigil` in it; the others call it
#   make bench    the benchmarks              make faults   the long fault suite
#   make oracles  outside judges (needs g++)  make protos   regenerate node/wire/pb from proto/
#   make catalogues  bring the texts to translate up to date (node/desk/locales)
#   make lock     recompile the locks; UPGRADE=--upgrade for newer versions

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.PHONY: setup demo demo-desk test check lint bench faults oracles protos protos-current catalogues lock
.DELETE_ON_ERROR:

# ---- setup: once, and again when the lock (everything) or the project's own settings (only the project) change

setup: $(VENV)/project.stamp

$(VENV)/lock.stamp: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Vigil needs Python 3.11 or newer; name one: make PYTHON=...")'
	@echo "Setting up $(VENV) from requirements.lock (once; about a minute)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

$(VENV)/project.stamp: $(VENV)/lock.stamp pyproject.toml
	@$(PIP) install --no-index --no-build-isolation --no-deps --editable .
	@echo "Compiling the kernels for this processor (once)"
	@$(BIN)/python -c "$(WARM)"
	@touch $@

# Each module of kernels compiles its kernels at import. A blank picture compiles those for pixels.
WARM := import importlib, pkgutil, node.match, node.media.picture; node.media.picture.warm(); \
	[importlib.import_module('node.match.' + each.name) for each in pkgutil.iter_modules(node.match.__path__) if 'kernels' in each.name]

# Cython comes first: pdqhash and weighted-levenshtein have no wheel, and are built with exactly the versions in the locks.
oracles: $(VENV)/oracles.stamp

$(VENV)/oracles.stamp: $(VENV)/project.stamp requirements-oracles.lock
	@echo "Installing the oracles"
	@$(PIP) install --require-hashes --only-binary :all: --constraint requirements-oracles.lock cython
	@$(PIP) install --require-hashes --only-binary :all: --no-binary pdqhash,weighted-levenshtein --no-build-isolation -r requirements-oracles.lock
	@touch $@

# ---- using it

demo: setup
	@$(BIN)/vigil demo $(if $(PICTURES),--pictures "$(PICTURES)")

demo-desk: setup
	@$(BIN)/vigil demo --desk $(if $(PICTURES),--pictures "$(PICTURES)")

BENCHMARKS ?= match fingerprint robustness sync query hostile evidence interop investigation
bench: setup
	@for name in $(BENCHMARKS); do $(BIN)/vigil bench $$name || exit 1; done

# ---- checking it

# Three processes for two processors: tests with daemons often wait. A file's tests stay in one process, because they
# share the setup of the file.
TEST_PROCESSES := $(shell n=$$(nproc); echo $$((n + n / 2)))
TESTS := -m pytest -rs -m "not faults and not bench" --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

test: setup
	@$(BIN)/python $(TESTS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check: lint protos-current
	$(BIN)/python $(TESTS)

faults: setup
	@$(BIN)/python -m pytest -rs -m faults tests/faults

# ---- generated files that are committed

PROTOS := $(addprefix node/wire/pb/,$(notdir $(wildcard proto/*.proto)))
protoc = $(BIN)/python -m grpc_tools.protoc -Inode/wire/pb=proto --python_out=$(1) --pyi_out=$(1) --grpc_python_out=$(1) $(PROTOS)

protos: setup
	$(call protoc,.)

protos-current: setup
	@rm -rf build/protos && mkdir -p build/protos
	@$(call protoc,build/protos)
	@diff -r --brief --exclude=__init__.py --exclude=__pycache__ build/protos/node/wire/pb node/wire/pb \
		|| { echo "node/wire/pb is not what proto/ says: run make protos" >&2; exit 1; }

# The texts of the desk and of the daemon, for those who translate them (docs/adr/0058).
catalogues: setup
	@$(BIN)/python -m tests.catalogues

COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(UPGRADE)

lock: setup
	$(COMPILE) --extra dev --all-build-deps --output-file requirements.lock pyproject.toml
	$(COMPILE) --no-build-isolation --constraint requirements.lock --output-file requirements-oracles.lock requirements-oracles.in
