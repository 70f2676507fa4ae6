/* SPDX-License-Identifier: MIT */
/* Every suite of the unit tests, a line each: `Suite *<name>_suite(void)` (see main.c). */
SUITE(base)
SUITE(conform_loop)
SUITE(conform_future)
SUITE(conform_task)
SUITE(failnth_core)
SUITE(conform_gather)
SUITE(conform_wait)
SUITE(conform_timeout)
SUITE(conform_sync)
