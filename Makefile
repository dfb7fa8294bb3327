# make demo and make test do all the set-up themselves; PYTHON=python3.12 chooses the interpreter.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test test-packets test-tools test-house test-docker bench golden screenshots notebooks clean

help:
	@echo "make demo    one packet through Docker's rules, explained"
	@echo "make test    lint, types and tests (as root the kernel tests too; all at once)"
	@echo "make test-docker  real Docker and podman hosts against their prediction (root)"
	@echo "make bench   the benchmarks"
	@echo "make golden  write the golden traces anew, to be read with git diff"
	@echo "make screenshots  take the pictures of pages anew, to be looked at (chromium)"
	@echo "make notebooks  run the course and write its outputs anew, likewise"
	@echo "make clean   remove what the above made"

# fwsim's exit status 1 says that the packet did not get through, which is what the demo shows; but
# a Python that crashes ends with 1 too, so its traceback is looked for.
demo: $(STAMP)
	@status=0; $(BIN)/fwsim trace --src 172.18.0.3 --dst 8.8.8.8 2>$(VENV)/demo.err || status=$$?; \
	cat $(VENV)/demo.err >&2; \
	test $$status -le 1 && ! grep -q '^Traceback' $(VENV)/demo.err

test: $(STAMP)
	@$(MAKE) --no-print-directory --keep-going --output-sync=target -j3 test-packets test-tools test-house

# kernel tests: packets through the real kernel, and what the real tools read and print
test-packets: $(STAMP)
	@$(BIN)/pytest -q tests/kernel --ignore-glob='*_real.py'

test-tools: $(STAMP)
	@$(BIN)/pytest -q tests/kernel/*_real.py

test-house: $(STAMP)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format"; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/pytest -q --ignore=tests/kernel

test-docker: $(STAMP)
	@$(BIN)/pytest -q -m docker tests/docker

bench: $(STAMP)
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

screenshots: $(STAMP)
	@FWSIM_BROWSER=required FWSIM_UPDATE_SCREENSHOTS=1 $(BIN)/pytest -q tests/browser

golden: $(STAMP)
	@FWSIM_UPDATE_GOLDEN=1 $(BIN)/pytest -q
	@git status --short tests fixtures README.md

notebooks: $(STAMP)
	@$(BIN)/python -m tests.notebooks
	@git status --short notebooks

clean:
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
	  echo "$(PYTHON) is not installed: try apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "fwsim needs Python 3.11 or later, and $(PYTHON) is `$(PYTHON) -V`:" \
	       "try make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments: try apt-get install python3-venv"; exit 1; }
	@echo "setting up $(VENV) with `$(PYTHON) -V`"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@
