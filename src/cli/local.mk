# SPDX-License-Identifier: MIT
# The files of src/cli.
# -- the command line
libgarner_a_SOURCES += src/cli/options.c src/cli/options.h src/cli/options_private.h
libgarner_a_SOURCES += src/cli/options_table.c
libgarner_a_SOURCES += src/cli/options_set.c
libgarner_a_SOURCES += src/cli/options_run.c
libgarner_a_SOURCES += src/cli/options_request.c
libgarner_a_SOURCES += src/cli/options_check.c
libgarner_a_SOURCES += src/cli/config.c
libgarner_a_SOURCES += src/cli/help.c
libgarner_a_SOURCES += src/cli/units.c
libgarner_a_SOURCES += src/cli/failures.c src/cli/failures.h
libgarner_a_SOURCES += src/cli/leftover.c src/cli/leftover.h
libgarner_a_SOURCES += src/cli/ledger.c src/cli/ledger.h src/cli/sums.c src/cli/sums.h
libgarner_a_SOURCES += src/cli/feed.c src/cli/feed.h
libgarner_a_SOURCES += src/cli/fields.c src/cli/fields.h
libgarner_a_SOURCES += src/cli/gunzip.c src/cli/gunzip.h
libgarner_a_SOURCES += src/cli/input.c src/cli/input.h
libgarner_a_SOURCES += src/cli/json_record.c
libgarner_a_SOURCES += src/cli/json_scan.c src/cli/json_scan.h
libgarner_a_SOURCES += src/cli/jsonl.c src/cli/jsonl.h
libgarner_a_SOURCES += src/cli/lines.c src/cli/lines.h
libgarner_a_SOURCES += src/cli/printable.c src/cli/printable.h
libgarner_a_SOURCES += src/cli/records.c src/cli/records.h
libgarner_a_SOURCES += src/cli/report.c src/cli/report.h
libgarner_a_SOURCES += src/cli/sandbox.c src/cli/sandbox.h src/cli/sandbox_policy.c
libgarner_a_SOURCES += src/cli/source.c src/cli/source.h
libgarner_a_SOURCES += src/cli/split.c src/cli/split.h
libgarner_a_SOURCES += src/cli/table.c src/cli/table.h
libgarner_a_SOURCES += src/cli/window.c src/cli/window.h
libgarner_a_SOURCES += src/cli/write_out.c src/cli/write_out.h
libgarner_a_SOURCES += src/cli/writer.c src/cli/writer.h
libgarner_a_SOURCES += src/cli/completion.c
libgarner_a_SOURCES += src/cli/app.c src/cli/app.h
libgarner_a_SOURCES += src/cli/limits.c src/cli/limits.h
libgarner_a_SOURCES += src/cli/tasklist.c src/cli/tasklist.h
