/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include "base/alloc.h"
#include "cli/screen.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double EVERY = 0.1;   /* seconds between two redraws, at the least */
static const double MOMENT = 0.25; /* what is over sooner is not shown */
static const double SMOOTH = 3;    /* seconds over which a speed is averaged */

enum {
    ROWS = 64,              /* downloads shown, at most */
    AT_FULL_PACE = 1000,    /* with more downloads under way, redraws are rarer */
    SAID_AT_ONCE = 1 << 16, /* bytes said that do not wait for the next redraw */
};

/* An average in which the last seconds count most; from the first value on. */
struct speed {
    double sum, weight;
};

/* A download that was shown by the last redraw. */
struct shown {
    uint64_t index;
    int64_t received;
    struct speed speed;
};

/* What one look at the downloads under way gathers. */
struct look {
    struct progress *p;
    struct session_download active[ROWS], waiting[ROWS]; /* oldest first */
    size_t nactive, nwaiting, most;
    double have, left; /* bytes, of those whose size is known: here, and to come */
    uint64_t sized, unsized;
    double now;
};

struct progress {
    struct loop *loop;
    int fd;
    struct writer *writer; /* borrowed */
    struct progress_source source;
    struct screen screen;
    struct buf out; /* kept for its memory */
    struct timer timer;
    bool on, stops; /* under way; SIGTSTP is ours */
    unsigned lines, columns;
    double began, last, drawn; /* last: when the run's speeds were measured */
    uint64_t last_received, last_done;
    struct speed bytes, files; /* a second */
    struct shown shown[ROWS];
    size_t nshown;
};

static struct err *on_tick(void *arg);

bool progress_possible(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) == 1 && term && *term && strcmp(term, "dumb") != 0;
}

struct progress *progress_new(struct loop *l, int fd, struct writer *writer)
{
    struct progress *p = mem_new(sizeof(*p));
    if (p) {
        const char *no_colour = getenv("NO_COLOR");
        p->loop = l;
        p->fd = fd;
        p->writer = writer;
        screen_init(&p->screen, "", !no_colour || !*no_colour);
        timer_init(&p->timer, on_tick, p);
    }
    return p;
}

void progress_free(struct progress *p)
{
    if (p) {
        progress_stop(p);
        screen_fini(&p->screen);
        buf_fini(&p->out);
        free(p);
    }
}

/* -- figures ------------------------------------------------------------------------------- */

static void speed_add(struct speed *s, double amount, double seconds)
{
    if (seconds > 0) {
        const double keep = exp(-seconds / SMOOTH);
        s->sum = s->sum * keep + amount / seconds * (1 - keep);
        s->weight = s->weight * keep + (1 - keep);
    }
}

/* Negative: nothing was measured. */
static double speed_of(const struct speed *s)
{
    return s->weight > 0 ? s->sum / s->weight : -1;
}

static uint64_t done(const struct session_totals *t)
{
    return t->finished + t->failed + t->cancelled + t->pending + t->skipped + t->unchanged;
}

static const char *phase_of(const struct session_download *d)
{
    static const char *const words[PHASES] = {
        [PHASE_SLOT] = "waiting for its turn",
        [PHASE_BACKOFF] = "waiting to try again",
        [PHASE_REQUEST] = "requesting",
        [PHASE_VERIFY] = "verifying",
        [PHASE_COMMIT] = "writing",
        [PHASE_TURN] = "in line",
        [PHASE_EXEC] = "running its command",
    };
    return words[d->phase];
}

static bool waits(const struct session_download *d)
{
    return d->phase == PHASE_SLOT || d->phase == PHASE_BACKOFF;
}

/* Those that run for long are the most telling; those that wait come last. */
static void on_download(const struct session_download *d, void *arg)
{
    struct look *l = arg;
    if (d->total >= 0 && d->received <= d->total) {
        l->have += (double)d->received;
        l->left += (double)(d->total - d->received);
        l->sized++;
    } else {
        l->unsized++;
    }
    if (l->now - d->since < MOMENT) {
        return;
    }
    if (waits(d)) {
        if (l->nwaiting < l->most) {
            l->waiting[l->nwaiting++] = *d;
        }
    } else if (l->nactive < l->most) {
        l->active[l->nactive++] = *d;
    }
}

