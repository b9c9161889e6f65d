# Which report: the name of a notebook. The default is the assignment, notebooks/report.ipynb.
REPORT =
# Its title block: make report STUDENT='Ada Lovelace'. Each value is remembered; STUDENT= goes back
# to the default in the parameters cell of the notebook.
COURSE =
TITLE =
STUDENT =
DATE =
# Its data, for example for REPORT=regression: a table, the column to predict, and the columns
# to predict it from (a,b; by default all columns of numbers). They are remembered too.
DATA =
TARGET =
FEATURES =
# For make new: the name of a new report
NAME =
# For make sweep and results: only this experiment. For make sweep: a Dask scheduler
# (tcp://host:port); the seconds that a run, or the report's notebook, may take; DRY_RUN=1 only
# prints what would be run, and why; YES=1 allows a very large grid.
EXPERIMENT =
SCHEDULER =
TIME_LIMIT = 600
DRY_RUN =
YES =
# For make verify: a report, as either or both; the largest relative difference allowed; JSON=1
# for scripts; ALL=1 also prints what holds
PDF =
HTML =
TOLERANCE =
JSON =
ALL =
# For make compare: a commit, PDF, page or results.json; without B, the checkout
A =
B =
# For make grade: a folder of zips and folders; WALLS=none runs them without a sandbox
SUBMISSIONS =
WALLS =
# For make benchmark: RECORD=1 updates the times that the report shows
RECORD =
# For make results: a file to write to
CSV =
# For make preview: the port of its page; by default a free one
PORT =
# For make lock: UPGRADE=1 takes the newest packages
UPGRADE =
# The Python that makes the environment
PYTHON3 = python3

