/* SPDX-License-Identifier: MIT */
/*
 * Runs the suites of suites.h. Check's own environment applies: CK_RUN_SUITE and CK_RUN_CASE pick,
 * CK_FORK=no keeps everything in one process (for valgrind and the sanitizers), CK_VERBOSITY says
 * more.
 */
#include <check.h>
#include <stdlib.h>

#define SUITE(name) Suite *name##_suite(void);
#include "suites.h"
#undef SUITE

int main(void)
{
    SRunner *runner = srunner_create(NULL);
#define SUITE(name) srunner_add_suite(runner, name##_suite());
#include "suites.h"
#undef SUITE
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
