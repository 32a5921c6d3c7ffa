# make demo    set up, train an NRAM on Copy from input/output pairs, show what it learned
# make test    set up, run the tests, but for those that take minutes
# make test-all  set up, run all tests
# make interop set up TorchRL, skrl, Minari … beside VENV, check that they take every environment
# make docs    build the pages as a site, in build/docs; what is wrong with a link or a docstring is an error
# make pages   write the pages of environments anew; `make scores` also measures how agents do
# make floors  set up the oldest libraries that pyproject.toml allows, run the tests that train nothing
# make check   what CI runs: format, lint, types, import rules, the site, all tests
#
# PYTHON=python3.12       the Python to set up with (3.11 or newer)
# PYTEST_ARGS=…           more arguments of pytest, such as tests/envs
# TORCH_INDEX=URL         PyTorch's own index for CPU builds, to save a 3 GB download of CUDA

PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
TORCH_INDEX ?=
BIN := $(VENV)/bin
# Tests run side by side, each in one thread. Most of a file's run in one process: they share what
# they set up. A process that has none left takes some of another's.
export OMP_NUM_THREADS ?= 1
# Python compiles a module when it is first imported, and keeps that, unless it is told not to. To
# compile all 180 MB that are installed, of which most is never imported, takes 40 CPU-seconds.
PIP_INSTALL := python -m pip install --quiet $(if $(PYTHONDONTWRITEBYTECODE),,--no-compile)
PYTEST := python -m pytest --numprocesses auto --dist worksteal

.PHONY: demo test test-all interop floors check format lint types imports golden docs pages scores clean

demo: $(VENV)/.agents
	$(BIN)/neuralprog demo

test: $(VENV)/.dev
	$(BIN)/$(PYTEST) -m "not slow" $(PYTEST_ARGS)

test-all: $(VENV)/.dev
	$(BIN)/$(PYTEST) $(PYTEST_ARGS)

# Numba's cache holds code of one of its versions: another's would be written over it.
interop: export NUMBA_CACHE_DIR = $(abspath $(VENV)-interop)/numba
interop:
	$(MAKE) VENV=$(VENV)-interop $(VENV)-interop/.interop
	$(VENV)-interop/bin/python -m pytest tests/interop \
	  "tests/test_guides.py::test_every_block_runs[docs/guides/use-with.md]"

floors: export NUMBA_CACHE_DIR = $(abspath $(VENV)-floors)/numba
floors:
	$(MAKE) VENV=$(VENV)-floors $(VENV)-floors/.floors
	$(VENV)-floors/bin/$(PYTEST) -m "not learning and not slow" tests/envs tests/agents \
	  $(addprefix --ignore=tests/agents/,viewer npi_network test_contract.py \
	  agents/neural_programmer_2017/test_own_tables.py) $(PYTEST_ARGS)

check: lint types imports docs test-all

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

golden: $(VENV)/.dev
	$(BIN)/python -m tests.golden

docs: $(VENV)/.dev
	$(BIN)/sphinx-build -c docs --builder html --fail-on-warning --keep-going --quiet . build/docs
	cp build/docs/README.html build/docs/index.html

pages: $(VENV)/.dev
	$(BIN)/python -m docs.environments

scores: $(VENV)/.dev
	$(BIN)/python -m docs.environments --scores

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "neuralprog needs Python 3.11 or newer: make PYTHON=python3.12 …" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	touch $@

# torch first and pinned: a plain later install then leaves it alone.
$(VENV)/.torch: $(VENV)/.venv
	$(BIN)/$(PIP_INSTALL) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$(TORCH)"
	touch $@

$(VENV)/.agents: $(VENV)/.torch pyproject.toml
	$(BIN)/$(PIP_INSTALL) --editable ".[agents]"
	touch $@

$(VENV)/.interop: $(VENV)/.torch pyproject.toml
	$(BIN)/$(PIP_INSTALL) --editable ".[agents,rl,interop]"
	touch $@

$(VENV)/.floors: $(VENV)/.torch pyproject.toml
	$(BIN)/python scripts/floors.py >$(VENV)/floors.txt
	$(BIN)/$(PIP_INSTALL) --constraint $(VENV)/floors.txt \
	  --editable ".[agents,render,rl,plot,prove,sweep,tune,dev]"
	touch $@

$(VENV)/.dev: $(VENV)/.torch pyproject.toml
	$(BIN)/$(PIP_INSTALL) --editable ".[agents,render,rl,plot,prove,tune,docs,dev]"
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-interop $(VENV)-floors build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
