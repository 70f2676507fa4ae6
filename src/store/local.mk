# SPDX-License-Identifier: MIT
# The files of src/store.
libgarner_a_SOURCES += src/store/digest.c src/store/digest.h
libgarner_a_SOURCES += src/store/dir.c src/store/dir.h
libgarner_a_SOURCES += src/store/name.c src/store/name.h
libgarner_a_SOURCES += src/store/disposition.c src/store/disposition.h
libgarner_a_SOURCES += src/store/nametable.c src/store/nametable.h
libgarner_a_SOURCES += src/store/spool.c src/store/spool.h
libgarner_a_SOURCES += src/store/template.c src/store/template.h
libgarner_a_SOURCES += src/store/template_impl.h src/store/template_render.c
