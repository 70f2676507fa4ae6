/* SPDX-License-Identifier: MIT */
/*
 * The list reader.
 *
 *   command-line URLs, then feed, feed, ... -> items (0 to 2) -> next()
 *
 * Nothing is read before it is asked for: next() takes lines until an item is there, or waits for
 * the feed at the front. One line gives two items at most: the entry that it ends, and itself if it
 * is bad.
 */
#include "cli/input.h"

#include "base/alloc.h"
#include "base/trace.h"
#include "cli/feed.h"
#include "cli/printable.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 4, WARNINGS_MAX = 20 };
static const double SILENCE = 0.2; /* seconds */

struct input;

/* What next() gives. */
struct next {
    struct future future;
    struct input *input; /* borrowed; NULL once it is done */
};

struct input {
    struct async_iter iter;
    struct loop *loop;
    const struct input_options *options;
    void (*warn)(void *arg, const char *text);
    void *warn_arg;
    unsigned warnings;
    size_t urls_given;
    struct feed **feeds; /* owned, NULL once read to the end */
    size_t nfeeds, feed_at;
    struct entry *items[ITEMS]; /* owned */
    size_t nitems;
    struct err *failed;   /* owned: what next() gives after the items */
    struct next *pending; /* borrowed */
    struct timer silence;
    bool leaves_live;
};

/* -- what the parsers give ----------------------------------------------------------------- */

static void on_entry(void *arg, struct entry *e)
{
    struct input *in = arg;
    assert(in->nitems < ITEMS);
    in->items[in->nitems++] = e;
    trace_put(loop_trace(in->loop), TRACE_INPUT, "%s:%llu: %s", in->options->files[in->feed_at],
        (unsigned long long)e->line, e->error ? err_message(e->error) : "an entry");
}

static void on_warning(void *arg, uint64_t line, const char *text)
{
    struct input *in = arg;
    if (!in->warn || in->warnings > WARNINGS_MAX) {
        return;
    }
    struct buf b = BUF_INIT;
    printable_add(&b, in->options->files[in->feed_at]);
    buf_addf(&b, ":%llu: ", (unsigned long long)line);
    printable_add(&b, text);
    if (in->warnings++ == WARNINGS_MAX) {
        buf_clear(&b);
        buf_adds(&b, "further warnings about the list are left out");
    }
    if (!buf_failed(&b)) {
        in->warn(in->warn_arg, b.data);
    }
    buf_fini(&b);
}

/* -- reading ------------------------------------------------------------------------------- */

enum read_got { READ_ITEM, READ_WAIT, READ_END };

static struct err *take_url(struct input *in)
{
    char *const *urls = in->options->urls;
    struct entry *e = entry_new();
    if (!e) {
        return err_plain(ERR_NOMEM);
    }
    e->line = in->urls_given + 1;
    do {
        const char *url = urls[in->urls_given++];
        if (!entry_add_url(e, url, strlen(url))) {
            entry_free(e);
            return err_plain(ERR_NOMEM);
        }
    } while (in->options->same_file && urls[in->urls_given]);
    in->items[in->nitems++] = e;
    return NULL;
}

static void end_feed(struct input *in)
{
    trace_put(
        loop_trace(in->loop), TRACE_INPUT, "%s is at its end", in->options->files[in->feed_at]);
    feed_free(in->feeds[in->feed_at]);
    in->feeds[in->feed_at++] = NULL;
}

/* A failure is kept for after the items that came before it. */
static enum read_got read_on(struct input *in)
{
    while (in->nitems == 0 && !in->failed) {
        if (in->options->urls && in->options->urls[in->urls_given]) {
            in->failed = take_url(in);
            continue;
        }
        if (in->feed_at == in->nfeeds) {
            return READ_END;
        }
        if (in->leaves_live && feed_is_live(in->feeds[in->feed_at])) {
            feed_silence(in->feeds[in->feed_at]);
            end_feed(in);
            continue;
        }
        switch (feed_advance(in->feeds[in->feed_at], &in->failed)) {
        case FEED_WAIT:
            return READ_WAIT;
        case FEED_END:
            end_feed(in);
            break;
        case FEED_MORE:
        case FEED_FAILED:
            break;
        }
    }
    return in->nitems > 0 ? READ_ITEM : READ_END;
}

static struct entry *take_item(struct input *in)
{
    struct entry *e = in->items[0];
    in->nitems--;
    memmove(in->items, in->items + 1, in->nitems * sizeof(in->items[0]));
    return e;
}

/* -- next ---------------------------------------------------------------------------------- */

static void stop_waiting(struct input *in)
{
    in->pending = NULL;
    timer_stop(&in->silence);
    if (in->feed_at < in->nfeeds) {
        feed_stop(in->feeds[in->feed_at]);
    }
}