/* Seconds until all is there, guessed from what the files so far were like; negative: not known. */
static double guess_eta(const struct progress *p, const struct look *l)
{
    const struct session_totals *t = p->source.totals;
    const uint64_t ended = done(t);
    if (!t->input_ended || ended > t->entries) {
        return -1;
    }
    const double bytes = speed_of(&p->bytes);
    const double files = speed_of(&p->files);
    const double rest = (double)(t->entries - ended) - (double)l->sized;
    const double here = (double)t->received - l->have;
    double mean = 0;
    if (t->finished && here > 0) {
        mean = here / (double)t->finished;
    } else if (l->sized) {
        mean = (l->have + l->left) / (double)l->sized;
    }
    const double left = l->left + (rest > 0 ? rest * mean : 0);
    if (left > 0) {
        return bytes > 0 ? left / bytes : -1;
    }
    return files > 0 && rest > 0 ? rest / files : -1;
}

static void measure(struct progress *p, double now)
{
    const struct session_totals *t = p->source.totals;
    const uint64_t ended = done(t);
    const double seconds = now - p->last;
    speed_add(&p->bytes, (double)(t->received - p->last_received), seconds);
    speed_add(&p->files, (double)(ended - p->last_done), seconds);
    p->last_received = t->received;
    p->last_done = ended;
}

static struct screen_totals sum_up(const struct progress *p, const struct look *l)
{
    const struct session_totals *t = p->source.totals;
    return (struct screen_totals){
        .done = done(t),
        .known = t->entries,
        .all_known = t->input_ended,
        .bytes = t->received,
        .running = t->running,
        .failed = t->failed,
        .skipped = t->skipped + t->unchanged,
        .retries = t->retries,
        .held = p->source.hosts ? hosts_figures(p->source.hosts).held : 0,
        .speed = speed_of(&p->bytes),
        .eta = guess_eta(p, l),
    };
}

/* What is known of a download from the last redraw, and what it did since. */
static struct shown follow(
    const struct progress *p, const struct session_download *d, double seconds)
{
    for (size_t i = 0; i < p->nshown; i++) {
        if (p->shown[i].index == d->index) {
            struct shown s = p->shown[i];
            const int64_t more = d->received - s.received;
            speed_add(&s.speed, more > 0 ? (double)more : 0, seconds);
            s.received = d->received;
            return s;
        }
    }
    return (struct shown){.index = d->index, .received = d->received};
}

static size_t fill_rows(
    struct progress *p, const struct look *l, double seconds, struct screen_row rows[ROWS])
{
    struct shown shown[ROWS];
    size_t n = 0;
    for (; n < l->most && n < l->nactive + l->nwaiting; n++) {
        const struct session_download *d =
            n < l->nactive ? &l->active[n] : &l->waiting[n - l->nactive];
        shown[n] = follow(p, d, seconds);
        rows[n] = (struct screen_row){
            .name = d->path ? d->path : d->url,
            .phase = phase_of(d),
            .received = d->received,
            .total = d->total,
            .speed = speed_of(&shown[n].speed),
        };
    }
    /* cppcheck-suppress uninitvar; n of them are set */
    memcpy(p->shown, shown, n * sizeof *shown);
    p->nshown = n;
    return n;
}

/* -- the terminal -------------------------------------------------------------------------- */

