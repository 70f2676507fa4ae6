/* SPDX-License-Identifier: MIT */
#include "cli/page.h"

#include "base/alloc.h"
#include "base/heap.h"
#include "base/json_write.h"
#include "cli/page_row.h"
#include "cli/page_stats.h"
#include "cli/page_text.h"
#include "cli/replacement.h"
#include "store/digest.h"
#include "store/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SLOWEST = 1000 };

struct slow {
    struct heap_node node; /* in page.slowest: the least slow first */
    double seconds;
};

struct page {
    struct place place;
    struct draft draft;
    struct outfile *file; /* owned */
    size_t line;          /* of page_html: the next */
    struct loop *loop;    /* borrowed */
    double zero;          /* loop_time() */
    double started;       /* seconds since the epoch */
    struct page_stats *stats;
    uint64_t listed, left_out, failed_more, slow_more;
    struct heap slowest;
    struct slow slow[SLOWEST];
    struct buf text; /* kept for its memory */
    bool finished;   /* its end was added */
};

/* -- the text of the page ------------------------------------------------------------------ */

static void add_lines(struct buf *b, const char *const *lines)
{
    while (*lines) {
        buf_adds(b, *lines++);
    }
}

/* What the policy allows: the text of an element, with the newline that stands before it. */
static void add_digest(struct page *p, struct buf *b, const char *const *lines)
{
    struct digest_value value;
    struct digest *d = digest_new(DIGEST_SHA256);
    struct err *e = d ? digest_update(d, "\n", 1) : err_plain(ERR_NOMEM);
    while (!e && *lines) {
        e = digest_update(d, *lines, strlen(*lines));
        lines++;
    }
    e = e ? e : digest_final(d, &value);
    digest_free(d);
    if (e) {
        err_unref(e);
        b->failed = true;
        return;
    }
    buf_clear(&p->text);
    json_base64(&p->text, value.bytes, 32); /* in quotes */
    if (!buf_failed(&p->text)) {
        buf_addf(b, "'sha256-%.*s'", (int)p->text.len - 2, p->text.data + 1);
    }
    b->failed = b->failed || buf_failed(&p->text);
}

static void add_policy(struct page *p, struct buf *b)
{
    buf_adds(b, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "script-src ");
    add_digest(p, b, page_js);
    buf_adds(b, "; style-src ");
    add_digest(p, b, page_css);
    buf_adds(b, "; base-uri 'none'; form-action 'none'\">\n");
}

/* Up to a line that stands for what is not there yet: `stop`, or the end of the page. */
static void add_page(struct page *p, const char *stop)
{
    struct buf *b = outfile_buf(p->file);
    for (; page_html[p->line]; p->line++) {
        const char *line = page_html[p->line];
        if (stop && strcmp(line, stop) == 0) {
            p->line++;
            return;
        }
        if (strcmp(line, "@POLICY@\n") == 0) {
            add_policy(p, b);
        } else if (strcmp(line, "@STYLE@\n") == 0) {
            add_lines(b, page_css);
        } else if (strcmp(line, "@SCRIPT@\n") == 0) {
            add_lines(b, page_js);
        } else {
            buf_adds(b, line);
        }
    }
}

/* -- life ---------------------------------------------------------------------------------- */

static bool less_slow(const struct heap_node *a, const struct heap_node *b)
{
    return container_of(a, const struct slow, node)->seconds <
           container_of(b, const struct slow, node)->seconds;
}

static struct err *open_all(struct page *p, const char *path)
{
    struct err *e = place_init(&p->place, "--report", path);
    int failed = e ? 0 : draft_open(&p->place, 0666, &p->draft);
    if (e || failed) {
        return e ? e : err_errno(ERR_IO, failed, "cannot write %s", path);
    }
    const int fd = fcntl(p->draft.fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (fd < 0) { /* a batch may outlive the draft */
        return err_errno(ERR_IO, errno, "cannot write %s", path);
    }
    p->stats = page_stats_new();
    p->file = outfile_new(fd, true, path, "");
    if (!p->file) {
        close(fd);
    }
    return p->stats && p->file ? NULL : err_plain(ERR_NOMEM);
}

struct err *page_open(const char *path, struct page **out)
{
    *out = NULL;
    struct page *p = mem_new(sizeof(*p));
    if (!p) {
        return err_plain(ERR_NOMEM);
    }
    p->draft.fd = p->place.dir = -1;
    heap_init(&p->slowest, less_slow);
    struct err *e = open_all(p, path);
    if (e) {
        page_free(p);
        return e;
    }
    add_page(p, "@ROWS@\n");
    *out = p;
    return NULL;
}

void page_start(struct page *p, struct loop *l, struct executor *ex)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    p->started = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    p->zero = loop_time(l);
    p->loop = l;
    outfile_start(p->file, l, ex);
}

