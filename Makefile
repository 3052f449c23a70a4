# Commands of this repository. `make help` prints them from the comments.
.DEFAULT_GOAL := help
.PHONY: help run stop test test-spark label-studio-sdk sdk-environment check bench lock web screenshots clean

PYTHON ?= python3
PY := .venv/bin/python
BOOTSTRAP := $(PYTHON) -B runner/bootstrap.py

help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: ## Install what is needed, start everything, print the address (PORT=8000, ASSAY_TORCH=cuda)
	@$(BOOTSTRAP) run

stop: ## Stop a service that `make run` started in another terminal
	@$(BOOTSTRAP) stop

test: ## Run all tests, with a real database, worker and browser
	@$(BOOTSTRAP) test $(ARGS)

test-spark: ## Prove that PySpark finds the same near-duplicates, in an environment of its own (Java 17 or 21)
	@$(PY) -m uv venv --quiet --allow-existing --python $(PY) build/spark
	@UV_SYSTEM_CERTS=true $(PY) -m uv pip install --quiet --python build/spark/bin/python "ibis-framework[duckdb,pyspark]>=12,<13" "pyspark>=4,<4.1" "numba>=0.62"
	@build/spark/bin/python bench/near_ways.py --ways shards duckdb spark

label-studio-sdk: sdk-environment ## Run scripts of Label Studio's own SDK against the service
	@$(BOOTSTRAP) test tests/e2e/test_label_studio_sdk.py

sdk-environment: ## Install Label Studio's SDK in an environment of its own; make test uses it once it is there
	@$(PY) -m uv venv --quiet --allow-existing --python $(PY) build/label-studio-sdk
	@UV_SYSTEM_CERTS=true $(PY) -m uv pip install --quiet --python build/label-studio-sdk/bin/python "label-studio-sdk==2.1.2"

check: ## Linters, types, import rules, migrations, OpenAPI file, translations, built page
	@$(BOOTSTRAP) check

bench: ## Run the benchmarks in bench/
	@$(BOOTSTRAP) bench $(ARGS)

lock: ## Compute requirements.lock and requirements-dev.lock anew from pyproject.toml
	@$(BOOTSTRAP) lock

web: ## Build the labeling page from web/ into the Python package (needs Node)
	cd web && npm ci && npm run build

PICTURED := chain_browser review_page pictures meaning_page privacy_page sources_page task_types arcs real_content grid_page comments comments_at_marks reviewing work_page people_page adjudicate_page acceptance_page agreement_page label_errors_page learning_page onboarding rules_page suggestions_page
screenshots: ## Take the pictures of docs/screenshots/ anew, in the browser tests that show the pages
	@ASSAY_SCREENSHOTS=docs/screenshots $(BOOTSTRAP) test $(PICTURED:%=tests/e2e/test_%.py)

clean: ## Remove caches and build outputs; data in .assay/ and the .venv/ stay
	rm -rf build dist test-results .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -not -path './node_modules/*' -prune -exec rm -rf {} +