static void ask_size(struct progress *p)
{
    struct winsize size = {0};
    const bool known = ioctl(p->fd, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col;
    p->lines = known ? size.ws_row : 24;
    p->columns = known ? size.ws_col : 80;
}

/* Another program has the terminal: after Ctrl-Z and bg. */
static bool in_background(const struct progress *p)
{
    const pid_t group = tcgetpgrp(p->fd);
    return group > 0 && group != getpgrp();
}

static struct err *send(struct progress *p)
{
    struct err *error = NULL;
    if (!buf_failed(&p->out)) {
        error = writer_add(p->writer, p->out.data, p->out.len);
    }
    buf_clear(&p->out);
    return error;
}

static struct err *draw(struct progress *p, double now)
{
    struct screen_row rows[ROWS];
    struct look look = {.p = p, .now = now, .most = screen_rows(p->lines)};
    look.most = look.most < ROWS ? look.most : ROWS;
    if (p->source.session) {
        session_each_download(p->source.session, on_download, &look);
    }
    const struct screen_view view = {
        .totals = sum_up(p, &look),
        .rows = rows,
        .nrows = fill_rows(p, &look, now - p->drawn, rows),
    };
    p->drawn = now;
    screen_frame(&p->screen, &view, p->lines, p->columns, &p->out);
    return send(p);
}

/* A terminal that is behind is not given more to do, and one in which another program runs only
 * what is said for good. */
static struct err *on_tick(void *arg)
{
    struct progress *p = arg;
    const double now = loop_time(p->loop);
    struct err *error = NULL;
    measure(p, now);
    if (writer_idle(p->writer)) {
        if (in_background(p) || now - p->began < MOMENT) {
            screen_flush(&p->screen, &p->out);
            error = send(p);
        } else {
            error = draw(p, now);
        }
    }
    p->last = now;
    err_unref(error);
    const double pace = 1 + (double)p->source.totals->running / AT_FULL_PACE;
    return timer_start_after(p->loop, &p->timer, EVERY * pace);
}

void progress_may_end(struct progress *p)
{
    screen_rest_below(&p->screen);
}

struct err *progress_say(struct progress *p, const char *text, size_t n)
{
    if (!p->on) {
        return writer_add(p->writer, text, n);
    }
    screen_say(&p->screen, text, n);
    if (p->screen.lines.len > SAID_AT_ONCE) {
        screen_flush(&p->screen, &p->out);
        return send(p);
    }
    return NULL;
}

/* -- signals ------------------------------------------------------------------------------- */

static struct err *on_resize(void *arg)
{
    struct progress *p = arg;
    ask_size(p);
    return NULL;
}

/* Ctrl-Z: the shell finds a clean terminal, and sees that the signal stopped the program. */
static struct err *on_stop(void *arg)
{
    struct progress *p = arg;
    struct sigaction ours, stop = {.sa_handler = SIG_DFL};
    screen_leave(&p->screen, &p->out);
    err_unref(send(p));
    writer_flush(p->writer, EVERY);
    if (sigaction(SIGTSTP, &stop, &ours) == 0) {
        raise(SIGTSTP);
        sigaction(SIGTSTP, &ours, NULL);
    }
    return NULL;
}

static struct err *on_continue(void *arg)
{
    struct progress *p = arg;
    screen_lost(&p->screen);
    ask_size(p);
    p->last = p->drawn = loop_time(p->loop); /* the time that it stood still does not count */
    return NULL;
}

static bool may_stop(void)
{
    struct sigaction now;
    return sigaction(SIGTSTP, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

static struct err *take_signals(struct progress *p)
{
    struct err *error = loop_add_signal(p->loop, SIGWINCH, on_resize, p);
    if (!error) {
        error = loop_add_signal(p->loop, SIGCONT, on_continue, p);
    }
    if (!error && may_stop()) {
        error = loop_add_signal(p->loop, SIGTSTP, on_stop, p);
        p->stops = !error;
    }
    return error;
}

/* -- life ---------------------------------------------------------------------------------- */

struct err *progress_start(struct progress *p, const struct progress_source *source)
{
    struct err *error = take_signals(p);
    p->on = true;
    if (error) {
        progress_stop(p);
        return error;
    }
    p->source = *source;
    p->began = p->last = p->drawn = loop_time(p->loop);
    p->last_received = source->totals->received;
    p->last_done = done(source->totals);
    ask_size(p);
    return timer_start_after(p->loop, &p->timer, EVERY);
}

void progress_stop(struct progress *p)
{
    if (!p->on) {
        return;
    }
    p->on = false;
    timer_stop(&p->timer);
    loop_remove_signal(p->loop, SIGWINCH);
    loop_remove_signal(p->loop, SIGCONT);
    if (p->stops) {
        loop_remove_signal(p->loop, SIGTSTP);
    }
    p->stops = false;
    screen_leave(&p->screen, &p->out);
    err_unref(send(p));
}
