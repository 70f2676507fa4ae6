/* SPDX-License-Identifier: MIT */
/* What goes on all the same, but is perhaps not what was meant. */
#include "cli/options_private.h"
#include "cli/write_out.h"
#include "fetch/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* By PATH, as it will be looked up. */
static bool program_exists(const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/')) {
        return access(name, X_OK) == 0;
    }
    for (path = path ? path : "/bin:/usr/bin"; *path; path += *path == ':') {
        size_t len = strcspn(path, ":");
        struct buf b = BUF_INIT;
        buf_add(&b, len ? path : ".", len ? len : 1);
        buf_addf(&b, "/%s", name);
        bool found = !buf_failed(&b) && access(b.data, X_OK) == 0;
        buf_fini(&b);
        if (found) {
            return true;
        }
        path += len;
    }
    return false;
}

static void remark_command(const struct parse *p)
{
    struct command *c = NULL;
    struct buf b = BUF_INIT;
    if (!p->o->session.exec || command_parse(p->o->session.exec, &c)) {
        return;
    }
    if (command_remark(c)) {
        buf_addf(&b, "--exec: %s", command_remark(c));
    } else if (*command_name(c) != '{' && !program_exists(command_name(c))) {
        buf_addf(&b, "--exec: there is no program '%s' (yet)", command_name(c));
    }
    if (b.len && !buf_failed(&b)) {
        p->warn(p->warn_arg, b.data);
    }
    buf_fini(&b);
    command_free(c);
}

/* What was asked for and will not be, by what else was asked for. */
static const char *without_effect(const struct parse *p)
{
    const struct session_options *s = &p->o->session;
    if (p->segments_here && s->segments > 1 && s->discard) {
        return "--segments: without effect, as a body that becomes no file comes over one "
               "connection";
    }
    if (p->segments_here && s->segments > 1 && s->request.range) {
        return "--segments: without effect, as a --range comes over one connection";
    }
    if (p->race_here && p->urls.count > 1 && !p->o->input.same_file && !p->files.count) {
        return "--race: without effect, as no URL has a mirror; with --same-file they are mirrors "
               "of one file";
    }
    return NULL;
}

/* As on curl's first run with a jar, it need not be there. */
static void remark_cookies(const struct parse *p)
{
    const struct net_options *n = &p->o->net;
    struct buf b = BUF_INIT;
    if (!n->cookie_file || strcmp(n->cookie_file, "-") == 0 ||
        (n->cookie_jar && strcmp(n->cookie_file, n->cookie_jar) == 0) ||
        access(n->cookie_file, R_OK) == 0) {
        return;
    }
    buf_addf(&b, "--cookie: no cookies are read: %s: %s", n->cookie_file, strerror(errno));
    if (!buf_failed(&b)) {
        p->warn(p->warn_arg, b.data);
    }
    buf_fini(&b);
}

static void remark_urls(const struct parse *p)
{
    for (size_t i = 0; !p->o->output.quiet && i < p->urls.count; i++) {
        if (habit_in_url(p->urls.at[i])) {
            p->warn(p->warn_arg,
                "brackets and braces of a URL are taken as they are; the shell makes "
                "many of one: {1..9}, {a,b}");
            return;
        }
    }
}

void options__remark(const struct parse *p)
{
    if (!p->warn) {
        return;
    }
    const struct options *o = p->o;
    remark_cookies(p);
    remark_urls(p);
    if (o->output.write_out) {
        write_out_free(write_out_new(o->output.write_out, p->warn, p->warn_arg));
    }
    remark_command(p);
    if (p->look_ahead_set && o->session.look_ahead < o->hosts.jobs) {
        p->warn(p->warn_arg, "--look-ahead is less than --jobs: fewer downloads run at once");
    }
    const char *vain = without_effect(p);
    if (vain && !o->output.quiet) {
        p->warn(p->warn_arg, vain);
    }
}
