# make demo: the program on a synthetic recording.  make test: every check and test.  make help: the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
# Its programs take locks of their own, as apt-get and pip do, or measure time.
.NOTPARALLEL:
# Not $(MAKE) amid a longer line: make -n would run all of it.
SELF := $(MAKE)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	$$name -c '$(FITS)' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
TORCH_CPU ?= https://download.pytorch.org/whl/cpu
APT := $(if $(filter-out 0,$(shell id -u)),sudo -n )env DEBIAN_FRONTEND=noninteractive apt-get -q
# Package lists may be missing or old: a first try without them, a second one with.
install = { $(APT) install -y $(1) || { $(APT) update && $(APT) install -y $(1); }; }

.PHONY: help demo test coverage test-vehicle wheelhouse faults camera-faults fuzz soak bench mutants asyncapi docs numbers release deb fresh venv lint types contract format clean mosquitto gpsd strace chromium aplay ffmpeg

help:
	@echo 'make demo      set up what a device needs, run on a synthetic recording'
	@echo 'make test      set up what is missing; lint, types, import contract, all tests'
	@echo 'make coverage  all tests; branch coverage of each package, and failure where it is too low'
	@echo 'make faults    the campaign of faults against delivery: at most 8 minutes, its report as the last line'
	@echo 'make camera-faults  a camera that fails 140 times, 25 minutes, its report as the last line'
	@echo 'make fuzz      the fuzzer against payloads, lines, packets and database pages'
	@echo 'make soak      the daemon for an hour, with faults mixed in'
	@echo 'make wheelhouse    every package of a Raspberry Pi in a folder: installation without a network'
	@echo 'make test-vehicle  installation, sandbox, faults, updates on a Debian that boots; needs root'
	@echo 'make bench     this project beside the fer package, YuNet, Haar and the bare models, 8 minutes: docs/performance.md'
	@echo 'make mutants   small faults in rules (ROOM=delivery): how many do the tests find? MUTANTS="--sample 200"'
	@echo 'make docs      the configuration reference, and all documentation as pages in build/site'
	@echo 'make numbers   the numbers of README and docs/ against models, configuration, code and kept results'
	@echo 'make release   wheel, sdist, SBOM, licences, audit in dist/, tried in clean environments'
	@echo 'make deb       the Debian package for the device, amd64 and arm64, in dist/'
	@echo 'make fresh     make demo on a fresh Debian 12 and 13; needs root'
	@echo 'make venv      set up .venv with everything for training and development'
	@echo 'make lint types contract format clean'

demo: .venv/device.stamp
	$(BIN)/driver-monitor run --config config/demo.yaml

# Several processes, as many tests wait for a daemon rather than compute; a single file, given to pytest, runs in one.
WORKERS ?= 3
PYTEST := -m pytest -m 'not alone' -n $(WORKERS) --no-loadscope-reorder
ALONE := -m pytest -m alone tests/faults
PROGRAMS := mosquitto gpsd strace chromium aplay ffmpeg
test: .venv/full.stamp $(PROGRAMS) lint types contract
	$(BIN)/python $(PYTEST)
	$(BIN)/python $(ALONE)

# What measures time, or sees that no file is written, as coverage writes its own.
UNCOVERED := tests/rules/test_rules_properties.py::test_a_step_costs_at_most_a_tenth_of_a_millisecond \
	tests/cameras/test_process.py::test_frames_of_another_size_are_left_out_until_they_are_how_it_is \
	tests/service/test_aim_command.py::test_it_ends_by_itself_and_the_kernel_saw_no_file_written_and_nobody_spoken_to \
	tests/service/test_privacy.py::test_no_file_outside_the_state_directory_is_opened_for_writing
# The same tests; then which share of the branches they took, also in the processes that they started.
coverage: .venv/full.stamp $(PROGRAMS)
	rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run $(PYTEST) $(addprefix --deselect ,$(UNCOVERED))
	$(BIN)/python -m coverage run $(ALONE)
	$(BIN)/python -m coverage combine -q
	mkdir -p build
	$(BIN)/python -m coverage json -q -o build/coverage.json
	@$(BIN)/python tests/branches.py build/coverage.json edge=92 convert=90 train=80

