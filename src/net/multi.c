/* SPDX-License-Identifier: MIT */
/*
 * libcurl's multi on the loop: its timer, completions, holds, turns. The sockets are in
 * multi_sockets.c.
 *
 * The invariant: libcurl is entered from the ready queue only (act), never from one of its own
 * callbacks and never from libev's; those only note what happened and post `act`.
 *
 *      libev: fd ready -----> sock.seen, list `ready` --+
 *      libcurl: timer = 0 --> kick ---------------------+--> act: curl_multi_socket_action for each
 *      release of a hold -------------------------------+         then all completions in one go
 */
#include "base/trace.h"
#include "net/private.h"

/* How soon libcurl may do what it has to do at once, while reading is held: it would read. */
#define HELD_KICK_SECONDS 0.5

/* A timer that is late by so much was stopped, not busy. */
#define GAP_SECONDS 1.0

/* Of one body, in one turn of the loop: enough at the end of a buffer, and anywhere. */
#define TURN_BYTES ((size_t)256 * 1024)
#define TURN_MOST  ((size_t)1024 * 1024)

/* -- time ---------------------------------------------------------------------------------- */

double multi__now(struct multi *m)
{
    return m->now = loop_time(m->loop);
}

double multi__held_time(const struct multi *m)
{
    double running = m->holds ? m->now - m->held_since : 0;
    return m->held_time + (running > 0 ? running : 0);
}

void multi__note_gap(struct multi *m, double when)
{
    double from = when > m->gap_end ? when : m->gap_end;
    if (m->now - from > GAP_SECONDS) {
        m->gap_time += m->now - from;
        m->gap_end = m->now;
        trace_put(loop_trace(m->loop), TRACE_NET, "stood still for %.1f s", m->now - from);
    }
}

/* -- libcurl's callbacks ------------------------------------------------------------------- */

int multi__on_timer_change(CURLM *h, long ms, void *multi)
{
    (void)h;
    struct multi *m = multi;
    if (ms == 0 && m->delayed) {
        return 0;
    }
    m->kick = ms == 0;
    m->delayed = false;
    m->due = ms > 0 ? m->now + (double)ms / 1000.0 : -1;
    if (m->kick) {
        loop_post(m->loop, &m->act);
    } else if (ms > 0 && (!timer_active(&m->timer) || m->timer.when > m->due)) {
        err_unref(timer_start(m->loop, &m->timer, m->due));
    }
    return 0;
}

struct err *multi__on_timer(void *multi)
{
    struct multi *m = multi;
    multi__now(m);
    if (m->due < 0) {
        return NULL;
    }
    multi__note_gap(m, m->due);
    if (m->due > m->now + 0.0005) {
        return timer_start(m->loop, &m->timer, m->due);
    }
    m->due = -1;
    m->kick = true;
    loop_post(m->loop, &m->act);
    return NULL;
}

/* -- acting on what was noted -------------------------------------------------------------- */

void multi__enter(struct multi *m, curl_socket_t fd, int events)
{
    int running;
    m->inside++;
    curl_multi_socket_action(m->handle, fd, events, &running);
    m->inside--;
}

static void finish_completed(struct multi *m)
{
    CURLMsg *msg;
    int left;
    while ((msg = curl_multi_info_read(m->handle, &left))) {
        struct easy *e = NULL;
        CURLcode rc = msg->data.result;
        if (msg->msg == CURLMSG_DONE &&
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &e) == CURLE_OK && e && e->t) {
            transfer__done(e->t, rc);
        }
    }
}

static void kick(struct multi *m)
{
    m->kick = m->added = m->delayed = false;
    multi__enter(m, CURL_SOCKET_TIMEOUT, 0);
}

/* It goes on with what libcurl kept of its last read, which may begin a new hold, or be refused:
 * libcurl says so here only, and would not look at the transfer again before a timer of its own.
 * With nothing kept it is read at once if it is its turn. */
static void resume(struct multi *m, struct transfer *t, bool turns)
{
    m->inside++;
    CURLcode rc = curl_easy_pause(t->easy->handle, CURLPAUSE_CONT);
    m->inside--;
    if (rc != CURLE_OK) {
        transfer__done(t, rc);
    } else if (turns && !m->holds) {
        kick(m);
        finish_completed(m); /* who ended is not to be resumed */
    }
}

static struct transfer *first_paused(const struct multi *m, uint64_t end)
{
    struct transfer *t =
        list_empty(&m->paused) ? NULL : container_of(m->paused.next, struct transfer, paused);
    return t && t->place < end ? t : NULL;
}

static void stand_in_line(struct multi *m, struct transfer *t)
{
    list_remove(&t->paused);
    t->place = m->places++;
    list_push(&m->paused, &t->paused);
}

