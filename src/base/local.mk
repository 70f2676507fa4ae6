# SPDX-License-Identifier: MIT
# The files of src/base.
libgarner_a_SOURCES += src/base/alloc.c src/base/alloc.h
libgarner_a_SOURCES += src/base/arena.c src/base/arena.h
libgarner_a_SOURCES += src/base/buf.c src/base/buf.h
libgarner_a_SOURCES += src/base/copy.c src/base/copy.h
libgarner_a_SOURCES += src/base/err.c src/base/err.h
libgarner_a_SOURCES += src/base/gunzip.c src/base/gunzip.h
libgarner_a_SOURCES += src/base/heap.c src/base/heap.h
libgarner_a_SOURCES += src/base/json_write.c src/base/json_write.h
libgarner_a_SOURCES += src/base/list.h
libgarner_a_SOURCES += src/base/outlet.c src/base/outlet.h
libgarner_a_SOURCES += src/base/text.h
libgarner_a_SOURCES += src/base/trace.c src/base/trace.h
libgarner_a_SOURCES += src/base/siphash.c src/base/siphash.h
libgarner_a_SOURCES += src/base/utf8.c src/base/utf8.h