static bool next_cancel(struct future *f)
{
    struct next *n = (struct next *)f;
    if (n->input) {
        stop_waiting(n->input);
        n->input = NULL;
    }
    future_set_cancelled(f);
    return true;
}

static void next_fini(struct future *f)
{
    struct next *n = (struct next *)f;
    if (n->input) {
        stop_waiting(n->input);
    }
}

static const struct future_ops next_ops = {"next entry", next_cancel, next_fini};

static struct err *on_bytes(void *arg);

static struct err *wait_for_bytes(struct input *in)
{
    struct feed *f = in->feeds[in->feed_at];
    struct err *error = feed_wait(f, on_bytes, in);
    if (!error && feed_may_fall_silent(f)) {
        error = timer_start_after(in->loop, &in->silence, SILENCE);
    }
    return error;
}

static struct err *finish(struct next *n, struct err *error)
{
    n->input = NULL;
    return future_set_error(&n->future, error);
}

/* Completes the pending next, or makes it wait. */
static struct err *serve(struct input *in)
{
    struct next *n = in->pending;
    enum read_got got = read_on(in);
    if (got == READ_WAIT) {
        in->failed = wait_for_bytes(in);
        if (!in->failed) {
            trace_put(
                loop_trace(in->loop), TRACE_INPUT, "waits for %s", in->options->files[in->feed_at]);
            return NULL;
        }
    }
    stop_waiting(in);
    if (in->nitems > 0) {
        n->input = NULL;
        return future_set_result(&n->future, take_item(in), entry_free);
    }
    if (in->failed) {
        struct err *error = in->failed;
        in->failed = NULL;
        while (in->feed_at < in->nfeeds) {
            end_feed(in);
        }
        return finish(n, error);
    }
    return finish(n, err_plain(ERR_STOP_ITERATION));
}

static struct err *on_bytes(void *arg)
{
    struct input *in = arg;
    timer_stop(&in->silence);
    return in->pending ? serve(in) : NULL;
}

static struct err *on_silence(void *arg)
{
    struct input *in = arg;
    if (!in->pending) {
        return NULL;
    }
    feed_silence(in->feeds[in->feed_at]);
    return serve(in);
}

static struct future *input_next(struct async_iter *it)
{
    struct input *in = (struct input *)it;
    assert(!in->pending);
    struct next *n = mem_new(sizeof(*n));
    if (!n) {
        return NULL;
    }
    future_init(&n->future, in->loop, &next_ops);
    n->input = in;
    in->pending = n;
    struct err *error = serve(in);
    err_unref(error);
    return &n->future;
}

/* -- life ---------------------------------------------------------------------------------- */

static void input_close(struct async_iter *it)
{
    struct input *in = (struct input *)it;
    assert(!in->pending);
    timer_stop(&in->silence);
    for (size_t i = 0; i < in->nfeeds; i++) {
        feed_free(in->feeds[i]);
    }
    for (size_t i = 0; i < in->nitems; i++) {
        entry_free(in->items[i]);
    }
    err_unref(in->failed);
    free(in->feeds);
    free(in);
}

static struct err *open_feeds(struct input *in, struct executor *ex)
{
    size_t n = 0;
    while (in->options->files && in->options->files[n]) {
        n++;
    }
    in->feeds = mem_array(NULL, n, sizeof(struct feed *));
    if (!in->feeds) {
        return err_plain(ERR_NOMEM);
    }
    struct list_out out = {on_entry, on_warning, in, NULL};
    for (; in->nfeeds < n; in->nfeeds++) {
        out.file = in->options->files[in->nfeeds];
        struct err *error =
            feed_open(in->loop, ex, &out, in->options->format, &in->feeds[in->nfeeds]);
        if (error) {
            return error;
        }
    }
    return NULL;
}

struct err *input_open(struct loop *l, struct executor *ex, const struct input_options *options,
    void (*warn)(void *arg, const char *text), void *arg, struct async_iter **out)
{
    *out = NULL;
    struct input *in = mem_new(sizeof(*in));
    if (!in) {
        return err_plain(ERR_NOMEM);
    }
    in->iter = (struct async_iter){input_next, input_close};
    in->loop = l;
    in->options = options;
    in->warn = warn;
    in->warn_arg = arg;
    timer_init(&in->silence, on_silence, in);
    struct err *error = open_feeds(in, ex);
    if (error) {
        input_close(&in->iter);
        return error;
    }
    *out = &in->iter;
    return NULL;
}

void input_leave_live(struct async_iter *entries)
{
    ((struct input *)entries)->leaves_live = true;
}

bool input_rest(const struct async_iter *entries, struct feed_rest *out)
{
    const struct input *in = (const struct input *)entries;
    bool last = in->nfeeds > 0 && in->feed_at == in->nfeeds - 1;
    bool urls = in->options->urls && in->options->urls[in->urls_given];
    return last && !urls && in->nitems == 0 && !in->failed &&
           feed_rest(in->feeds[in->feed_at], out);
}