# Eight minutes in which everything fails that can; make faults FAULTS='--seed 7' plans others.
faults: .venv/full.stamp mosquitto
	PYTHONPATH=tests $(BIN)/python tests/faults/campaign.py $(FAULTS)

# A camera that ends, stalls, sends garbage, is killed, goes black or white, 20 times each.
camera-faults: .venv/full.stamp
	PYTHONPATH=tests $(BIN)/python tests/faults/cameras.py $(FAULTS)

# Ten thousand damaged payloads, lines, packets and database pages each: minutes.
fuzz: .venv/full.stamp
	PYTHONPATH=tests $(BIN)/python tests/faults/fuzz.py $(FUZZ)

# Every package that a device needs, for systemd/install --wheels: the Raspberry Pi's, on bookworm (3.11) and trixie (3.13).
WHEELHOUSE ?= wheelhouse
BOARDS ?= aarch64
PYTHONS ?= 3.11 3.13
MANYLINUX := manylinux2014 $(addprefix manylinux_2_,17 24 26 27 28 31 34 35 36)
wheelhouse: .venv/bin/pip
	rm -rf build $(WHEELHOUSE)/driver_monitor-*.whl
	$(BIN)/pip wheel -q --no-deps -w $(WHEELHOUSE) .
	constraints=$$(mktemp); trap 'rm -f "$$constraints"' EXIT; \
	for python in $(PYTHONS); do \
		if [ $$python = 3.11 ]; then printf 'numpy<2\nopencv-python-headless<4.12\n'; else echo 'numpy>=2'; fi >"$$constraints"; \
		for board in $(BOARDS); do \
			$(BIN)/pip download -q -d $(WHEELHOUSE) -c "$$constraints" --only-binary :all: --implementation cp \
				--python-version $$python $$(printf -- "--platform %s_$$board " $(MANYLINUX)) \
				$$(echo $(WHEELHOUSE)/driver_monitor-*.whl)[alerts] 'setuptools>=77' $(ALSO); \
		done; \
	done
	@echo '$(WHEELHOUSE): take it to the device with this clone; there, sudo systemd/install --wheels $(notdir $(WHEELHOUSE)).'

