/* SPDX-License-Identifier: MIT */
/* -o -, --tar, --body: bodies that become no files, and what does not go with that. */
#include "cli/options_private.h"

#include <string.h>
#include <unistd.h>

#define DEFAULT_BODY_MOST (1 << 20)

/* As in tar, - is standard output. */
struct err *take_tar(struct parse *p, const struct option_row *row, const char *value)
{
    if (!*value) {
        return option_error(row, err_new(ERR_USAGE, NULL, "a file name or - is needed"));
    }
    return take_string(p, row, option_is_stdout(value) ? "-" : value);
}

struct err *take_body(struct parse *p, const struct option_row *row, const char *value)
{
    int64_t most = DEFAULT_BODY_MOST;
    struct err *e = value ? units_size(value, &most) : NULL;
    if (!e && most < 1) {
        e = err_new(ERR_USAGE, NULL, "'%s' is too little: at least 1", value);
    }
    if (!e) {
        p->o->session.body_most = most;
    }
    return option_error(row, e);
}

static bool to_stdout(const struct output_options *out)
{
    return out->bodies || (out->tar && strcmp(out->tar, "-") == 0);
}

/* Standard output is the bodies'. */
static const char *output_wrong(const struct output_options *out)
{
    const bool prints = (out->print_set && out->print != PRINT_NONE) || out->print0;
    if (!to_stdout(out)) {
        return NULL;
    }
    if ((out->json || out->write_out || prints) && !out->records) {
        return out->bodies
                   ? "--output: with bodies on standard output, records need --records FILE"
                   : "--tar: with the archive on standard output, records need --records FILE";
    }
    if (out->tar && isatty(STDOUT_FILENO)) {
        return "--tar: standard output is a terminal; say --tar FILE, or | tar x";
    }
    return NULL;
}

static const char *body_wrong(const struct options *o)
{
    if (!o->session.body_most) {
        return NULL;
    }
    if (!o->output.json) {
        return "--body: goes with --json";
    }
    return o->session.output || o->output.bodies || o->output.tar
               ? "--body: the bodies go into the records, and nowhere else"
               : NULL;
}

static const char *tar_wrong(const struct options *o)
{
    const char *tar = o->output.tar;
    if (!tar) {
        return NULL;
    }
    if (o->output.bodies) {
        return "--tar: goes without --output -";
    }
    if (o->session.output && *o->session.output == '/') {
        return "--tar: names in an archive are relative, and --output is not";
    }
    if (o->queue.from && strcmp(tar, "-") != 0) {
        return "--tar: goes without --queue: an archive that is cut off is begun anew";
    }
    return o->journal && strcmp(tar, "-") != 0
               ? "--tar: goes without --journal: an archive that is cut off is begun anew"
               : NULL;
}

const char *options__bodies_wrong(const struct options *o)
{
    const struct session_options *s = &o->session;
    const char *wrong = tar_wrong(o);
    wrong = wrong ? wrong : body_wrong(o);
    if (wrong || (!o->output.bodies && !o->output.tar && !s->body_most)) {
        return wrong;
    }
    if (s->head) {
        return "--head: there are no bodies then";
    }
    if (s->discard) {
        return "--discard: goes without --tar, --body and --output -";
    }
    if (s->exec) {
        return "--exec: is run for files, and bodies become none (--tar, --body, --output -)";
    }
    if (s->if_exists != IF_EXISTS_SKIP && s->if_exists != IF_EXISTS_OVERWRITE) {
        return "--if-exists: is about files, and bodies become none (--tar, --body, --output -)";
    }
    return output_wrong(&o->output);
}

void options__derive_bodies(struct parse *p)
{
    struct options *o = p->o;
    if (!o->output.bodies && !o->output.tar && !o->session.body_most) {
        return;
    }
    o->session.discard = o->store.look_only = true;
    o->session.archive = o->output.tar != NULL;
    o->output.stdout_taken = to_stdout(&o->output);
    if (o->output.bodies && !p->mode_set) {
        o->session.mode = AWAIT_GATHER;
    }
    /* Held one by one, which the streams of a shared connection cannot be (net/transfer.h). */
    if (!o->session.body_most && o->net.http_version == HTTP_VERSION_AUTO) {
        o->net.http_version = HTTP_VERSION_1_1;
    }
}
