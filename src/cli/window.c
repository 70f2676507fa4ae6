/* SPDX-License-Identifier: MIT */
/*
 * The reorder window.
 *
 *   pages:   [ first page ][ page ][ page ] ...     PAGE indices each
 *              ^ next                ^ complete: a few blobs in place of PAGE
 *
 * A page is made when the first of its indices comes. One that has all its texts, and is not the
 * one that is being taken from, is folded: its texts, in order, become pieces of several texts
 * each. A piece is small, whatever a page's texts come to (with --body, a gigabyte).
 */
#include "cli/window.h"

#include "base/alloc.h"
#include "store/spool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 1024, PIECE_MOST = 64 << 10 };

struct slot {
    struct spool_blob blob;
    bool here;
};

/* Texts that follow one another. */
struct piece {
    struct spool_blob blob;
    unsigned count;
};

struct page {
    struct slot *slots;   /* owned; NULL once folded */
    struct piece *pieces; /* owned; NULL before */
    unsigned npieces, taken;
    unsigned count; /* texts that came */
};

struct window {
    struct spool *spool; /* owned */
    struct page **pages; /* owned, a ring; NULL where nothing came yet */
    size_t room, first, npages;
    uint64_t base; /* the index of the first page's first slot */
    uint64_t next; /* the index to go out next */
    size_t held;
};

struct window *window_new(size_t in_memory)
{
    struct window *w = mem_new(sizeof(*w));
    if (!w) {
        return NULL;
    }
    w->base = w->next = 1;
    w->spool = spool_new(in_memory);
    if (!w->spool) {
        free(w);
        return NULL;
    }
    return w;
}

static struct page **page_at(const struct window *w, size_t n)
{
    assert(w->room > 0);
    return &w->pages[(w->first + n) % w->room];
}

static void page_free(struct window *w, struct page *p)
{
    if (!p) {
        return;
    }
    for (size_t i = 0; p->slots && i < PAGE; i++) {
        if (p->slots[i].here) {
            spool_drop(w->spool, &p->slots[i].blob);
        }
    }
    for (unsigned i = p->taken; i < p->npieces; i++) {
        spool_drop(w->spool, &p->pieces[i].blob);
    }
    free(p->slots);
    free(p->pieces);
    free(p);
}

void window_free(struct window *w)
{
    if (!w) {
        return;
    }
    for (size_t i = 0; i < w->npages; i++) {
        page_free(w, *page_at(w, i));
    }
    free(w->pages);
    spool_free(w->spool);
    free(w);
}

size_t window_held(const struct window *w)
{
    return w->held;
}

/* Room for `npages` pages, of which new ones are NULL. */
static bool extend(struct window *w, size_t npages)
{
    if (npages > w->room) {
        size_t room = w->room ? w->room : 4;
        while (room < npages) {
            room *= 2;
        }
        struct page **pages = mem_array(NULL, room, sizeof(*pages));
        if (!pages) {
            return false;
        }
        for (size_t i = 0; i < w->npages; i++) {
            pages[i] = *page_at(w, i);
        }
        free(w->pages);
        w->pages = pages;
        w->room = room;
        w->first = 0;
    }
    while (w->npages < npages) {
        *page_at(w, w->npages) = NULL;
        w->npages++;
    }
    return true;
}

static struct page *page_for(struct window *w, uint64_t index)
{
    size_t n = (size_t)((index - w->base) / PAGE);
    if (!extend(w, n + 1)) {
        return NULL;
    }
    struct page **p = page_at(w, n);
    if (!*p) {
        struct page *made = mem_new(sizeof(*made));
        struct slot *slots = mem_new(PAGE * sizeof(*slots));
        if (!made || !slots) {
            free(made);
            free(slots);
            return NULL;
        }
        made->slots = slots;
        *p = made;
    }
    return *p;
}

/* -- folding ------------------------------------------------------------------------------- */

