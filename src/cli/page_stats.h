/* SPDX-License-Identifier: MIT */
/* What the page of --report says of hosts and of failures: sums, bounded however long the run. */
#ifndef CLI_PAGE_STATS_H
#define CLI_PAGE_STATS_H

#include "base/buf.h"
#include "fetch/record.h"

struct page_stats;

struct page_stats *page_stats_new(void); /* NULL when memory ran out */
void page_stats_free(struct page_stats *s);

/* A record with its spans. What finds no memory is not counted. */
void page_stats_add(struct page_stats *s, const struct record *r);

/* "hosts":[[origin, requests, failed, bytes, seconds, first byte seconds, how many had one, body
 * seconds], ...],"failures":[[kind, status, code, count, an example's message], ...] appended. */
void page_stats_json(const struct page_stats *s, struct buf *b);

#endif
