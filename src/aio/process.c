/* SPDX-License-Identifier: MIT */
/* Child processes: posix_spawn and ev_child. libev reaps; we only learn of it. */
#include "aio/process.h"

#include "aio/waiter.h"
#include "base/alloc.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct process {
    struct loop *loop; /* borrowed */
    pid_t pid;
    int status; /* the wait status, once ended */
    bool ended;
    ev_child child;
    struct handle handle; /* completes the waiters */
    struct list line;     /* waiters */
};

/* -- starting -------------------------------------------------------------------------------- */

/* Descriptors 0 to 2 are targets: one of them that is a source for another is copied out of the way
 * first. Returns the source to use; *copy is closed afterwards. */
static int process_source(int fd, int target, int *copy)
{
    *copy = -1;
    if (fd < 0 || fd > 2 || fd == target) {
        return fd;
    }
    *copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return *copy;
}

static int process_add_io(posix_spawn_file_actions_t *actions, int fd, int target)
{
    if (fd < 0) {
        return posix_spawn_file_actions_addopen(actions, target, "/dev/null", O_RDWR, 0);
    }
    return posix_spawn_file_actions_adddup2(actions, fd, target);
}

static int process_set_attributes(posix_spawnattr_t *attr)
{
    sigset_t none, ignored_here;
    sigemptyset(&none);
    sigemptyset(&ignored_here);
    sigaddset(&ignored_here, SIGPIPE);
    sigaddset(&ignored_here, SIGXFSZ);
    posix_spawnattr_setsigmask(attr, &none);
    posix_spawnattr_setsigdefault(attr, &ignored_here);
    posix_spawnattr_setpgroup(attr, 0);
    return posix_spawnattr_setflags(
        attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

/* Returns an errno. */
static int process_start(char *const argv[], char *const env[], const int fds[3], pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc) {
        return rc;
    }
    rc = posix_spawnattr_init(&attr);
    if (rc) {
        goto out_actions;
    }
    for (int target = 0; target < 3 && rc == 0; target++) {
        rc = process_add_io(&actions, fds[target], target);
    }
    if (rc == 0) {
        rc = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    }
    if (rc == 0) {
        rc = process_set_attributes(&attr);
    }
    if (rc == 0) {
        rc = posix_spawnp(pid, argv[0], &actions, &attr, argv, env ? env : environ);
    }
    posix_spawnattr_destroy(&attr);
out_actions:
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

static int process_start_with(
    char *const argv[], char *const env[], struct process_io io, pid_t *pid)
{
    int wanted[3] = {io.in, io.out, io.err}, fds[3], copies[3] = {-1, -1, -1}, rc = 0;
    for (int i = 0; i < 3; i++) {
        fds[i] = process_source(wanted[i], i, &copies[i]);
        if (wanted[i] >= 0 && fds[i] < 0) {
            rc = errno;
        }
    }
    if (rc == 0) {
        rc = process_start(argv, env, fds, pid);
    }
    for (int i = 0; i < 3; i++) {
        if (copies[i] >= 0) {
            close(copies[i]);
        }
    }
    return rc;
}

/* -- ending ---------------------------------------------------------------------------------- */

static struct err *process_on_ended(void *arg)
{
    struct process *p = arg;
    waiter__wake_all(&p->line, &p->status);
    return NULL;
}

static void process_on_child(struct ev_loop *ev, ev_child *w, int revents)
{
    (void)revents;
    struct process *p = w->data;
    ev_child_stop(ev, w);
    p->ended = true;
    p->status = w->rstatus;
    loop_post(p->loop, &p->handle);
}

struct err *process_spawn(struct loop *l, char *const argv[], char *const env[],
    struct process_io io, struct process **out)
{
    struct process *p = mem_new(sizeof *p);
    if (!p) {
        return err_plain(ERR_NOMEM);
    }
    p->loop = l;
    list_init(&p->line);
    handle_init(&p->handle, process_on_ended, p);
    int rc = process_start_with(argv, env, io, &p->pid);
    if (rc) {
        free(p);
        return err_errno(ERR_EXEC, rc, "cannot start %s", argv[0]);
    }
    /* The loop has not run since the start, so libev cannot have reaped it yet. */
    ev_child_init(&p->child, process_on_child, p->pid, 0);
    p->child.data = p;
    ev_child_start(loop_ev(l), &p->child);
    *out = p;
    return NULL;
}

struct future *process_wait(struct process *p)
{
    return p->ended ? waiter__done(p->loop, &p->status) : waiter__new(p->loop, &p->line);
}

pid_t process_pid(const struct process *p)
{
    return p->pid;
}

struct err *process_kill(struct process *p, int signo)
{
    if (p->ended || kill(-p->pid, signo) == 0) {
        return NULL;
    }
    return err_errno(ERR_EXEC, errno, "cannot signal process group %d", (int)p->pid);
}

void process_free(struct process *p)
{
    if (!p) {
        return;
    }
    if (!p->ended) {
        ev_child_stop(loop_ev(p->loop), &p->child);
        kill(-p->pid, SIGKILL);
        while (waitpid(p->pid, &p->status, 0) < 0 && errno == EINTR) {
        }
    }
    handle_cancel(&p->handle);
    waiter__cancel_all(&p->line);
    free(p);
}
