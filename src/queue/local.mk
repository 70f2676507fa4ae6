# SPDX-License-Identifier: MIT
# The files of src/queue. Without hiredis, redis_none.c stands for redis.c.
libgarner_a_SOURCES += src/queue/await_new.h
libgarner_a_SOURCES += src/queue/filler.c src/queue/filler.h
libgarner_a_SOURCES += src/queue/link.c src/queue/link.h
libgarner_a_SOURCES += src/queue/outbox.c src/queue/outbox.h
libgarner_a_SOURCES += src/queue/redis.h src/queue/redis_args.c
libgarner_a_SOURCES += src/queue/redis_url.c src/queue/redis_url.h
libgarner_a_SOURCES += src/queue/resolve.c src/queue/resolve.h
libgarner_a_SOURCES += src/queue/scripts.c src/queue/scripts.h
libgarner_a_SOURCES += src/queue/worker.c src/queue/worker.h src/queue/worker_private.h
libgarner_a_SOURCES += src/queue/worker_prepare.c src/queue/worker_read.c src/queue/worker_keep.c
if HAVE_REDIS
libgarner_a_SOURCES += src/queue/redis.c
else
libgarner_a_SOURCES += src/queue/redis_none.c
endif
