# Everything from a fresh machine that has python3 (3.10 to 3.13) and make:
#
#   make demo         compile the bundled model, score the bundled sequences, time it against the
#                     model; a picture and a page of the scores, in build/demo
#   make test         the tests
#   make browser      chromium, for the tests of pages, where it is missing; make test runs it first
#   make smoke        the demo and the tests that take seconds: does it work with this Python?
#   make sweep        the wide sweeps that `make test` leaves out
#   make mutants      one fault at a time planted in ir, passes, runtime and io: do the tests that
#                     need no TensorFlow see it? Hours; MUTANTS='fastism.io.*' picks (docs/mutants.md)
#   make lint         ruff and mypy
#   make fuzz         N=500 random models held against themselves, from seed START=0 on
#   make bench        every model, beside calling it and beside other tools, in about 25 minutes;
#                     writes benchmarks/RESULTS.md and VARIANTS.md
#   make bench-quick  Basset beside calling it, in a few minutes; writes build/bench/RESULTS.md
#   make picture      the pictures of docs/
#   make docs         the site, from docs/ and mkdocs.yml: build/site/index.html
#   make pages        the pages of docs/ that are made from the code; PAGES=ops picks
#   make clean        remove the environment
#
# PYTHON=python3.12 picks another interpreter. The environment is .venv; it is made once, and
# installed into again when pyproject.toml changes.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
TEST_READY := $(VENV)/test-installed
DEV_READY := $(VENV)/dev-installed

LIGHT := tests/ir tests/io tests/passes --ignore=tests/passes/test_every_pass.py \
  $(addprefix tests/runtime/test_,arguments.py enough_timed.py executed.py executor.py finite.py items.py \
    other_strand.py pace.py sites.py small_manifest.py small_plan.py \
    small_reports.py small_scores.py small_tracks.py \
    small_widths.py threads.py tuned.py what_runs.py written.py)
MUTANTS ?=

export TF_CPP_MIN_LOG_LEVEL ?= 3
export KERAS_BACKEND := tensorflow

.PHONY: demo test smoke sweep mutants browser lint fuzz bench bench-quick picture pages docs clean
.DELETE_ON_ERROR:

demo: $(TEST_READY)
	@mkdir -p build
	$(RUN) -m fastism demo -o build/demo --force

test: $(TEST_READY) browser
	$(RUN) -m pytest --numprocesses 2 --dist loadgroup

smoke: demo
	$(RUN) -m pytest $(LIGHT) tests/test_imports.py tests/test_demo.py

sweep: $(TEST_READY)
	$(RUN) -m pytest --numprocesses 2 --dist loadgroup -m sweep

mutants: $(DEV_READY)
	$(RUN) -m mutmut run --max-children 2 $(MUTANTS)
	$(RUN) -m mutmut results

# The pages are tested in Debian's chromium. Where there is none, and none can be had, the tests go
# on without it and say at the end which were not run.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	  echo "installing chromium, for the tests of pages"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends chromium chromium-driver; \
	} || echo "no browser: apt-get could not install chromium (needs Debian or Ubuntu, and root);" \
	          "the tests that open pages are not run"

lint: $(DEV_READY)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

N ?= 500
START ?= 0
fuzz: $(TEST_READY)
	$(RUN) -m fastism.testing.fuzz $(N) $(START)

bench: $(TEST_READY)
	$(RUN) -m benchmarks.compare
	$(RUN) -m benchmarks.variants

bench-quick: $(TEST_READY)
	$(RUN) -m benchmarks.compare --rows basset-32 basset-1 --no-peers --output build/bench/RESULTS.md

picture: demo browser
	$(RUN) docs/make_windows.py
	$(RUN) -m docs.make_explain
	$(RUN) -m docs.make_pictures build/demo

PAGES ?=
pages: $(TEST_READY)
	$(RUN) -m docs.pages $(PAGES)

docs: $(TEST_READY)
	$(RUN) -m docs.build_site
	@echo "open build/site/index.html"

clean:
	rm -rf $(VENV)

$(TEST_READY): pyproject.toml | $(RUN)
	$(RUN) -m pip install --editable '.[test]'
	@touch $@

$(DEV_READY): pyproject.toml | $(RUN)
	$(RUN) -m pip install --editable '.[dev]'
	@touch $@

# A half-made environment is removed, so that the next make starts over.
$(RUN):
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) on the path."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "fastism needs Python 3.10 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "  try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make a virtual environment: its ensurepip module is missing."; \
	  echo "  why: Debian and Ubuntu ship it apart"; \
	  echo "  try: apt-get install python3-venv   (as root)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) && $(RUN) -m pip install --quiet --upgrade pip || { \
	  rm -rf $(VENV); exit 1; }
