# SPDX-License-Identifier: MIT
# Thin on purpose: CMake builds; this only knows the few words that people type.
FUZZ := $(filter-out driver,$(basename $(notdir $(wildcard tests/fuzz/*.c))))
.PHONY: $(FUZZ:%=fuzz_%)
.PHONY: all build bench report test asan tsan arm fuzz install package setup clean help format
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PROFILE ?= default
PREFIX ?= /usr/local
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
TEST_JOBS ?= 2
TEAMPOOL := build/release/teampool

help:
	@echo "make setup          install what is missing (asks for root only if something is)"
	@echo "make bench          measure this machine and make the report (PROFILE=smoke|quick|default|full)"
	@echo "make report         make the newest run's report again (RUN=results/... for another)"
	@echo "make test           every test"
	@echo "make asan           every test with the address and undefined-behaviour sanitizers"
	@echo "make tsan           the tests of core, pool and lock with the thread sanitizer"
	@echo "make arm            compiled for 64-bit Arm, the tests that an emulator can run (setup.sh --with arm)"
	@echo "make fuzz           damaged tables, plans and hand-ins with libFuzzer (clang), SECONDS=60 for all"
	@echo "make build          the two programs and the labs, in build/release"
	@echo "make install        the programs, their manual and completion, the pool (PREFIX=/usr/local, DESTDIR=)"
	@echo "make package        a Debian package and an archive of the source, in build/release/packages"
	@echo "make clean          remove build/ (results stay)"

all: build

build:
	@scripts/setup.sh --check build
	@cmake --preset release --log-level=WARNING
	@cmake --build --preset release -j $(JOBS) --target programs

bench: build
	@run=$$($(TEAMPOOL) run --profile $(PROFILE)) && $(TEAMPOOL) report "$$run"

report: build
	@$(TEAMPOOL) report $(if $(RUN),"$(RUN)")

test: build
	@scripts/setup.sh --check test
	@cmake --build --preset release -j $(JOBS)
	@ctest --test-dir build/release -j $(TEST_JOBS) --output-on-failure --no-tests=error

asan tsan:
	@scripts/setup.sh --check test
	@cmake --preset $@ --log-level=WARNING
	@cmake --build --preset $@ -j $(JOBS)
	@ctest --test-dir build/$@ -j $(TEST_JOBS) --output-on-failure --no-tests=error

arm:
	@scripts/setup.sh --check arm
	@cmake --preset aarch64 --log-level=WARNING
	@nice cmake --build --preset aarch64 -j $(JOBS)
	@nice ctest --preset aarch64 -j $(TEST_JOBS) --no-tests=error

fuzz:
	@scripts/setup.sh --check fuzz
	@cmake --preset fuzz --log-level=WARNING
	@cmake --build --preset fuzz -j $(JOBS)
	@$(MAKE) -k -j $(JOBS) $(FUZZ:%=fuzz_%) EACH=$$(($(or $(SECONDS),60) * $(JOBS) / $(words $(FUZZ)) + 1))

# One target for EACH seconds; a crash leaves its input in build/fuzz.
$(FUZZ:%=fuzz_%):
	@mkdir -p build/fuzz/found/$@
	@build/fuzz/$@ -max_total_time=$(EACH) -max_len=16000 -timeout=10 -artifact_prefix=build/fuzz/ \
	  -verbosity=0 -print_final_stats=1 build/fuzz/found/$@ $(@:fuzz_%=tests/fuzz/corpus/%) \
	  >build/fuzz/$@.log 2>&1 || { tail -n 30 build/fuzz/$@.log; echo "$@: FAILED"; exit 1; }
	@sed -n 's/^stat::number_of_executed_units: */$@: inputs tried, no crash: /p' build/fuzz/$@.log

install: build
	@cmake --build --preset release -j $(JOBS) --target manuals pool pool_shared
	@cmake --install build/release --prefix "$(PREFIX)"

package: build
	@cmake --build build/release -j $(JOBS) --target manuals pool pool_shared
	@cd build/release && cpack --config CPackConfig.cmake && cpack --config CPackSourceConfig.cmake

setup:
	@scripts/setup.sh

clean:
	rm -rf build
