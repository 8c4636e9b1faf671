PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
# A worker for each core, whole files to a worker: fixtures that train a model are made once.
PYTEST_ARGS ?= --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
BIN := $(VENV)/bin

.PHONY: demo real statutes-given test pytest lint install lock sbom clean

demo: install
	$(BIN)/jeval demo --out reports/demo --keep reports/demo-models

# Weights come from the Python registry; statutes are no part of jeval.
real: statutes-given install
	$(BIN)/jeval bank real --statutes "$(STATUTES)" $(REAL_ARGS)

statutes-given:
	@test -d "$(STATUTES)" || { echo "make real STATUTES=DIR: needs a folder of statutes (e-Gov XML or JSON, docs/finreg.md)"; exit 2; }

# Side by side: mypy and the import of everything leave a core idle.
test: install
	$(MAKE) --no-print-directory --jobs=2 lint pytest

# One thread to a worker: workers that each take every core wait for one another, half as long again.
pytest: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(PYTEST_ARGS)

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

# Both rest on what is newest on that day, and need uv and cyclonedx-bom beside make. TORCH_FROM: where the CPU build of torch lies,
# e.g. make lock TORCH="torch==2.13.0+cpu" TORCH_FROM="--find-links DIR"; run the tests against the new versions before committing.
lock:
	mkdir -p build && echo "$(TORCH)" > build/torch.txt && grep '^#' requirements.lock > build/lock.txt
	uv pip compile pyproject.toml --extra server --python-version 3.11 --python-platform x86_64-manylinux_2_28 --override build/torch.txt $(TORCH_FROM) \
	  --no-emit-package torch --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet >> build/lock.txt
	mv build/lock.txt requirements.lock

sbom:
	$(PYTHON) -m venv --clear --without-pip build/sbom
	$(PYTHON) -m pip --python build/sbom/bin/python install --quiet --no-deps "$(TORCH)"
	$(PYTHON) -m pip --python build/sbom/bin/python install --quiet --no-deps --require-hashes -r requirements.lock
	cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --short-PURLs --of JSON -o sbom.cdx.json build/sbom/bin/python

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
