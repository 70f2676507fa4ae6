# SPDX-License-Identifier: MIT
#
# The fuzz targets as programs for libFuzzer, built beside everything else by clang, which knows
# -fsanitize=fuzzer. Called by the Makefile, which says where SRC (the sources' directory) and OUT
# are, and hands over SOURCES (of libgarner.a), PACKAGE_CFLAGS and LIBS. Written for GNU make.
#
#   programs   $(OUT)/<target> for each target;  run: each for FUZZ_SECONDS
#   merge      adds to corpus/ what $(OUT)/found has and reaches code that corpus/ does not

CLANG = clang
FUZZ_SECONDS = 60
FUZZ_FLAGS =
FUZZ_CFLAGS = -std=gnu11 -g -O1 -fno-omit-frame-pointer -Wall -Wextra -D_GNU_SOURCE \
	-DPACKAGE_VERSION='"fuzz"' -pthread -I$(SRC)/src -I$(SRC)/tests/fuzz $(PACKAGE_CFLAGS)
SANITIZE = address,undefined
FUZZ = $(SRC)/tests/fuzz

targets := $(shell sed -n 's/^TARGET(\(.*\))$$/\1/p' $(FUZZ)/targets.h)
programs := $(targets:%=$(OUT)/%)
library := $(patsubst %.c,$(OUT)/%.o,$(filter %.c,$(SOURCES)))
shared := $(OUT)/tests/fuzz/fuzz.o $(OUT)/tests/fuzz/entries.o

.PHONY: programs run merge
programs: $(programs)

$(OUT)/%.o: $(SRC)/%.c
	@mkdir -p $(@D)
	@echo "  FUZZ-CC  $*.c"
	@$(CLANG) $(FUZZ_CFLAGS) -DFUZZ_LIBFUZZER -fsanitize=fuzzer-no-link,$(SANITIZE) \
		-fno-sanitize-recover=undefined -MMD -MP -c -o $@ $<

$(OUT)/libgarner.a: $(library)
	@rm -f $@ && ar cr $@ $^

.SECONDARY:
$(programs): $(OUT)/%: $(OUT)/tests/fuzz/%.o $(shared) $(OUT)/libgarner.a
	@echo "  FUZZ-LD  $*"
	@$(CLANG) -fsanitize=fuzzer,$(SANITIZE) -pthread -o $@ $^ $(LIBS)

# What is found goes to $(OUT)/found/<target>, what fails to $(OUT)/failed/<target>-*.
run: $(programs)
	@mkdir -p $(OUT)/failed $(targets:%=$(OUT)/found/%)
	@for t in $(targets); do \
		dict=; [ ! -e $(FUZZ)/dict/$$t ] || dict=-dict=$(FUZZ)/dict/$$t; \
		echo "== $$t"; \
		$(OUT)/$$t -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=1024 \
			-max_len=2048 -verbosity=0 -print_final_stats=1 $$dict $(FUZZ_FLAGS) \
			-artifact_prefix=$(OUT)/failed/$$t- \
			$(OUT)/found/$$t $(FUZZ)/corpus/$$t || exit 1; \
	done

merge: $(programs)
	@for t in $(targets); do \
		[ ! -d $(OUT)/found/$$t ] || $(OUT)/$$t -merge=1 -verbosity=0 \
			$(FUZZ)/corpus/$$t $(OUT)/found/$$t || exit 1; \
	done

-include $(library:.o=.d) $(shared:.o=.d) $(targets:%=$(OUT)/tests/fuzz/%.d)