/* Those that are held go on, until there is a hold anew. With --limit-rate, which lets few go on at
 * a time, they have their turns: in the order in which they came to be held, transfers that were
 * being read and sockets that had something to be read alike. Without it connections may be shared,
 * and of these nothing is read before all their streams go on. */
static void go_on(struct multi *m)
{
    const bool turns = m->options->limit_rate > 0;
    const uint64_t end = m->places;
    while (!m->holds) {
        struct transfer *t = first_paused(m, end);
        const uint64_t parked = sockets__place(m);
        if (parked < end && (!t || (turns && parked < t->place))) {
            sockets__unpark(m);
        } else if (t && t->held) {
            stand_in_line(m, t);
        } else if (t) {
            list_remove(&t->paused);
            resume(m, t, turns);
        } else {
            break;
        }
    }
}

struct err *multi__act(void *multi)
{
    struct multi *m = multi;
    struct err *e = NULL;
    multi__now(m);
    m->turn++;
    go_on(m);
    sockets__act(m);
    if (m->kick && m->holds && !m->added && !m->delayed) {
        m->kick = false;
        m->delayed = true;
        m->due = m->now + HELD_KICK_SECONDS;
        e = timer_start(m->loop, &m->timer, m->due);
    } else if (m->kick) {
        kick(m);
    }
    finish_completed(m);
    return e;
}

struct err *multi__add(struct multi *m, struct transfer *t)
{
    m->added = true;
    m->inside++;
    CURLMcode rc = curl_multi_add_handle(m->handle, t->easy->handle);
    m->inside--;
    if (rc == CURLM_OK) {
        return NULL;
    }
    return rc == CURLM_OUT_OF_MEMORY ? err_plain(ERR_NOMEM)
                                     : err_new(ERR_RUNTIME, NULL, "%s", curl_multi_strerror(rc));
}

void multi__remove(struct multi *m, struct transfer *t)
{
    m->inside++;
    curl_multi_remove_handle(m->handle, t->easy->handle);
    m->inside--;
    sockets__forget(t);
}

/* -- holds --------------------------------------------------------------------------------- */

void multi_hold(struct multi *m)
{
    if (m->holds++ == 0) {
        m->held_since = loop_time(m->loop);
    }
}

void multi_release(struct multi *m)
{
    if (--m->holds > 0) {
        return;
    }
    multi__now(m);
    m->held_time += m->now - m->held_since;
    m->kick |= m->delayed;
    if (m->kick || !list_empty(&m->paused) || sockets__place(m) != UINT64_MAX) {
        loop_post(m->loop, &m->act);
    }
}

/* -- how much at once ---------------------------------------------------------------------- */

/*
 * libcurl reads from a connection for as long as it is readable, up to a hundred buffers in one
 * call: 50 MB of one transfer, while all others wait, and the writers for what has become of their
 * jobs. Pausing the transfer that is being read ends that after the buffer at hand, whose rest
 * libcurl then copies and keeps: so best at its end. In both directions: one that may still send is
 * looked at again at once, and one more buffer is read, to be kept (7.88).
 *
 * A paused stream of HTTP/2 is dangerous only while its connection is read for the others (their
 * window is 32 MiB each): when all are held, the connection is, and is read again only when all of
 * its streams go on. To take turns is for HTTP/1 only, and for bodies of which libcurl hands over
 * what it read as it came: of others it would have much to keep.
 */
bool multi__by_turns(const struct transfer *t)
{
    const struct reply *r = &t->reply->r;
    return r->version && r->version[0] == '1' && r->content_length >= 0 && !t->decoder;
}

/* Whether that was all that libcurl had read: it counts a read before it hands it over. */
static bool is_drained(const struct transfer *t)
{
    curl_off_t read = 0;
    return curl_easy_getinfo(t->easy->handle, CURLINFO_SIZE_DOWNLOAD_T, &read) == CURLE_OK &&
           read == t->reply->r.received;
}

static bool had_its_turn(struct multi *m, struct transfer *t, size_t n)
{
    if (!t->by_turns) {
        return false;
    }
    if (t->turn != m->turn) {
        t->turn = m->turn;
        t->turn_bytes = 0;
    }
    t->turn_bytes += n;
    return t->turn_bytes >= TURN_BYTES && (t->turn_bytes >= TURN_MOST || is_drained(t));
}

void multi__brought(struct multi *m, struct transfer *t, size_t n)
{
    const bool enough = had_its_turn(m, t, n);
    if ((enough || m->holds || t->held) && list_empty(&t->paused) &&
        curl_easy_pause(t->easy->handle, CURLPAUSE_ALL) == CURLE_OK) {
        stand_in_line(m, t);
        loop_post(m->loop, &m->act);
    }
}

bool multi_held(const struct multi *m)
{
    return m->holds > 0;
}
