PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
# A worker for each core, whole files to a worker: fixtures that train a model are made once.
PYTEST_ARGS ?= --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
BIN := $(VENV)/bin

.PHONY: demo real statutes-given test lint install clean

demo: install
	$(BIN)/jeval demo --out reports/demo --keep reports/demo-models

# Weights come from the Python registry; statutes are no part of jeval.
real: statutes-given install
	$(BIN)/jeval bank real --statutes "$(STATUTES)" $(REAL_ARGS)

statutes-given:
	@test -d "$(STATUTES)" || { echo "make real STATUTES=DIR: needs a folder of statutes (e-Gov XML or JSON, docs/finreg.md)"; exit 2; }

test: install lint
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: install
	$(BIN)/ruff check jeval tests benchmarks
	$(BIN)/ruff format --check jeval tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

install: $(VENV)/.installed

# Modules are compiled when they are first imported: most never are, and compiling all takes a minute or more.
# torch first: plain `torch` would bring a CUDA build of several gigabytes.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile "$(TORCH)"
	$(BIN)/pip install --quiet --no-compile -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