/* How many texts from one on make a piece: a large one is a piece by itself. */
static unsigned piece_at(const struct page *p, unsigned from)
{
    size_t bytes = p->slots[from].blob.len;
    unsigned n = 1;
    while (from + n < PAGE && bytes + p->slots[from + n].blob.len <= PIECE_MOST) {
        bytes += p->slots[from + n].blob.len;
        n++;
    }
    return n;
}

/* The texts of a piece, from one on, become one blob. all: empty, for its memory. */
static struct err *join(struct window *w, struct slot *from, struct piece *piece, struct buf *all)
{
    struct err *error = NULL;
    if (piece->count == 1) {
        piece->blob = from->blob;
        from->here = false;
        return NULL;
    }
    for (unsigned i = 0; i < piece->count && !error; i++) {
        error = spool_take(w->spool, &from[i].blob, all);
        from[i].here = from[i].here && error;
    }
    return error ? error : spool_put(w->spool, all->data ? all->data : "", all->len, &piece->blob);
}

static struct err *fold(struct window *w, struct page *p)
{
    struct buf all = BUF_INIT;
    struct err *error = NULL;
    unsigned npieces = 0;
    for (unsigned at = 0; at < PAGE; at += piece_at(p, at)) {
        npieces++;
    }
    p->pieces = mem_array(NULL, npieces, sizeof(*p->pieces));
    if (!p->pieces) {
        return err_plain(ERR_NOMEM);
    }
    for (unsigned at = 0; at < PAGE && !error; at += p->pieces[p->npieces++].count) {
        struct piece *piece = &p->pieces[p->npieces];
        *piece = (struct piece){.count = piece_at(p, at)};
        buf_clear(&all);
        error = join(w, &p->slots[at], piece, &all);
    }
    if (!error) {
        free(p->slots);
        p->slots = NULL;
    }
    buf_fini(&all);
    return error;
}

/* -- in and out ---------------------------------------------------------------------------- */

struct err *window_put(struct window *w, uint64_t index, const void *text, size_t len)
{
    struct page *p = page_for(w, index);
    if (!p) {
        return err_plain(ERR_NOMEM);
    }
    struct slot *s = &p->slots[(index - w->base) % PAGE];
    struct err *error = spool_put(w->spool, text, len, &s->blob);
    if (error) {
        return error;
    }
    s->here = true;
    p->count++;
    w->held++;
    bool front = index - w->base < PAGE;
    return p->count == PAGE && !front ? fold(w, p) : NULL;
}

static void drop_first_page(struct window *w)
{
    page_free(w, *page_at(w, 0));
    w->first = (w->first + 1) % w->room;
    w->npages--;
    w->base += PAGE;
    w->next = w->base;
}

static struct err *take_folded(struct window *w, struct page *p, struct buf *b)
{
    struct piece *piece = &p->pieces[p->taken];
    struct err *error = spool_take(w->spool, &piece->blob, b);
    if (!error) {
        w->held -= piece->count;
        p->taken++;
        if (p->taken == p->npieces) {
            drop_first_page(w);
        }
    }
    return error;
}

struct err *window_take(struct window *w, bool skip_gaps, struct buf *b, bool *more)
{
    *more = false;
    while (w->npages > 0) {
        struct page *p = *page_at(w, 0);
        if (p && !p->slots) {
            *more = true;
            return take_folded(w, p, b);
        }
        size_t at = (size_t)(w->next - w->base);
        if (p && p->slots[at].here) {
            struct err *error = spool_take(w->spool, &p->slots[at].blob, b);
            p->slots[at].here = false;
            w->held--;
            w->next++;
            *more = true;
            if (at + 1 == PAGE) {
                drop_first_page(w);
            }
            return error;
        }
        if (!skip_gaps || w->held == 0) {
            return NULL;
        }
        w->next++;
        if (!p || at + 1 == PAGE) {
            drop_first_page(w);
        }
    }
    return NULL;
}
