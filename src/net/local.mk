# SPDX-License-Identifier: MIT
# The files of src/net.
libgarner_a_SOURCES += src/net/multi.c src/net/multi_sockets.c src/net/multi.h src/net/life.c
libgarner_a_SOURCES += src/net/private.h
libgarner_a_SOURCES += src/net/loops.c src/net/loops.h src/net/lane.c src/net/lane.h
libgarner_a_SOURCES += src/net/far.c src/net/lane_private.h
libgarner_a_SOURCES += src/net/affinity.c src/net/affinity.h
libgarner_a_SOURCES += src/net/limit.c src/net/kept.c src/net/share.c src/net/init.c src/net/debug.c
libgarner_a_SOURCES += src/net/easy.c src/net/easy_options.c src/net/easy_request.c
libgarner_a_SOURCES += src/net/callbacks.c src/net/transfer.c src/net/transfer.h src/net/deadline.c
libgarner_a_SOURCES += src/net/reply.c src/net/reply.h src/net/reply_private.h src/net/date.c
libgarner_a_SOURCES += src/net/decoder.c src/net/decoder.h
libgarner_a_SOURCES += src/net/codes.c src/net/request.h src/net/url.c src/net/url.h
libgarner_a_SOURCES += src/net/url_redact.c
libgarner_a_SOURCES += src/net/private_address.c src/net/private_address.h
libgarner_a_SOURCES += src/net/rate.c src/net/rate.h
libgarner_a_SOURCES += src/net/hosts.c src/net/hosts.h src/net/hosts_private.h src/net/host.c
libgarner_a_SOURCES += src/net/slot.c src/net/earn.c
