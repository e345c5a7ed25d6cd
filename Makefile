# lgc: `make` lists the targets.
VENV := .venv
BIN := $(VENV)/bin
CORE := .venv-core
PYTHON ?= python3
# The CPU build of torch, from PyTorch's own index where that can be reached (on PyPI, Linux gets the CUDA build, gigabytes).
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
JOBS ?= 2
LEVEL ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo triton browser test test-slow test-core peers fuzz mutants lint format hooks docs site bench hardware dist clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# `pip install` with the versions of constraints.txt, into the environment of the target's folder.
INSTALL = $(@D)/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt

define NEW_ENVIRONMENT
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "lgc needs Python 3.11 or newer: make PYTHON=python3.12"; exit 1; }
$(PYTHON) -m venv $(@D)
$(INSTALL) --upgrade "pip>=24" setuptools
endef

setup: $(VENV)/.ready  ## Make the virtual environment with everything in it

$(VENV)/.ready: pyproject.toml constraints.txt
	$(NEW_ENVIRONMENT)
	$(INSTALL) --timeout 15 --retries 1 --extra-index-url $(TORCH_INDEX) --no-deps torch || $(INSTALL) --no-deps torch
	$(INSTALL) --no-build-isolation -e ".[dev]"
	@touch $@

# The core install: no torch, no simulator, no yosys.
$(CORE)/.ready: pyproject.toml constraints.txt
	$(NEW_ENVIRONMENT)
	$(INSTALL) --no-build-isolation -e ".[test]"
	@touch $@

demo: setup  ## Compile and verify the shipped MNIST model
	@mkdir -p demo
	$(BIN)/lgc compile examples/mnist/mnist-8k.pt -O$(LEVEL) -o demo/mnist.v
	$(BIN)/lgc eval examples/mnist/mnist-8k.pt --data examples/mnist/mnist-test.npz
	$(BIN)/lgc verify examples/mnist/mnist-8k.pt demo/mnist.v --data examples/mnist/mnist-test.npz --junit demo/verify.xml

triton: setup  ## Add Triton, with which `make test` also tests the kernels for a GPU, on the CPU (large)
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt --no-deps triton

browser: setup  ## Add Playwright, with which `make test` also tests reports in Chromium, where that is installed
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt playwright

test: setup  ## Run the tests (under 10 minutes on 2 cores)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not slow"

test-slow: setup  ## Run the tests that take minutes
	$(BIN)/python -m pytest -n $(JOBS) -m slow

# What needs neither torch nor a simulator: new tests of that kind go into one of these folders, or onto the list.
CORE_TESTS = tests/backend tests/core tests/ir tests/passes tests/report tests/runtime \
	tests/frontend/test_fuzz_corpus.py tests/frontend/test_netlists.py \
	tests/test_errors.py tests/test_files.py tests/test_packaging.py tests/test_project.py tests/test_strategies.py

test-core: $(CORE)/.ready  ## Run the tests that the core install can run, in an environment of its own (2 minutes)
	$(CORE)/bin/python -m pytest -n $(JOBS) --dist loadfile -m "not slow and not sim" $(CORE_TESTS)

peers: setup  ## Compare with the peers: importers with their libraries, then speed side by side (needs PyPI)
	$(BIN)/python tests/peers/run.py
	$(BIN)/python examples/peers/peers.py examples/mnist/mnist-8k.pt --rounds 9

fuzz: setup  ## Fuzz the readers (bombs, ten minutes), the compiler (10,000 circuits), what is proved (5,000 edits)
	PYTHONPATH=. $(BIN)/python tests/faults/bombs.py
	PYTHONPATH=. $(BIN)/python tests/frontend/fuzz.py --seconds 600
	$(BIN)/python tests/fuzz/circuits.py --count 10000 --workers $(JOBS)
	$(BIN)/python tests/fuzz/texts.py --count 5000 --workers $(JOBS)

mutants: setup  ## Change the compiler in 220 places and ask the tests; goes on where it was ended (two hours)
	$(BIN)/python tests/mutants/run.py --page docs/mutants.md --workers $(JOBS)

lint: setup  ## ruff, format, mypy, the import contracts, and whether pages can be read
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_readability.py

format: setup  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

hooks: setup  ## Let git run `make lint` before each commit
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt pre-commit
	$(BIN)/pre-commit install

docs: setup  ## Regenerate the generated pages of docs/
	$(BIN)/python docs/generate.py

site: setup  ## Make the site of docs/ in site/; links and anchors that lead nowhere fail
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e ".[site]" --no-build-isolation
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q

bench: setup  ## Measure, and print the tables of docs/benchmarks.md
	$(BIN)/lgc bench compile

HARDWARE = $(BIN)/lgc bench hardware --workers $(JOBS) --liberty examples/asic/small.lib

hardware: setup  ## Measure the example networks on every part: the tables of docs/hardware.md (hours at first)
	$(HARDWARE) --pipeline 8 examples/mnist/mnist-1k5.pt
	$(HARDWARE) --pipeline 16 examples/mnist/recipes/mnist-4k.pt
	$(HARDWARE) --pipeline 32 examples/mnist/mnist-8k.pt

dist: setup  ## Build sdist and wheel into dist/; the same commit gives the same wheel, byte for byte
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation --outdir dist .
	sha256sum dist/*

clean:  ## Remove what the other targets made
	rm -rf $(VENV) $(CORE) demo site build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
