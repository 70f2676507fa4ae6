/* SPDX-License-Identifier: MIT */
/*
 * --report FILE: the run as one HTML page that needs no network: a waterfall of its downloads,
 * totals, hosts, failures (page.html, page.css, page.js say how it looks).
 *
 * The page is written as the run goes, in an unnamed file beside FILE, and takes its place at the
 * end by one rename. It lists the first PAGE_FIRST downloads to end; of those after them the
 * failed ones and the slowest, PAGE_MORE of each at most. Totals, hosts and failures count all.
 */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include "fetch/record.h"
#include "fetch/session.h"

enum { PAGE_FIRST = 100000, PAGE_MORE = 20000 };

struct executor;
struct page;

/* Needs no loop. ERR_IO: there can be no such file; ERR_USAGE: FILE is no regular file. */
struct err *page_open(const char *path, struct page **out);
/* Times count from here. */
void page_start(struct page *p, struct loop *l, struct executor *ex);
void page_free(struct page *p); /* without page_write nothing is left; NULL is ignored */

void page_add(struct page *p, const struct record *r);

struct future *page_ready(struct page *p); /* as outfile_ready */
/* The session has ended, with session_peak: the rest of the page. As outfile_finish. */
struct future *page_finish(struct page *p, const struct session_totals *t, unsigned peak);

/* At the very end, once page_finish was done: FILE is replaced. ERR_IO. */
struct err *page_write(struct page *p);

/* The directory of FILE, in which it is renamed: borrowed. */
int page_dir(const struct page *p);

#endif
