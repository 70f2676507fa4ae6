# SPDX-License-Identifier: MIT
# The files of src/fetch.
libgarner_a_SOURCES += src/fetch/entry.c src/fetch/entry.h
libgarner_a_SOURCES += src/fetch/record.c src/fetch/record.h
