/* SPDX-License-Identifier: MIT */
/* src/fetch/judge.c: what the end of a request means where that is not in the reply. */
#include "fetch/attempt.h"
#include "fetch/session_private.h"
#include "net_world.h"

struct court {
    struct world world;
    struct session_options options;
    struct session session;
    struct job job;
    struct attempt attempt;
};

/* A request is over, and its reply was 200. */
static void court_begin(struct court *c)
{
    world_begin(&c->world);
    c->session.env.loop = c->world.loop;
    c->session.options = &c->options;
    c->job.session = &c->session;
    slot_init(&c->job.slot, NULL, NULL);
    record_init(&c->job.record);
    attempt_init(&c->attempt, &c->job);
    c->attempt.url = server_url(c->world.server, "/ok");
    c->attempt.request.url = c->attempt.url;
    c->attempt.transfer = world_run(&c->world, &c->attempt.request);
    world_succeeds(c->attempt.transfer);
}

static void court_end(struct court *c)
{
    attempt_fini(&c->attempt);
    record_fini(&c->job.record);
    world_end(&c->world);
}

/* The head said that something else is to be asked for, and before that ended it, there was a
 * cancel: from another loop the end takes its time. */
START_TEST(a_cancel_goes_before_another_plan)
{
    static struct court c;
    struct err *error = NULL;
    court_begin(&c);
    c.attempt.ask_again = true;
    struct err *stopped = err_plain(ERR_STOP_ITERATION), *cancelled = err_plain(ERR_CANCELLED);
    ck_assert_int_eq(attempt_judge(&c.attempt, stopped, &error), ATTEMPT_AGAIN);
    err_is_none(error);
    ck_assert_int_eq(attempt_judge(&c.attempt, cancelled, &error), ATTEMPT_FAILED);
    err_is_kind(error, ERR_CANCELLED);
    court_end(&c);
}
END_TEST

Suite *fetch_judge_suite(void)
{
    Suite *s = suite_create("fetch_judge");
    TCase *t = tcase_create("judge");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, a_cancel_goes_before_another_plan);
    suite_add_tcase(s, t);
    return s;
}
