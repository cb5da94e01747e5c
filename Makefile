# Two commands do everything on a fresh machine with Python >= 3.11: `make search` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOB ?= jobs/quick.toml
UV_VERSION := 0.13.9

.PHONY: search test test-fast test-long install lint lock clean

search: $(VENV)/.runtime ## set up, then search
	$(BIN)/nids search $(JOB)

install: $(VENV)/.runtime ## set up alone

# Each of their many processes imports this package: compiled once, if the environment forbids it or not.
test: $(VENV)/.dev ## set up, then run the tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2

test-fast: $(VENV)/.dev ## set up, then run the tests that take no more than a second or two each
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 -m "not slow and not long"

test-long: $(VENV)/.dev ## set up, then run the tests that take minutes each, under faults
	$(BIN)/pytest -m long

lint: $(VENV)/.dev ## set up, then check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: $(VENV)/.uv ## renew the lock files from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--extra gpu -c requirements.lock pyproject.toml -o requirements-gpu.lock

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name it with: make PYTHON=/path/to/python3.11 search"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# The development packages include the others, at the same versions: `make search` after `make test` installs nothing.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.uv
	@echo "Installing into $(VENV): about a minute"
	@test -e $(VENV)/.dev || $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/.uv
	@echo "Installing into $(VENV), with what the tests need: about a minute"
	$(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements-dev.lock
	$(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@