void page_free(struct page *p)
{
    if (p) {
        outfile_free(p->file);
        draft_drop(&p->place, &p->draft);
        place_fini(&p->place);
        page_stats_free(p->stats);
        heap_fini(&p->slowest);
        buf_fini(&p->text);
        free(p);
    }
}

int page_dir(const struct page *p)
{
    return p->place.dir;
}

struct future *page_ready(struct page *p)
{
    return outfile_ready(p->file);
}

/* -- rows ---------------------------------------------------------------------------------- */

/* Among the slowest so far. */
static bool is_slow(struct page *p, double seconds)
{
    struct slow *s;
    if (p->slowest.count < SLOWEST) {
        s = &p->slow[p->slowest.count];
    } else {
        s = container_of(heap_min(&p->slowest), struct slow, node);
        if (seconds <= s->seconds) {
            return false;
        }
        heap_remove(&p->slowest, &s->node);
    }
    s->seconds = seconds;
    return heap_insert(&p->slowest, &s->node);
}

static bool is_listed(struct page *p, const struct record *r)
{
    const bool slow = r->timing.total >= 0 && is_slow(p, r->timing.total);
    if (p->listed < PAGE_FIRST) {
        return true;
    }
    if (r->state == RECORD_FAILED && p->failed_more < PAGE_MORE) {
        p->failed_more++;
        return true;
    }
    if (slow && p->slow_more < PAGE_MORE) {
        p->slow_more++;
        return true;
    }
    return false;
}

void page_add(struct page *p, const struct record *r)
{
    struct buf *b = outfile_buf(p->file);
    page_stats_add(p->stats, r);
    if (!is_listed(p, r)) {
        p->left_out++;
        return;
    }
    buf_clear(&p->text);
    page_row(&p->text, r, p->zero);
    if (buf_failed(&p->text)) {
        p->left_out++;
        return;
    }
    buf_adds(b, p->listed++ > 0 ? ",\n" : "");
    page_escape(b, p->text.data);
    outfile_added(p->file);
}

/* -- the end ------------------------------------------------------------------------------- */

static void add_totals(struct page *p, const struct session_totals *t, unsigned peak)
{
    struct buf *b = &p->text;
    buf_clear(b);
    buf_adds(b, "{\"garner\":\"" PACKAGE_VERSION "\",\"started\":");
    json_time(b, p->started);
    buf_adds(b, ",\"seconds\":");
    json_seconds(b, loop_time(p->loop) - p->zero);
    const struct {
        const char *name;
        uint64_t n;
    } counts[] = {
        {"entries", t->entries},
        {"finished", t->finished},
        {"failed", t->failed},
        {"cancelled", t->cancelled},
        {"pending", t->pending},
        {"skipped", t->skipped},
        {"unchanged", t->unchanged},
        {"received", t->received},
        {"retries", t->retries},
        {"peak", peak},
        {"listed", p->listed},
        {"left_out", p->left_out},
    };
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        buf_addf(b, ",\"%s\":%llu", counts[i].name, (unsigned long long)counts[i].n);
    }
    buf_addf(b, ",\"input_ended\":%s,", t->input_ended ? "true" : "false");
    page_stats_json(p->stats, b);
    buf_adds(b, "}\n");
}

struct future *page_finish(struct page *p, const struct session_totals *t, unsigned peak)
{
    struct buf *b = outfile_buf(p->file);
    if (!p->finished) {
        p->finished = true;
        add_page(p, "@TOTALS@\n");
        add_totals(p, t, peak);
        if (buf_failed(&p->text)) {
            b->failed = true;
        } else {
            page_escape(b, p->text.data);
        }
        add_page(p, NULL);
        outfile_added(p->file);
    }
    return outfile_finish(p->file);
}

struct err *page_write(struct page *p)
{
    const int failed = draft_put(&p->place, &p->draft);
    return failed ? err_errno(ERR_IO, failed, "cannot write %s", p->place.path) : NULL;
}