# Take them as typed ($ is just a $), and pass them on in the environment.
GIVEN := COURSE TITLE STUDENT DATE EXPERIMENT SCHEDULER TIME_LIMIT DRY_RUN YES PDF HTML
GIVEN += TOLERANCE JSON ALL A B SUBMISSIONS WALLS RECORD CSV PYTHON3 REPORT DATA TARGET FEATURES NAME PORT
TYPED := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
UNKNOWN := $(filter-out $(GIVEN) UPGRADE PREFIX PYTEST_ADDOPTS -%,$(TYPED))
$(if $(UNKNOWN),$(error there is no variable $(UNKNOWN); there are $(sort $(GIVEN) UPGRADE)))
$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name))))
# The files of a report are named after its notebook; those of the assignment have no prefix.
override REPORT := $(or $(REPORT),report)
NOTEBOOKS := $(patsubst notebooks/%.ipynb,%,$(wildcard notebooks/*.ipynb))
NAMED := $(or $(if $(filter 1,$(words $(REPORT))),$(filter $(NOTEBOOKS),$(REPORT))),unknown)
INPUTS := build/$(if $(filter-out report,$(NAMED)),$(NAMED).)inputs
# A variable that is not given keeps its last value; STUDENT= goes back to the default.
now = $(if $(filter $(1),$(TYPED)),$($(1)),$(shell sed -n '$(or $(2),s/^$(1)=//)p' $(INPUTS) 2>/dev/null))
override COURSE := $(call now,COURSE,1)
override TITLE := $(call now,TITLE,2)
override STUDENT := $(call now,STUDENT,3)
override DATE := $(call now,DATE,4)
override DATA := $(call now,DATA)
override TARGET := $(call now,TARGET)
override FEATURES := $(call now,FEATURES)
# The remembered ones, which an error message then mentions.
REMEMBERED := $(foreach name,DATA TARGET FEATURES,$(if $(filter $(name),$(TYPED)),,$(if $($(name)),$(name))))
export $(GIVEN) REMEMBERED
# Letters of any language work, also in the names of folders, whatever the locale is.
export LC_ALL := $(if $(filter Darwin,$(shell uname)),en_US,C).UTF-8
# Without bytecode, every command would compile everything that it imports.
export PYTHONDONTWRITEBYTECODE :=

# The environment: that of environment.yml if it is active, else .venv.
ifeq ($(CONDA_DEFAULT_ENV),dl4ia-report)
PREFIX := $(CONDA_PREFIX)
else
PREFIX := .venv
endif
PYTHON := $(PREFIX)/bin/python
# Without the user's own settings for Python. `exec` replaces the shell: a signal to make would
# otherwise end only the shell.
RUN := exec $(PYTHON) -Es -m
ASK := "$$PYTHON3" -Es -m helpers.pipeline
READY := $(PREFIX)/ready-for-dl4ia
CLUSTER := $(PREFIX)/ready-for-cluster

# Git keeps neither the outputs of a notebook nor the details of its kernel.
LANGUAGE := $(addprefix metadata.language_info.,codemirror_mode file_extension mimetype nbconvert_exporter pygments_lexer version)
STRIP := $(PREFIX)/bin/nbstripout --keep-id --extra-keys "$(LANGUAGE) metadata.widgets cell.metadata.execution"

SOURCES := requirements.txt $(wildcard experiments.yaml notebooks/*.ipynb) \
	$(wildcard helpers/*.py helpers/*/*.py helpers/*/*.js helpers/*/*.css helpers/pipeline/*/*.py helpers/pipeline/*/*.lua report/*.* report/template/* report/page/*)
SOURCES := $(filter-out report/%.pdf report/%.html report/%results.json,$(SOURCES))

.DELETE_ON_ERROR:
.PHONY: help report new html preview verify compare submission grade reproduce sweep results cluster lab test benchmark lint lock clean distclean FORCE

help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 11

report: report/$(NAMED).pdf ## make the report: report/report.pdf and report/report.html
	@$(if $(MADE),:,echo "$< is up to date$${STUDENT:+, for $$STUDENT}")

new: $(READY) ## begin another report: notebooks/NAME.ipynb (NAME=assignment2)
	@$(RUN) helpers.pipeline.report.new "$$NAME"

html: report/$(NAMED).html ## make only the page, without LaTeX: report/report.html
	@$(if $(MADE),:,echo "$< is up to date$${STUDENT:+, for $$STUDENT}")

preview: $(READY) ## show the page while you write, after every save (PORT=number)
	@$(RUN) helpers.pipeline.preview --port="$$PORT"

sweep: $(if $(SCHEDULER),$(CLUSTER),$(READY)) ## run the experiments that are missing or out of date (EXPERIMENT=name for one)
	@$(RUN) helpers.pipeline.sweep --experiment="$$EXPERIMENT" --report="$$REPORT" \
		--time-limit="$$TIME_LIMIT" --dry-run="$$DRY_RUN" --yes="$$YES"

results: $(READY) ## print the results of all runs (CSV=file writes them to a table)
	@$(RUN) helpers.pipeline.sweep.results --experiment="$$EXPERIMENT" --csv="$$CSV"

verify: $(READY) ## rebuild everything and compare it with the recorded results (or PDF=, HTML=file)
	@$(if $(if $(HTML),$(PDF),yes),$(ASK).system tex)
	@$(RUN) helpers.pipeline.verify --pdf="$$PDF" --html="$$HTML" --tolerance="$$TOLERANCE" \
		--json="$$JSON" --all="$$ALL"

compare: $(READY) ## show what changed between two reports (A=, B=: commit, PDF, page or results)
	@$(RUN) helpers.pipeline.compare --a="$$A" --b="$$B"

submission: report/$(NAMED).pdf ## write the zip to hand in: build/submission.zip
	@$(RUN) helpers.pipeline.verify.submission

grade: $(READY) ## verify the submissions of a class (SUBMISSIONS=folder)
	@$(ASK).system tex
	@$(if $(WALLS),,$(ASK).system walls)
	@$(RUN) helpers.pipeline.grading --time-limit="$$TIME_LIMIT" \
		--tolerance="$$TOLERANCE" --walls="$$WALLS" -- "$$SUBMISSIONS"

reproduce: $(READY) ## build the commit twice under different conditions, and compare
	@$(ASK).system tex
	@$(RUN) helpers.pipeline.verify.reproduce

cluster: $(CLUSTER) ## start a Dask scheduler and two workers here, until Ctrl-C
	@$(RUN) helpers.pipeline.sweep.executors

lab: $(READY) ## open the notebooks in JupyterLab
	@$(RUN) helpers.pipeline.kernels.arithmetic $(PREFIX)/bin/jupyter lab --ip=127.0.0.1 --ServerApp.answer_yes=True \
		$(if $(filter 0,$(shell id -u)),--allow-root) --ServerApp.root_dir="$$PWD" \
		--LabApp.default_url=/lab/tree/notebooks/explore.ipynb

test: $(CLUSTER) report/report.pdf report/report.html ## check that everything works
	@for it in walls browser qpdf; do $(ASK).system $$it --if-possible || exit; done
	$(RUN) pytest

benchmark: $(CLUSTER) ## measure how fast everything is, compared with other tools (an hour)
	@$(ASK).system tex
	@for it in explore sweep report preview; do $(PYTHON) -Es tests/benchmark_$$it.py || exit; done
	@$(PYTHON) -Es tests/benchmark_scale.py $(if $(filter-out 0,$(RECORD)),--record)

lint: SCRIPTS = $(wildcard helpers/explore/*.js report/page/*.js)
lint: $(READY) ## check the style of the code
	$(PREFIX)/bin/ruff check helpers tests notebooks
	$(PREFIX)/bin/ruff format --check helpers tests notebooks
	DENO_NO_UPDATE_CHECK=1 $(PREFIX)/bin/deno lint --quiet --rules-exclude=no-window $(SCRIPTS)
	$(PREFIX)/bin/deno fmt --quiet --check --line-width 120 $(SCRIPTS)

# One version for every Python, so that all of them make the same report.
lock: LOCK = $(PREFIX)/bin/uv pip compile --quiet --universal --fork-strategy fewest \
	--generate-hashes $(if $(UPGRADE),--upgrade) --python-version 3.11 \
	--custom-compile-command 'make lock' pyproject.toml
lock: $(READY) ## update requirements.txt from pyproject.toml
	$(LOCK) --extra dev --output-file requirements.txt
	$(LOCK) --extra cluster --constraint requirements.txt --output-file requirements-cluster.txt

clean: ## remove what was built, except for the report and the values given for it
	@mkdir -p build
	@find build -mindepth 1 -not -name '*inputs' -delete
	@find build -name '*inputs' -exec touch {} +

distclean: clean ## also remove the environment and the report
	@$(ASK).report.revision config --unset filter.notebooks.clean
	rm -rf build .venv report/*.pdf report/*.html .pytest_cache .ruff_cache .hypothesis
	find helpers $(wildcard tests) -name __pycache__ -prune -exec rm -rf {} +
	@echo 'until the environment is installed again, git add keeps the outputs of notebooks'

# The environment, exactly as locked, with this folder as the package `helpers`.
$(READY): requirements.txt pyproject.toml apt.txt helpers/pipeline/system.py helpers/explore/lab.json
	@echo 'installing the packages of requirements.txt into $(PREFIX): a minute, 1 GB'
	@$(if $(filter .venv,$(PREFIX)),$(ASK).system venv)
	@$(if $(filter .venv,$(PREFIX)),$(PYTHON3) -m venv .venv)
	@sed -n '/^uv==/,/# via/p' requirements.txt | $(RUN) pip install -q --no-deps -r /dev/stdin
	@$(PREFIX)/bin/uv pip $(if $(filter .venv,$(PREFIX)),sync,install) --quiet --python $(PYTHON) --require-hashes $(if $(filter .venv,$(PREFIX)),,-r) requirements.txt
	@$(PREFIX)/bin/uv pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation --editable .
	@# Reading a notebook would compile a grammar of addresses that nothing needs: 2 s.
	@echo 'import sys; sys.modules["rfc3987_syntax"] = None' > \
		"$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/without_grammar.pth"
	@mkdir -p $(PREFIX)/share/jupyter/lab/settings && cp helpers/explore/lab.json $(PREFIX)/share/jupyter/lab/settings/overrides.json
	@$(ASK).report.revision config filter.notebooks.clean '$(STRIP)'
	@touch $@

# Dask, for sweeps on a cluster.
$(CLUSTER): requirements-cluster.txt $(READY)
	@$(PREFIX)/bin/uv pip install --quiet --python $(PYTHON) --require-hashes --requirement requirements-cluster.txt
	@touch $@

# The last values of the variables above, the commit, and a checksum of the data. It is written
# only when one of them changes and the title block can be printed.
$(INPUTS): NEW := $(INPUTS).$(shell echo $$PPID)
$(INPUTS): FORCE
	@mkdir -p build && printf '%s\n' "$$COURSE" "$$TITLE" "$$STUDENT" "$$DATE" > $(NEW)
	@printf '%s\n' "DATA=$$DATA" "TARGET=$$TARGET" "FEATURES=$$FEATURES" >> $(NEW)
	@$(ASK).report.revision >> $(NEW)
	@find data -type f -exec cksum {} + >> $(NEW)
	@if [ -f "$$DATA" ]; then cksum "$$DATA" >> $(NEW); fi
	@if cmp -s $(NEW) $@; then rm $(NEW); \
	elif [ ! -x $(PYTHON) ] || $(PYTHON) -Es -m helpers.pipeline.report.title $(filter html,$(MAKECMDGOALS)); \
	then mv $(NEW) $@; else rm $(NEW); exit 2; fi

# The report. TeX is checked first, so that nothing is left half done.
report/$(NAMED).pdf: $(READY) $(SOURCES) $(INPUTS)
	$(eval MADE := yes)
	@$(ASK).system tex
	@$(RUN) helpers.pipeline.report

# The page alone; `make report` writes it too.
report/$(NAMED).html: $(READY) $(SOURCES) $(INPUTS)
	$(eval MADE := yes)
	@$(RUN) helpers.pipeline.report html
