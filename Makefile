PYTHON ?= python3
PORT ?= 8000
SECONDS ?= 300
CHAPTERS ?= $(wildcard chapters/*.ipynb)
BIN = .venv/bin
# The matrices are small: more threads would only wait for each other.
export OMP_NUM_THREADS = 1
export OPENBLAS_NUM_THREADS = 1
UPGRADE = --upgrade
UV = _build/uv/bin/uv
LOCK = $(UV) pip compile - --universal --python-version 3.11 \
  --fork-strategy fewest --quiet --no-annotate --no-emit-index-url --no-emit-find-links \
  --custom-compile-command "make lock"
PYTEST = $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile
# What reads the book's sources or its pages. All other tests are the library's.
OF_THE_BOOK = $(shell grep -lE '^from (reading|test_book) import' tests/*.py)
BUT_THE_BOOK = $(OF_THE_BOOK:%=--ignore=%)

.PHONY: help lint book pdf test oldest newest binder serve chapters bench scale starts mutants mutation fuzz lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

book: .venv/made ## run every notebook that has changed and build the HTML
	$(BIN)/jupyter-book build . -n -W --keep-going
	@echo "Open _build/html/index.html"

pdf: book ## the whole book as one PDF, in _build/pdf
	$(BIN)/python chapters/_sphinx/pdf.py

lint: .venv/made ## see that the code is laid out, and its types fit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint pdf ## run everything: the code, the book's build, every chapter against its outputs
	$(PYTEST) --doctest-modules gmmlib tests chapters/_sphinx/*.py
	$(PYTEST) --nbval chapters

oldest: ## test the library with the lowest versions that pyproject.toml admits
newest: ## test the library with the highest versions that pyproject.toml admits
oldest: CHOOSE = lowest-direct
newest: CHOOSE = highest
oldest newest: BIN = _build/$@/bin
oldest newest: $(UV)
	$(PYTHON) -m venv --clear _build/$@
	$(UV) pip install --quiet --python $(BIN)/python --resolution $(CHOOSE) \
	  --only-binary :all: --no-binary gmmlib --editable '.[test]'
	$(UV) pip freeze --python $(BIN)/python
	$(PYTEST) $(BUT_THE_BOOK) --doctest-modules gmmlib tests

binder: .venv/made _build/binder/made ## run every chapter in JupyterLab, with no more than Binder installs
	$(PYTEST) --dist load tests/binder.py

serve: book ## show the book at http://localhost:8000 (PORT=... for another)
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

chapters: .venv/made ## run the notebooks and store their outputs (CHAPTERS=... for some)
	$(BIN)/python tests/store_chapters.py $(CHAPTERS)

bench: .venv/made ## time gmmlib and scikit-learn side by side, with all threads
	env -u OMP_NUM_THREADS -u OPENBLAS_NUM_THREADS $(BIN)/python tests/bench.py

scale: .venv/made ## measure memory and time for more data than memory, on one core and two
	$(BIN)/python tests/scale.py

starts: .venv/made ## compare the ends of gmmlib's and scikit-learn's fits on 200 problems
	$(BIN)/python tests/starts.py

mutants: .venv/made ## change gmmlib on purpose: which chapters notice, which tests of figures?
	$(BIN)/python tests/mutate.py
	$(BIN)/python tests/break_figures.py

mutation: _build/mutation/made ## change gmmlib, a place at a time: which tests notice? (FILES="em steps" for some)
	ln -sfn ../../gmmlib ../../tests ../../pyproject.toml _build/mutation
	cd _build/mutation && PYTEST_ADDOPTS="$(BUT_THE_BOOK)" bin/mutmut run $(FILES:%="gmmlib.%.*")
	cd _build/mutation && bin/mutmut results | sed '/not checked/d'

fuzz: _build/fuzz/made ## read damaged files and odd answers, for ten minutes (SECONDS=... for each)
	_build/fuzz/bin/python tests/fuzz.py tables $(SECONDS)
	_build/fuzz/bin/python tests/fuzz.py answers $(SECONDS)

lock: $(UV) ## choose the newest versions that pyproject.toml admits (UPGRADE= keeps those of now)
	echo '-e .[book]' | $(LOCK) $(UPGRADE) --output-file requirements.txt
	cp requirements.txt .binder # the same versions, of what Binder needs
	echo '-e .[lab]' | $(LOCK) --output-file .binder/requirements.txt

clean: ## remove what was built, and the environment
	rm -rf .venv _build

.venv/made: requirements.txt
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install -r requirements.txt
	touch $@

$(UV):
	$(PYTHON) -m venv --clear _build/uv
	_build/uv/bin/pip install --quiet uv

_build/binder/made: .binder/requirements.txt
	$(PYTHON) -m venv --clear _build/binder
	_build/binder/bin/python -m pip install -r .binder/requirements.txt
	touch $@

_build/fuzz/made: requirements.txt
	$(PYTHON) -m venv --clear _build/fuzz
	_build/fuzz/bin/python -m pip install -r requirements.txt "atheris>=3,<4"
	touch $@

_build/mutation/made: requirements.txt
	$(PYTHON) -m venv --clear _build/mutation
	_build/mutation/bin/python -m pip install -r requirements.txt "mutmut>=3.8,<4"
	touch $@
