/* SPDX-License-Identifier: MIT */
/*
 * The floor: the least that libcurl itself needs for a list of files. A bare loop of libev around
 * curl_multi_socket_action, reused easy handles, write in the callback, a rename for each file,
 * and nothing else: no retries, no limits, no names that are not the URL's last segment.
 *
 *     bench/floor [-1] [-j N] [-d DIR] [-c CAFILE] < LIST
 *
 * -1 is HTTP/1.1; otherwise HTTP/2 where TLS agrees on it, many requests on one connection.
 */
#include <curl/curl.h>
#include <ev.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct floor {
    struct ev_loop *loop;
    ev_timer timer;
    CURLM *multi;
    const char *cafile;
    long http;
    char *line; /* owned; getline's */
    size_t size;
    int dir;
    unsigned long active;
    unsigned long failed;
};

struct slot {
    struct floor *floor;
    CURL *easy;
    int fd;
    char name[256];
    char part[258];
};

struct watch {
    ev_io io;
    struct floor *floor;
};

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct slot *s = arg;
    size_t length = size * count;
    for (size_t at = 0; at < length;) {
        ssize_t n = write(s->fd, data + at, length - at);
        if (n < 0) {
            return 0;
        }
        at += (size_t)n;
    }
    return length;
}

/* The next line of the list into slot; false at its end. */
static bool slot_next(struct slot *s)
{
    struct floor *f = s->floor;
    ssize_t n = getline(&f->line, &f->size, stdin);
    if (n <= 0) {
        return false;
    }
    if (f->line[n - 1] == '\n') {
        f->line[n - 1] = '\0';
    }
    const char *slash = strrchr(f->line, '/');
    snprintf(s->name, sizeof s->name, "%.250s", slash ? slash + 1 : f->line);
    snprintf(s->part, sizeof s->part, ".%s", s->name);
    s->fd = openat(f->dir, s->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (s->fd < 0) {
        die(s->part);
    }
    curl_easy_setopt(s->easy, CURLOPT_URL, f->line);
    curl_multi_add_handle(f->multi, s->easy);
    f->active++;
    return true;
}

static void slot_done(struct slot *s, CURLcode result)
{
    struct floor *f = s->floor;
    close(s->fd);
    if (result != CURLE_OK) {
        fprintf(stderr, "floor: %s: %s\n", s->name, curl_easy_strerror(result));
        unlinkat(f->dir, s->part, 0);
        f->failed++;
    } else if (renameat(f->dir, s->part, f->dir, s->name) != 0) {
        die(s->name);
    }
}

static bool slot_start(struct slot *s, struct floor *f)
{
    s->floor = f;
    s->easy = curl_easy_init();
    if (!s->easy) {
        die("curl_easy_init");
    }
    curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->easy, CURLOPT_BUFFERSIZE, 512L * 1024);
    curl_easy_setopt(s->easy, CURLOPT_HTTP_VERSION, f->http);
    if (f->http != CURL_HTTP_VERSION_1_1) {
        curl_easy_setopt(s->easy, CURLOPT_PIPEWAIT, 1L);
    }
    if (f->cafile) {
        curl_easy_setopt(s->easy, CURLOPT_CAINFO, f->cafile);
    }
    return slot_next(s);
}

static void floor_reap(struct floor *f)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(f->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        struct slot *s = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&s);
        curl_multi_remove_handle(f->multi, easy);
        f->active--;
        slot_done(s, result);
        slot_next(s);
    }
}

static void floor_act(struct floor *f, curl_socket_t socket, int events)
{
    int running;
    curl_multi_socket_action(f->multi, socket, events, &running);
    floor_reap(f);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    floor_act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop;
    int action =
        (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
    floor_act(((struct watch *)io)->floor, io->fd, action);
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    struct floor *f = arg;
    ev_timer_stop(f->loop, &f->timer);
    if (ms >= 0) {
        ev_timer_set(&f->timer, (double)ms / 1000, 0);
        ev_timer_start(f->loop, &f->timer);
    }
    return 0;
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *per_socket)
{
    (void)easy;
    struct floor *f = arg;
    struct watch *w = per_socket;
    if (what == CURL_POLL_REMOVE) {
        if (w) {
            ev_io_stop(f->loop, &w->io);
            free(w);
        }
        return 0;
    }
    int events = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);
    if (!w) {
        w = calloc(1, sizeof *w);
        if (!w) {
            return -1;
        }
        w->floor = f;
        ev_init(&w->io, on_io);
        curl_multi_assign(f->multi, socket, w);
    }
    ev_io_stop(f->loop, &w->io);
    ev_io_set(&w->io, socket, events);
    ev_io_start(f->loop, &w->io);
    return 0;
}

static void raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static unsigned long floor_options(struct floor *f, int argc, char **argv)
{
    unsigned long jobs = 64;
    const char *dir = ".";
    for (int c; (c = getopt(argc, argv, "1j:d:c:")) != -1;) {
        switch (c) {
        case '1':
            f->http = CURL_HTTP_VERSION_1_1;
            break;
        case 'j':
            jobs = strtoul(optarg, NULL, 10);
            break;
        case 'd':
            dir = optarg;
            break;
        case 'c':
            f->cafile = optarg;
            break;
        default:
            exit(2);
        }
    }
    f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->dir < 0) {
        die(dir);
    }
    return jobs;
}

int main(int argc, char **argv)
{
    struct floor f = {.http = CURL_HTTP_VERSION_2TLS};
    unsigned long jobs = floor_options(&f, argc, argv);
    raise_files();
    f.loop = ev_default_loop(0);
    f.multi = curl_multi_init();
    struct slot *slots = calloc(jobs, sizeof *slots);
    if (!f.loop || !f.multi || !slots) {
        die("floor");
    }
    ev_init(&f.timer, on_timer);
    f.timer.data = &f;
    curl_multi_setopt(f.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(f.multi, CURLMOPT_SOCKETDATA, &f);
    curl_multi_setopt(f.multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(f.multi, CURLMOPT_TIMERDATA, &f);
    for (unsigned long i = 0; i < jobs && slot_start(&slots[i], &f); i++) {
    }
    /* Idle connections are watched too: it is the transfers that keep the loop running. */
    while (f.active > 0) {
        ev_run(f.loop, EVRUN_ONCE);
    }
    for (unsigned long i = 0; i < jobs; i++) {
        curl_easy_cleanup(slots[i].easy);
    }
    curl_multi_cleanup(f.multi);
    free(slots);
    free(f.line);
    return f.failed ? 1 : 0;
}
