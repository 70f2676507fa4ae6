# SPDX-License-Identifier: MIT
# The files of src/store.
libgarner_a_SOURCES += src/store/digest.c src/store/digest.h
libgarner_a_SOURCES += src/store/dir.c src/store/dir.h
libgarner_a_SOURCES += src/store/name.c src/store/name.h
