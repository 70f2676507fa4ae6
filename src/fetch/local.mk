# SPDX-License-Identifier: MIT
# The files of src/fetch.
libgarner_a_SOURCES += src/fetch/entry.c src/fetch/entry.h
libgarner_a_SOURCES += src/fetch/record.c src/fetch/record.h
libgarner_a_SOURCES += src/fetch/admission.c
libgarner_a_SOURCES += src/fetch/attempt.c src/fetch/attempt.h
libgarner_a_SOURCES += src/fetch/credentials.c src/fetch/credentials.h
libgarner_a_SOURCES += src/fetch/destination.c src/fetch/destination.h
libgarner_a_SOURCES += src/fetch/download.c src/fetch/download.h
libgarner_a_SOURCES += src/fetch/expect.c src/fetch/expect.h
libgarner_a_SOURCES += src/fetch/verify.c src/fetch/verify.h
libgarner_a_SOURCES += src/fetch/unread.c
libgarner_a_SOURCES += src/fetch/text.c
libgarner_a_SOURCES += src/fetch/ends.c
libgarner_a_SOURCES += src/fetch/job.c src/fetch/job.h
libgarner_a_SOURCES += src/fetch/judge.c
libgarner_a_SOURCES += src/fetch/key.c src/fetch/key.h
libgarner_a_SOURCES += src/fetch/phase.c src/fetch/phase.h
libgarner_a_SOURCES += src/fetch/prepare.c src/fetch/prepare.h
libgarner_a_SOURCES += src/fetch/queue.c
libgarner_a_SOURCES += src/fetch/race.c src/fetch/race.h
libgarner_a_SOURCES += src/fetch/receive.c src/fetch/receive.h
libgarner_a_SOURCES += src/fetch/resume.c src/fetch/resume.h
libgarner_a_SOURCES += src/fetch/retry.c src/fetch/retry.h
libgarner_a_SOURCES += src/fetch/segments.c src/fetch/segments.h
libgarner_a_SOURCES += src/fetch/segment.c src/fetch/segment.h
libgarner_a_SOURCES += src/fetch/session.c src/fetch/session.h src/fetch/session_private.h
libgarner_a_SOURCES += src/fetch/target.c src/fetch/target.h
