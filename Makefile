# make demo   install, and run the built-in methods on the sample set
# make test   install the test extras, and run the whole test suite

# another Python gets an environment of its own: make demo PYTHON=python3.13 VENV=.venv-3.13
PYTHON  ?= python3
VENV    ?= .venv
BIN     := $(VENV)/bin
# of test-fast: which tests, and what to leave out, as in BUT='--ignore tests/methods/film'
TESTS   ?=
BUT     ?=
# of fuzz: which readers, how many inputs, which seed
FUZZ    ?=
# of leaderboard and benchmark: where data and weights lie, and a part, as in ONLY='--dataset TNO --method sdnet'
DATA    ?= data
WEIGHTS ?=
ONLY    ?=
# of test-fast: COVER='--cov --cov-report=term' prints which lines were reached
COVER   ?=
INSTALL ?= $(BIN)/python -m pip install --quiet -c constraints.txt
ROOMS  := foreign devices metrics datasets reference drawing weights methods zoo export training frameworks results bench tasks reports cli
# one process more than there are cores, each with one thread: many tests wait for what they started
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
SPREAD := -n $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) --dist loadfile
# no test takes minutes, but for those of Jittor where it compiles: one that hangs fails with its traceback
SPREAD += --timeout 900

MATCHES = import subprocess as s, sys; \
    v = s.check_output(['$(PYTHON)', '-c', 'import sys; print(sys.version_info[:2])'], text=True).strip(); \
    sys.exit(v != str(sys.version_info[:2]) and '$(VENV) is not of $(PYTHON): add VENV=ANOTHER_FOLDER, or make clean')

.PHONY: check-python demo test test-fast coverage test-processors fuzz golden lint typecheck format docs leaderboard benchmark clean

# an environment of one Python does not pass for another's
check-python:
	@test ! -x $(BIN)/python || $(BIN)/python -c "$(MATCHES)"

demo: check-python $(VENV)/.installed
	$(BIN)/fusionbench run

test: $(VENV)/.jittor-ready
	$(PYTEST) $(BIN)/python -m pytest $(SPREAD)

test-fast: $(VENV)/.installed-test
	$(PYTEST) $(BIN)/python -m pytest $(SPREAD) -m "not slow and not jittor" $(BUT) $(COVER) $(TESTS)

# which lines the whole suite reaches; takes half as long again as the tests alone
coverage: $(VENV)/.jittor-ready
	$(PYTEST) $(BIN)/python -m pytest $(SPREAD) --cov --cov-report=term

# how far every metric is from the published and reference values
golden: $(VENV)/.installed-test
	$(BIN)/python -m pytest tests/metrics/test_golden.py -q -s

# as on processors with fewer instructions than this one has
test-processors: $(VENV)/.installed-test
	$(PYTEST) $(BIN)/python tests/processors.py v2 -q tests/metrics/test_film.py tests/metrics/compiler

# every reader on damaged files; one of them longer: make fuzz FUZZ='png --inputs 10000 --seed 1'
fuzz: $(VENV)/.installed-test
	$(PYTEST) $(BIN)/python -m tests.fuzz $(FUZZ)

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

# the stored results of docs/leaderboard: hours, at first; the same command again goes on where it stopped
leaderboard: $(VENV)/.installed
	$(BIN)/python docs/board.py --data-root $(DATA) $(WEIGHTS:%=--weights-root %) --out build/board $(ONLY)

benchmark: $(VENV)/.installed-test
	$(BIN)/python speed/benchmark.py --data-root $(DATA)

$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -e '.[all]'
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(INSTALL) -e '.[test]'
	touch $@

# Jittor compiles itself for minutes, at first; several tests at once would be in each other's way
$(VENV)/.jittor-ready: $(VENV)/.installed-test
	-$(BIN)/fusionbench doctor jittor --fix || $(BIN)/fusionbench doctor jittor
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(INSTALL) -e '.[docs]'
	touch $@

# what continuous integration installs the other environments with
build/tools/bin/uv:
	$(PYTHON) -m venv build/tools
	build/tools/bin/python -m pip install --quiet -c constraints.txt uv

clean:
	rm -rf site $(VENV) .venv-3.* build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
