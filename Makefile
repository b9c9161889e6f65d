# The title block: make report STUDENT='Ada Lovelace'. What is not given is as in the
# parameters cell of notebooks/report.ipynb.
COURSE =
TITLE =
STUDENT =
DATE =
# Only this experiment, for make sweep
EXPERIMENT =
# The Python that makes the environment
PYTHON3 = python3

# As they were typed: a $ is a $.
override COURSE := $(value COURSE)
override TITLE := $(value TITLE)
override STUDENT := $(value STUDENT)
override DATE := $(value DATE)
export COURSE TITLE STUDENT DATE

# The environment: that of environment.yml if it is active, else .venv.
ifeq ($(CONDA_DEFAULT_ENV),dl4ia-report)
PREFIX := $(CONDA_PREFIX)
else
PREFIX := .venv
endif
PYTHON := $(PREFIX)/bin/python
READY := $(PREFIX)/ready-for-dl4ia

SOURCES := experiments.yaml requirements.txt $(wildcard data/* notebooks/*.ipynb) \
	$(wildcard helpers/*.py helpers/pipeline/*.py report/*.* report/template/*)
SOURCES := $(filter-out report/report.%,$(SOURCES))

.DELETE_ON_ERROR:
.PHONY: help report sweep lab test lint lock clean distclean FORCE

help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 11

report: report/report.pdf ## make the report: report/report.pdf
	@echo report/report.pdf is up to date

sweep: $(READY) ## run the experiments that have not been run (EXPERIMENT=name for one)
	@$(PYTHON) -m helpers.pipeline.sweep --experiment '$(EXPERIMENT)'

lab: $(READY) ## open the notebooks in JupyterLab
	$(PREFIX)/bin/jupyter lab notebooks/descent.ipynb

test: $(READY) report/report.pdf ## prove that all of it works
	$(PYTHON) -m pytest

lint: $(READY) ## check the style of the code
	$(PREFIX)/bin/ruff check helpers tests notebooks
	$(PREFIX)/bin/ruff format --check helpers tests notebooks

lock: $(READY) ## renew requirements.txt from pyproject.toml
	$(PREFIX)/bin/uv pip compile --quiet --universal --generate-hashes --upgrade \
		--extra dev --python-version 3.11 --custom-compile-command 'make lock' \
		pyproject.toml --output-file requirements.txt

clean: ## remove what was built, but the report
	rm -rf build

distclean: clean ## remove all that is not in the repository
	rm -rf .venv report/report.pdf .pytest_cache .ruff_cache .hypothesis

# The environment, exactly as locked, with this folder as the package `helpers`.
$(READY): requirements.txt pyproject.toml apt.txt helpers/pipeline/system.py
	@$(if $(filter .venv,$(PREFIX)),$(PYTHON3) helpers/pipeline/system.py venv)
	@$(if $(filter .venv,$(PREFIX)),$(PYTHON3) -m venv .venv)
	@sed -n '/^uv==/,/# via/p' requirements.txt | $(PYTHON) -m pip install -q --no-deps -r /dev/stdin
	@$(PREFIX)/bin/uv pip $(if $(filter .venv,$(PREFIX)),sync,install -r) --quiet --python $(PYTHON) --require-hashes requirements.txt
	@$(PREFIX)/bin/uv pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation --editable .
	@touch $@

# The title block as last asked for; touched only when it changes.
build/title: FORCE
	@mkdir -p build && printf '%s\n' "$$COURSE" "$$TITLE" "$$STUDENT" "$$DATE" > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# The report. TeX is looked for first: nothing is half done.
report/report.pdf: $(READY) $(SOURCES) build/title
	@$(PYTHON3) helpers/pipeline/system.py tex
	@$(PYTHON) -m helpers.pipeline.report
