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
