# make run: open the app.   make test: run everything.   Both make the environment that they need.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run test check unit js browser-tests browser clean

run: $(VENV)/.run
	$(BIN)/streamlit run app.py

test: check unit js browser-tests

check: $(VENV)/.test  ## form, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

unit: $(VENV)/.test  ## on all cores, each test on one
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

js: $(VENV)/.test  ## the JavaScript of the components
	$(BIN)/python -m tests.js

browser-tests: $(VENV)/.test browser  ## two at a time, each with a server and a browser of its own: they mostly wait
	$(BIN)/python -m pytest -m browser -n 2 --dist loadfile

browser: $(VENV)/.test  ## Chromium: the one that is there, else Playwright's own, else the system's package
	@$(BIN)/python -m tests.browser.chromium \
	  || $(BIN)/playwright install chromium \
	  || { apt-get update && apt-get install -y --no-install-recommends chromium; }

$(VENV)/.run: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -r requirements.txt
	touch $@

$(VENV)/.test: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -r requirements-dev.txt
	touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) tests/js/node_modules