# The Debian package for the device: this project's wheel and those that it needs, and the installer that makes an
# environment of them. One for each processor; no emulator is needed, as nothing is compiled.
deb: .venv/bin/pip
	@{ command -v dh && command -v lintian; } >/dev/null || $(call install,--no-install-recommends debhelper lintian) || { \
		echo 'make deb needs debhelper and lintian: run «sudo apt-get install debhelper lintian» on a Debian, then make again.' >&2; \
		exit 1; \
	}; \
	export SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct); \
	for board in x86_64:amd64 aarch64:arm64; do \
		folder=$(WHEELHOUSE)/deb-$${board%:*}; \
		rm -rf "$$folder" dist/driver-monitor_*_$${board#*:}.deb; \
		$(SELF) --no-print-directory wheelhouse WHEELHOUSE="$$folder" BOARDS=$${board%:*} >/dev/null; \
		debian/build "$$folder" $${board#*:} dist; \
		lintian --allow-root --fail-on error,warning dist/driver-monitor_*_$${board#*:}.deb; \
	done; \
	ls -l dist/*.deb

# A Debian that boots, in a container, and one in an emulator whose power is cut: minutes, and twice as many the first
# time. VEHICLE=long tries everything more often; VEHICLE_TESTS names some of the tests.
VEHICLE_PACKAGES := systemd-container debootstrap qemu-user-static qemu-system-x86 cpio debhelper
VEHICLE_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/driver-monitor
test-vehicle: .venv/full.stamp mosquitto
	@if [ "$$(id -u)" != 0 ]; then \
		echo 'test-vehicle is skipped: only root can boot a container; run it as root.' >&2; test "$${CI:-}" != true; exit; \
	fi; \
	export PATH="$$PATH:/usr/sbin"; \
	{ command -v systemd-nspawn && command -v debootstrap && command -v qemu-aarch64-static && \
		command -v qemu-system-x86_64 && command -v cpio && command -v dh; } >/dev/null || \
		$(call install,--no-install-recommends $(VEHICLE_PACKAGES)) || { \
		echo 'test-vehicle is skipped: run «sudo apt-get install $(VEHICLE_PACKAGES)», then make again.' >&2; \
		test "$${CI:-}" != true; exit; \
	}; \
	$(SELF) --no-print-directory --silent $(VEHICLE_WHEELS); \
	rm -rf build $(VEHICLE_CACHE)/wheels-aarch64/driver_monitor-*.whl; \
	$(BIN)/pip wheel -q --no-deps -w $(VEHICLE_CACHE)/wheels-aarch64 . 2>/dev/null; \
	DRIVER_MONITOR_WHEELS=$(VEHICLE_CACHE)/wheels-$$(uname -m) DRIVER_MONITOR_WHEELS_AARCH64=$(VEHICLE_CACHE)/wheels-aarch64 PYTHONPATH=tests \
		$(BIN)/python -m pytest --timeout 900 --durations 20 $(or $(VEHICLE_TESTS),tests/vehicle) || { code=$$?; \
		if [ "$$code" != 77 ] || [ "$${CI:-}" = true ]; then exit "$$code"; fi; \
		echo 'test-vehicle is skipped: the reason stands above.' >&2; }

# The packages of both processors, fetched once for each state of pyproject.toml; the tests' own for the emulated one, too.
VEHICLE_TOOLS := pytest pytest-timeout hypothesis jsonschema
VEHICLE_WHEELS = $(foreach board,$(shell uname -m) aarch64,$(VEHICLE_CACHE)/wheels-$(board)/$(shell sha256sum pyproject.toml | cut -c1-12).stamp)
$(VEHICLE_CACHE)/wheels-%.stamp: | .venv/bin/pip
	rm -rf $(@D)
	mkdir -p $(@D)
	$(MAKE) --no-print-directory wheelhouse WHEELHOUSE=$(@D) BOARDS=$(firstword $(subst /, ,$*)) PYTHONS=3.11 ALSO='$(VEHICLE_TOOLS)' >/dev/null
	touch $@

# An hour of the daemon with faults mixed in: does it grow, leak or slow down?
SOAK ?= tests/recordings/synthetic_closure --output docs/soak.json
soak: .venv/full.stamp mosquitto
	PYTHONPATH=tests $(BIN)/python tests/faults/soak.py $(SOAK)

# On a quiet machine: this project beside what would be taken instead; BENCH=--quick takes a minute and says little. The fer
# package has an environment of its own, and its own requirements only as far as what is measured uses them.
bench: .venv/full.stamp .venv-bench/stamp
	PYTHONPATH=tests $(BIN)/python tests/bench/compare.py $(BENCH)

.venv-bench/stamp: tests/bench/fer_package.txt | .venv/bin/pip
	$(BIN)/python -m venv --clear .venv-bench
	.venv-bench/bin/pip install -q -r tests/bench/fer_package.txt
	.venv-bench/bin/pip install -q --no-deps fer==25.10.3
	@touch $@

# In an environment of its own: the reference is made by the full one, the pages need no more than mkdocs.
docs: .venv/full.stamp .venv-docs/stamp
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/make_models.py
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet
	@echo 'Open build/site/index.html.'

# make numbers NUMBERS='--all --data DIR --recordings DIR' measures the kept results anew, --write keeps them: after a new model.
numbers: .venv/full.stamp
	$(BIN)/python docs/check_numbers.py $(NUMBERS)

.venv-docs/stamp: pyproject.toml | .venv/bin/pip
	$(BIN)/python -m venv --clear .venv-docs
	.venv-docs/bin/pip install -q $(call EXTRA,docs)
	@touch $@

# The wheel is built from the sdist; both are looked into, the wheel is tried on each Python that is there, and what it brings is listed.
# Where pip-audit asks; an index that does not answer for an old release would leave out what it does not know.
ADVISORIES ?= https://pypi.org/pypi/numpy/2.0.0/json
EXTRA = $$($(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['$(1)'])")
release: .venv/full.stamp .venv-release/stamp
	@[ "$$(id -u)" != 0 ] || $(MAKE) --no-print-directory --silent $(lastword $(VEHICLE_WHEELS))
	rm -rf dist build/release-3.*
	.venv-release/bin/python -m build --outdir dist . >/dev/null
	DRIVER_MONITOR_DIST=dist DRIVER_MONITOR_WHEELS_AARCH64=$(VEHICLE_CACHE)/wheels-aarch64 PYTHONPATH=tests/vehicle $(BIN)/python -m pytest --timeout 900 tests/release
	@clean=$$(ls -d build/release-3.* | head -n 1); \
	.venv-release/bin/cyclonedx-py environment "$$clean/bin/python" --pyproject pyproject.toml --mc-type application --output-reproducible -o dist/sbom.cdx.json; \
	.venv-release/bin/pip-licenses --python "$$clean/bin/python" --with-urls --format markdown --output-file dist/third-party-licences.md >/dev/null; \
	if $(BIN)/python -c 'import urllib.request as u; u.urlopen("$(ADVISORIES)", timeout=10)' 2>/dev/null; then \
		"$$clean/bin/pip" freeze --all --exclude driver-monitor >build/audited.txt; \
		.venv-release/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off -r build/audited.txt; \
	else echo 'The audit of dependencies is skipped: $(ADVISORIES) does not answer; run make release where it does.' >&2; fi
	@ls -l dist

.venv-release/stamp: pyproject.toml | .venv/bin/pip
	$(BIN)/python -m venv --clear .venv-release
	.venv-release/bin/pip install -q $(call EXTRA,release)
	@touch $@

# The README's first command on a Debian 12 and a 13 with nothing but what the README asks for, as a new user. The other is
# make fresh FRESH="'make test'", which takes what the tests need by --data and --recordings; behind a proxy, --env https_proxy=...
fresh: .venv/device.stamp
	@test "$$(id -u)" = 0 || { echo 'only root can run another root: run make fresh as root.' >&2; exit 1; }; \
	export PATH="$$PATH:/usr/sbin"; \
	{ command -v systemd-nspawn && command -v debootstrap; } >/dev/null || $(call install,--no-install-recommends systemd-container debootstrap); \
	$(BIN)/python tests/release/fresh.py $(FRESH)

# All mutants of rules take hours on one core; a sample of 200 takes half an hour, its interval is printed.
ROOM ?= rules
MUTANTS ?= --sample 200
mutants: .venv/full.stamp .venv-mutation/stamp
	.venv-mutation/bin/python -u tests/mutants.py $(ROOM) $(MUTANTS)

# mutmut in an environment of its own, which sees the full one's packages.
.venv-mutation/stamp: pyproject.toml | .venv/bin/pip
	$(BIN)/python -m venv --clear .venv-mutation
	.venv-mutation/bin/pip install -q $(call EXTRA,mutation)
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		>"$$(.venv-mutation/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/full.pth"
	@touch $@

# The AsyncAPI document against the schema of its makers, which their npm package brings.
asyncapi: .venv/full.stamp
	folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	npm pack --silent --pack-destination "$$folder" @asyncapi/specs@6.11.1; \
	tar xzf "$$folder"/*.tgz -C "$$folder"; \
	ASYNCAPI_SCHEMA="$$folder/package/schemas/3.0.0-without-\$$id.json" $(BIN)/python -m pytest -q tests/delivery/test_asyncapi.py

venv: .venv/full.stamp

lint: .venv/full.stamp
	$(BIN)/ruff check .

types: .venv/full.stamp
	$(BIN)/mypy

contract: .venv/full.stamp
	$(BIN)/lint-imports

format: .venv/full.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# An interpreter of its own: 3.11 to 3.13, with pip in it (Debian keeps that part in the package python3-venv).
.venv/bin/pip:
	@test -n '$(PYTHON)' && $(PYTHON) -c '$(FITS)' 2>/dev/null || { \
		echo 'driver-monitor needs Python 3.11, 3.12 or 3.13: install one and name it, make PYTHON=/path/to/python3.11.' >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(call install,python3-venv) || { \
		echo '$(PYTHON) cannot make virtual environments: run «sudo apt-get install python3-venv», then make again.' >&2; \
		exit 1; }
	$(PYTHON) -m venv --clear .venv

# What a device needs, and no more.
.venv/device.stamp: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install -q -e .
	@touch $@

# Everything. PyTorch comes first, from its own index of CPU builds where that can be reached.
.venv/full.stamp: pyproject.toml tests/constraints.txt | .venv/bin/pip
	@index=(); \
	if $(BIN)/python -c 'import urllib.request as u; u.urlopen("$(TORCH_CPU)/torch/", timeout=5)' 2>/dev/null; \
	then index=(--extra-index-url $(TORCH_CPU)); fi; \
	$(BIN)/pip install -q "$${index[@]}" -r tests/constraints.txt
	$(BIN)/pip install -q -c tests/constraints.txt -e '.[train,tune,alerts,dev]'
	@# Of PyPI's own build of PyTorch, for GPUs, one part breaks a process that holds TensorFlow, too; it is not needed here.
	@if $(BIN)/pip show -q triton 2>/dev/null; then $(BIN)/pip uninstall -q -y triton; fi
	@touch .venv/device.stamp $@

# The broker and its own client, which the tests start. Without them a run fails in CI, and leaves tests out elsewhere.
mosquitto:
	@export PATH="$$PATH:/usr/sbin"; \
	{ command -v mosquitto && command -v mosquitto_sub; } >/dev/null || $(call install,mosquitto mosquitto-clients) || { \
		echo 'mosquitto is missing: run «sudo apt-get install mosquitto mosquitto-clients», then make again.' >&2; \
		test "$${CI:-}" != true; }

# gpsd and its player of receivers' logs, which the tests start; missing, they do as above.
gpsd:
	@export PATH="$$PATH:/usr/sbin"; \
	{ command -v gpsd && command -v gpsfake; } >/dev/null || \
		$(call install,--no-install-recommends gpsd gpsd-tools gpsd-clients python3-gps) || { \
		echo 'gpsd is missing: run «sudo apt-get install gpsd gpsd-tools gpsd-clients python3-gps», then make again.' >&2; \
		test "$${CI:-}" != true; }

# What shows the files that the daemon writes; missing, it does as above.
strace:
	@command -v strace >/dev/null || $(call install,strace) || { \
		echo 'strace is missing: run «sudo apt-get install strace», then make again.' >&2; \
		test "$${CI:-}" != true; }

# The browser that the tests open a report with. Without it a run fails in CI, and leaves tests out elsewhere.
chromium:
	@command -v chromium >/dev/null || $(call install,chromium) || { \
		echo 'chromium is missing: run «sudo apt-get install chromium», then make again.' >&2; \
		test "$${CI:-}" != true; }

# What makes the videos that a recording may be; missing, it does as above.
ffmpeg:
	@command -v ffmpeg >/dev/null || $(call install,--no-install-recommends ffmpeg) || { \
		echo 'ffmpeg is missing: run «sudo apt-get install ffmpeg», then make again.' >&2; \
		test "$${CI:-}" != true; }

# What plays the tone of an alarm; missing, it does as above.
aplay:
	@command -v aplay >/dev/null || $(call install,alsa-utils) || { \
		echo 'aplay is missing: run «sudo apt-get install alsa-utils», then make again.' >&2; \
		test "$${CI:-}" != true; }

# What tools left behind; the environments stay (rm -rf .venv*).
clean:
	rm -rf build dist *.egg-info .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find edge convert train tests -name __pycache__ -type d -prune -exec rm -rf {} +
