# SPDX-License-Identifier: MIT
# Fuzzing. tests/fuzz/replay feeds the inputs kept in tests/fuzz/corpus to the targets (make check);
# make fuzz lets libFuzzer look for more, FUZZ_SECONDS for each target (needs clang). What it found
# is in fuzz/found and fuzz/failed; make fuzz-merge keeps what reaches new code. A target is a line
# here, a line in targets.h and a directory in corpus/.
FUZZ_REPLAY_SOURCES = tests/fuzz/replay.c tests/fuzz/targets.h
FUZZ_REPLAY_SOURCES += tests/fuzz/fuzz.c tests/fuzz/fuzz.h
FUZZ_REPLAY_SOURCES += tests/fuzz/entries.c tests/fuzz/entries.h
FUZZ_REPLAY_SOURCES += tests/fuzz/checksums.c
FUZZ_REPLAY_SOURCES += tests/fuzz/content_range.c
FUZZ_REPLAY_SOURCES += tests/fuzz/date.c
FUZZ_REPLAY_SOURCES += tests/fuzz/disposition.c
FUZZ_REPLAY_SOURCES += tests/fuzz/failures.c
FUZZ_REPLAY_SOURCES += tests/fuzz/gzip.c
FUZZ_REPLAY_SOURCES += tests/fuzz/journal.c
FUZZ_REPLAY_SOURCES += tests/fuzz/jsonl.c
FUZZ_REPLAY_SOURCES += tests/fuzz/lines.c
FUZZ_REPLAY_SOURCES += tests/fuzz/list.c
FUZZ_REPLAY_SOURCES += tests/fuzz/name.c
FUZZ_REPLAY_SOURCES += tests/fuzz/printable.c
FUZZ_REPLAY_SOURCES += tests/fuzz/record.c
FUZZ_REPLAY_SOURCES += tests/fuzz/reply.c
FUZZ_REPLAY_SOURCES += tests/fuzz/sidecar.c
FUZZ_REPLAY_SOURCES += tests/fuzz/table.c
FUZZ_REPLAY_SOURCES += tests/fuzz/template.c
FUZZ_REPLAY_SOURCES += tests/fuzz/units.c
FUZZ_REPLAY_SOURCES += tests/fuzz/url.c

EXTRA_PROGRAMS += tests/fuzz/replay asan/fuzz-replay
tests_fuzz_replay_SOURCES = $(FUZZ_REPLAY_SOURCES)
tests_fuzz_replay_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_fuzz_replay_LDADD = libgarner.a $(LIBS_ALL)
asan_fuzz_replay_SOURCES = $(FUZZ_REPLAY_SOURCES)
asan_fuzz_replay_CPPFLAGS = $(tests_fuzz_replay_CPPFLAGS)
asan_fuzz_replay_CFLAGS = $(ASAN_CFLAGS)
asan_fuzz_replay_LDADD = asan/libgarner.a $(LIBS_ALL)

FUZZ_SECONDS = 60
FUZZ_CLANG = clang
FUZZ_MAKE = $(MAKE) -f $(srcdir)/tests/fuzz/fuzz.mk SRC='$(abs_srcdir)' OUT='$(abs_builddir)/fuzz' \
	CLANG='$(FUZZ_CLANG)' FUZZ_SECONDS='$(FUZZ_SECONDS)' SOURCES='$(libgarner_a_SOURCES)' \
	PACKAGE_CFLAGS='$(CURL_CFLAGS) $(CJSON_CFLAGS) $(CRYPTO_CFLAGS) $(ZLIB_CFLAGS)' \
	LIBS='$(LIBS_ALL)'
fuzz:
	+$(FUZZ_MAKE) run
fuzz-programs:
	+$(FUZZ_MAKE) programs
fuzz-merge:
	+$(FUZZ_MAKE) merge
.PHONY: fuzz fuzz-programs fuzz-merge
EXTRA_DIST += tests/fuzz/fuzz.mk tests/fuzz/corpus tests/fuzz/dict
