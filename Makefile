# make demo   install, and run the built-in methods on the sample set
# make test   install the test extras, and run the whole test suite

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ROOMS  := metrics datasets drawing methods bench reports cli
# as many processes as cores, each with one thread
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
SPREAD := -n auto --dist loadfile

.PHONY: demo test test-fast test-numpy2 golden lint typecheck format docs benchmark clean

demo: $(VENV)/.installed
	$(BIN)/fusionbench run

test: $(VENV)/.jittor-ready
	$(PYTEST) $(BIN)/python -m pytest $(SPREAD)

test-fast: $(VENV)/.installed-test
	$(PYTEST) $(BIN)/python -m pytest $(SPREAD) -m "not slow and not jittor"

# how far every metric is from the published and reference values
golden: $(VENV)/.installed-test
	$(BIN)/python -m pytest tests/metrics/test_golden.py -q -s

# the code runs on numpy 1.26, which Jittor needs, and on numpy 2
test-numpy2: .venv-numpy2/.installed
	$(PYTEST) .venv-numpy2/bin/python -m pytest $(SPREAD) tests/metrics tests/datasets

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MAKE) typecheck

# mypy takes the name of the package from the folder it lies in, and a checkout may have any name
typecheck: $(VENV)/.installed-test
	mkdir -p build/typing && ln -sfn "$(CURDIR)" build/typing/fusionbench
	cd build/typing && $(CURDIR)/$(BIN)/mypy --explicit-package-bases --config-file fusionbench/pyproject.toml \
	    fusionbench/*.py $(ROOMS:%=fusionbench/%)

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

benchmark: $(VENV)/.installed-test
	$(BIN)/python benchmarks/metrics.py

$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	touch $@

# Jittor compiles itself for minutes, at first; several tests at once would be in each other's way
$(VENV)/.jittor-ready: $(VENV)/.installed-test
	-$(BIN)/fusionbench doctor jittor --fix || $(BIN)/fusionbench doctor jittor
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[docs]'
	touch $@

.venv-numpy2/.installed: setup.cfg pyproject.toml constraints.txt
	test -x .venv-numpy2/bin/python || $(PYTHON) -m venv .venv-numpy2
	grep -v -i -E '^(numpy|jittor)==' constraints.txt > .venv-numpy2/constraints.txt
	.venv-numpy2/bin/python -m pip install --quiet --no-compile -c .venv-numpy2/constraints.txt \
	    'numpy>=2' hypothesis pytest pytest-xdist -e .
	touch $@

clean:
	rm -rf site $(VENV) .venv-numpy2 build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
