# SPDX-License-Identifier: MIT
# The files of src/store.
libgarner_a_SOURCES += src/store/digest.c src/store/digest.h
libgarner_a_SOURCES += src/store/dir.c src/store/dir.h
libgarner_a_SOURCES += src/store/name.c src/store/name.h
libgarner_a_SOURCES += src/store/disposition.c src/store/disposition.h
libgarner_a_SOURCES += src/store/nametable.c src/store/nametable.h
libgarner_a_SOURCES += src/store/table.c src/store/table.h
libgarner_a_SOURCES += src/store/outfile.c src/store/outfile.h
libgarner_a_SOURCES += src/store/journal.c src/store/journal_text.c src/store/journal.h
libgarner_a_SOURCES += src/store/checksums.c src/store/checksums.h
libgarner_a_SOURCES += src/store/spool.c src/store/spool.h
libgarner_a_SOURCES += src/store/template.c src/store/template.h
libgarner_a_SOURCES += src/store/template_impl.h src/store/template_render.c
libgarner_a_SOURCES += src/store/store.c src/store/store.h src/store/store_private.h
libgarner_a_SOURCES += src/store/probe.c src/store/check.c src/store/op.c src/store/op.h
libgarner_a_SOURCES += src/store/chunk.c src/store/chunk.h src/store/marks.c src/store/marks.h
libgarner_a_SOURCES += src/store/ranges.c src/store/ranges.h
libgarner_a_SOURCES += src/store/spread.c src/store/stream.c src/store/stream.h
libgarner_a_SOURCES += src/store/sidecar.c src/store/sidecar.h src/store/claim.c src/store/claim.h
libgarner_a_SOURCES += src/store/validators.c
libgarner_a_SOURCES += src/store/part.c src/store/part.h src/store/part_bytes.c src/store/part_unnamed.c
libgarner_a_SOURCES += src/store/commit.c src/store/commit.h
libgarner_a_SOURCES += src/store/sink.c src/store/sink.h src/store/sink_private.h
libgarner_a_SOURCES += src/store/work.c src/store/pump.c
libgarner_a_SOURCES += src/store/line.c src/store/line.h src/store/line_private.h src/store/body.c
libgarner_a_SOURCES += src/store/line_pump.c src/store/line_work.c
libgarner_a_SOURCES += src/store/tar.c src/store/tar.h
