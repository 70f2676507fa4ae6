# SPDX-License-Identifier: MIT
# The files of src/aio.
libgarner_a_SOURCES += src/aio/co.c src/aio/co.h
libgarner_a_SOURCES += src/aio/future.c src/aio/future.h
libgarner_a_SOURCES += src/aio/handle.c
libgarner_a_SOURCES += src/aio/inbox.c
libgarner_a_SOURCES += src/aio/loop.c src/aio/loop.h src/aio/loop_private.h
libgarner_a_SOURCES += src/aio/report.c
libgarner_a_SOURCES += src/aio/signal.c
libgarner_a_SOURCES += src/aio/sleep.c
libgarner_a_SOURCES += src/aio/task.c src/aio/task.h src/aio/task_private.h
libgarner_a_SOURCES += src/aio/timer.c
libgarner_a_SOURCES += src/aio/watch.c
