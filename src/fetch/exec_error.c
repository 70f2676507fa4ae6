/* SPDX-License-Identifier: MIT */
/* How a command ended, as an error. */
#include "fetch/exec.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* A code outlives its error: it is one of these. */
#define ONE(n) "EXIT_" #n
#define TEN(t)                                                                                     \
    ONE(t##0), ONE(t##1), ONE(t##2), ONE(t##3), ONE(t##4), ONE(t##5), ONE(t##6), ONE(t##7),        \
        ONE(t##8), ONE(t##9)

static const char *code_of_status(int status)
{
    static const char *const codes[256] = {ONE(0), ONE(1), ONE(2), ONE(3), ONE(4), ONE(5), ONE(6),
        ONE(7), ONE(8), ONE(9), TEN(1), TEN(2), TEN(3), TEN(4), TEN(5), TEN(6), TEN(7), TEN(8),
        TEN(9), TEN(10), TEN(11), TEN(12), TEN(13), TEN(14), TEN(15), TEN(16), TEN(17), TEN(18),
        TEN(19), TEN(20), TEN(21), TEN(22), TEN(23), TEN(24), ONE(250), ONE(251), ONE(252),
        ONE(253), ONE(254), ONE(255)};

    return codes[status & 255];
}

#define SIGNAL(name) [name] = #name

static const char *code_of_signal(int signo)
{
    static const char *const codes[] = {SIGNAL(SIGHUP), SIGNAL(SIGINT), SIGNAL(SIGQUIT),
        SIGNAL(SIGILL), SIGNAL(SIGTRAP), SIGNAL(SIGABRT), SIGNAL(SIGBUS), SIGNAL(SIGFPE),
        SIGNAL(SIGKILL), SIGNAL(SIGUSR1), SIGNAL(SIGSEGV), SIGNAL(SIGUSR2), SIGNAL(SIGPIPE),
        SIGNAL(SIGALRM), SIGNAL(SIGTERM), SIGNAL(SIGXCPU), SIGNAL(SIGXFSZ), SIGNAL(SIGVTALRM),
        SIGNAL(SIGPROF), SIGNAL(SIGIO), SIGNAL(SIGPWR), SIGNAL(SIGSYS)};
    const char *code =
        signo > 0 && (size_t)signo < sizeof codes / sizeof *codes ? codes[signo] : NULL;

    return code ? code : "SIGNAL";
}

struct err *exec_error(const struct child_end *end, const char *name)
{
    if (end->errnum == ECHILD) {
        return err_new(ERR_EXEC, "ECHILD", "the helper that runs '%s' was killed", name);
    }
    if (end->errnum) {
        return err_errno(ERR_EXEC, end->errnum, "cannot start '%s'", name);
    }
    if (WIFSIGNALED(end->status)) {
        const char *code = code_of_signal(WTERMSIG(end->status));
        return err_new(
            ERR_EXEC, code, "'%s' was killed by signal %d (%s)", name, WTERMSIG(end->status), code);
    }
    const int status = WEXITSTATUS(end->status);
    return status == 0 ? NULL
                       : err_new(ERR_EXEC, code_of_status(status), "'%s' ended with status %d",
                             name, status);
}
