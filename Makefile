# Two commands do everything on a fresh machine with Python >= 3.11: `make search` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOB ?= jobs/quick.toml

# Nothing is installed whose hash is not locked. A build would fetch what is not: so none of the packages is built, and
# this one by the setuptools that is among them.
INSTALL = $(BIN)/uv pip install --quiet --compile-bytecode --no-build --require-hashes
INSTALL_THIS = $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11

.PHONY: search boosting test test-fast test-long fuzz install lint audit lock clean

search: $(VENV)/.runtime ## set up, then search
	$(BIN)/nids search $(JOB)

install: $(VENV)/.runtime ## set up alone

# Each of their many processes imports this package: compiled once, if the environment forbids it or not.
boosting: $(VENV)/.runtime ## set up, with the extra for tuned baselines
	$(INSTALL) -r requirements-boosting.lock

test: $(VENV)/.dev ## set up, then run the tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2

test-fast: $(VENV)/.dev ## set up, then run the tests that take no more than a second or two each
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 -m "not slow and not long"

test-long: $(VENV)/.dev ## set up, then run the tests that take minutes each, under faults
	$(BIN)/pytest -m long

RUNS ?= 10000
fuzz: $(VENV)/.dev ## set up, then give RUNS inputs to each reader of files from others
	$(INSTALL) -r requirements-fuzz.lock
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m tests.fuzz --runs $(RUNS)

lint: $(VENV)/.dev ## set up, then check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

audit: $(VENV)/.uv ## set up what asks, then ask for known vulnerabilities of the locked packages
	UV=$(BIN)/uv .ci/audit

lock: $(VENV)/.uv ## renew the lock files from pyproject.toml
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(COMPILE) --extra gpu -c requirements.lock pyproject.toml -o requirements-gpu.lock
	$(COMPILE) --extra boosting -c requirements.lock pyproject.toml -o requirements-boosting.lock
	$(COMPILE) --group uv -o requirements-uv.lock
# What `ray up` needs goes into an environment with the rest. Only of python-dateutil, botocore refuses what is locked.
	sed -n '/^python-dateutil==/d; s/^\([a-z0-9].*==.*\) \\$$/\1/p' requirements-dev.lock > $(VENV)/locked.txt
	$(COMPILE) --group fuzz -o requirements-fuzz.lock
	$(COMPILE) --no-annotate --group aws -c $(VENV)/locked.txt -o requirements-aws.lock
	$(COMPILE) --no-annotate --group gcp -c $(VENV)/locked.txt -o requirements-gcp.lock

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.uv: requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name it with: make PYTHON=/path/to/python3.11 search"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r $<
	@touch $@

# The development packages include the others, at the same versions: `make search` after `make test` installs nothing.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.uv
	@echo "Installing into $(VENV): about a minute"
	@test -e $(VENV)/.dev || $(INSTALL) -r requirements.lock
	$(INSTALL_THIS)
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/.uv
	@echo "Installing into $(VENV), with what the tests need: about a minute"
	$(INSTALL) -r requirements-dev.lock
	$(INSTALL_THIS)
	@touch $@
