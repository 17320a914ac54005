# Deux commandes suffisent : `make demo` et `make test`. Tout s'installe dans .venv.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test test-services check bench fault docs bundle clean

$(STAMP): pyproject.toml requirements.lock requirements-dev.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $(STAMP)

demo: $(STAMP) ## un site de démonstration, mesuré aussitôt
	$(BIN)/dui-connector demo demo

test: $(STAMP) ## les tests, sans serveur ni droits particuliers
	$(BIN)/python -m pytest -n auto --dist worksteal

test-services: $(STAMP) ## les tests qui demandent un vrai programme (Chromium, JDK et Maven pour HAPI FHIR…)
	$(BIN)/python -m pytest -m 'services or browser' $(SERVICES_ARGS)

fault: $(STAMP) ## la file d'envoi tuée mille fois, dix mille calendriers de pannes (moins d'une heure), et les comptes
	rm -rf build/fault && mkdir -p build/fault
	DUI_FAULT=long DUI_FAULT_BILAN=build/fault $(BIN)/python -m pytest -q -n auto --dist loadfile tests/fault
	tail -n +1 build/fault/*.txt

check: $(STAMP) ## style, types, imports, documentation à jour
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_docs.py

docs: $(STAMP) ## réécrit les pages tirées du code et des tests
	$(BIN)/python -m tests.lib.docs

bench: $(STAMP) ## mesures par paires, en un tableau
	$(BIN)/python -m tests.bench

bundle: $(STAMP) ## les lots d'installation sans réseau, Linux et Windows, dans dist/
	$(BIN)/python deploy/bundle.py --plateforme linux
	$(BIN)/python deploy/bundle.py --plateforme windows

clean:
	rm -rf .venv demo
