# Everything starts from python3 and make. The environment is built once, and again only when the lock changes.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo run test check lint bench week kill9 mails lingua apprise analytics browser quality figures torture-web torture-alerts torture-archive coverage lock clean

help:
	@echo "make demo    the real daemon against a newsroom on this machine: no network, no configuration"
	@echo "make test    all tests"
	@echo "make run     the daemon on feeds.yaml"
	@echo "make check   format, lint, types, tests; make lint: without the tests"
	@echo "make bench   the benchmarks, a few minutes; figures go to bench/results/"
	@echo "make week    a simulated week of polling, against other policies; three minutes"
	@echo "make kill9   kill the daemon 50 times at random moments and count the alerts"
	@echo "make mails   each mail there is, with screenshots and a spam filter's word, in bench/results/mails/"
	@echo "make lingua  install the other language detector, a large one, to compare with"
	@echo "make apprise install the extra that sends to a hundred services, for its tests"
	@echo "make analytics install the extra that writes Parquet, for its tests"
	@echo "make browser the web pages in a real browser (Debian: apt-get install chromium)"
	@echo "make quality the suites over ../shared/data, where it is, and properties of the rules on many examples"
	@echo "make figures the same, and docs/quality.md says what they measured"
	@echo "make torture-web  hostile servers, documents and names against the real parts, two minutes"
	@echo "make torture-alerts  mail servers, clocks, kills and full disks against the alerts, three minutes"
	@echo "make torture-archive  damage, loss, full disks, kills and hostile queries against the archive, two minutes"
	@echo "make coverage  which lines the tests reach, processes of their own included"
	@echo "make lock    write the requirements*.lock anew from pyproject.toml (needs uv)"

.venv/.lock: requirements.lock
	@echo "setting up .venv (once; about half a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "monitor needs Python 3.11 or newer; this is %s. Run: make PYTHON=python3.11 ..." % sys.version.split()[0])'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "python3 has no venv module. On Debian: apt install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/.lock
	@$(BIN)/python examples/demo.py

run: .venv/.lock
	@$(BIN)/monitor run

test: .venv/.lock
	@$(BIN)/python -m pytest

check: lint test

lint: .venv/.lock
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: .venv/.lock
	@$(BIN)/python bench/run.py
	@$(BIN)/python bench/door.py
	@$(BIN)/python bench/judging.py
	@$(BIN)/python bench/language.py
	@$(BIN)/python bench/likeness.py
	@$(BIN)/python bench/events.py
	@$(BIN)/python bench/rules.py
	@$(BIN)/python bench/alerts.py

week: .venv/.lock
	@$(BIN)/python bench/week.py --seed $(or $(SEED),1)

kill9: .venv/.lock
	@$(BIN)/python bench/kill9.py --rounds $(or $(ROUNDS),50)

mails: .venv/.lock
	@$(BIN)/python bench/mails.py

# The other language detector, for its column in the quality suite and for who prefers it; make test does without.
lingua: .venv/.lock
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-lingua.lock

# The extra of the apprise channels; make test does without it, and then tests them with a stand-in.
apprise: .venv/.lock
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-apprise.lock

# The extra that writes Parquet, for its tests; make test does without it.
analytics: .venv/.lock
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-analytics.lock

# The web pages in a real browser; make test asks them without one.
browser: .venv/.lock
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-browser.lock
	@$(BIN)/python -m pytest tests/browser

# The properties of the rules hold in make test, too, on a few hundred examples each.
quality: .venv/.lock
	@$(BIN)/python -m pytest tests/quality
	@MONITOR_EXAMPLES=20 $(BIN)/python -m pytest tests/rules/test_evaluate.py tests/rules/test_prefilter.py

figures: .venv/.lock
	@MONITOR_FIGURES=write $(BIN)/python -m pytest tests/quality -s

torture-web: .venv/.lock
	@$(BIN)/python -m pytest tests/torture

# KILLS=200 SEEDS=500 LOSSES=5000 for an hour of it.
torture-alerts: .venv/.lock
	@MONITOR_SEEDS=$(SEEDS) MONITOR_LOSSES=$(LOSSES) $(BIN)/python -m pytest tests/alerts
	@$(BIN)/python bench/kill9.py --rounds $(or $(KILLS),8)

torture-archive: .venv/.lock
	@$(BIN)/python -m pytest tests/keeping

coverage: .venv/.lock
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --skip-covered

# The lock names versions and hashes, never an index: any mirror may serve the files.
lock:
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --extra fulltext --extra web --group dev --output-file requirements.lock pyproject.toml
	@for extra in lingua apprise analytics browser; do sed -n "s/^$$extra = \[\"\(.*\)\"\].*/\1/p" pyproject.toml | sed 's/", "/\n/g' | uv pip compile --quiet \
	  --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --constraint requirements.lock --output-file requirements-$$extra.lock - || exit 1; done

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage demo
