# The unit tests: one program, tests/unit/check-garner (flags and libraries: Makefile.am). A test file
# is a line here and a line in suites.h.
tests_unit_check_garner_SOURCES = tests/unit/main.c tests/unit/suites.h
tests_unit_check_garner_SOURCES += tests/unit/actor.c tests/unit/actor.h
tests_unit_check_garner_SOURCES += tests/unit/support.c tests/unit/support.h
tests_unit_check_garner_SOURCES += tests/unit/base.c
tests_unit_check_garner_SOURCES += tests/unit/conform_loop.c
tests_unit_check_garner_SOURCES += tests/unit/conform_inbox.c
tests_unit_check_garner_SOURCES += tests/unit/conform_future.c
tests_unit_check_garner_SOURCES += tests/unit/conform_task.c
tests_unit_check_garner_SOURCES += tests/unit/conform_cancel.c
tests_unit_check_garner_SOURCES += tests/unit/failnth.c tests/unit/failnth.h
tests_unit_check_garner_SOURCES += tests/unit/failnth_core.c
tests_unit_check_garner_SOURCES += tests/unit/awaiter.c tests/unit/awaiter.h
tests_unit_check_garner_SOURCES += tests/unit/conform_gather.c
tests_unit_check_garner_SOURCES += tests/unit/conform_wait.c
tests_unit_check_garner_SOURCES += tests/unit/conform_timeout.c
tests_unit_check_garner_SOURCES += tests/unit/conform_sync.c
tests_unit_check_garner_SOURCES += tests/unit/conform_executor.c
tests_unit_check_garner_SOURCES += tests/unit/conform_taskgroup.c
tests_unit_check_garner_SOURCES += tests/unit/conform_runner.c
tests_unit_check_garner_SOURCES += tests/unit/process.c
tests_unit_check_garner_SOURCES += tests/unit/failnth_combinators.c
tests_unit_check_garner_SOURCES += tests/unit/store_name.c
tests_unit_check_garner_SOURCES += tests/unit/store_disposition.c
tests_unit_check_garner_SOURCES += tests/unit/store_template.c
tests_unit_check_garner_SOURCES += tests/unit/store_nametable.c
tests_unit_check_garner_SOURCES += tests/unit/store_digest.c
tests_unit_check_garner_SOURCES += tests/unit/store_spool.c
tests_unit_check_garner_SOURCES += tests/unit/store_dir.c
tests_unit_check_garner_SOURCES += tests/unit/cli_lines.c
tests_unit_check_garner_SOURCES += tests/unit/cli_jsonl.c
tests_unit_check_garner_SOURCES += tests/unit/cli_source.c
tests_unit_check_garner_SOURCES += tests/unit/cli_json_record.c
tests_unit_check_garner_SOURCES += tests/unit/cli_records.c
tests_unit_check_garner_SOURCES += tests/unit/cli_window.c
tests_unit_check_garner_SOURCES += tests/unit/cli_printable.c
tests_unit_check_garner_SOURCES += tests/unit/net_server.c tests/unit/net_server.h
tests_unit_check_garner_SOURCES += tests/unit/net_url.c
tests_unit_check_garner_SOURCES += tests/unit/net_rate.c
tests_unit_check_garner_SOURCES += tests/unit/net_hosts.c
tests_unit_check_garner_SOURCES += tests/unit/net_transfer.c
tests_unit_check_garner_SOURCES += tests/unit/net_failnth.c
# The n-th allocation is made to fail by these (failnth.h).
tests_unit_check_garner_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup
tests_unit_check_garner_LDFLAGS += -Wl,--wrap=vasprintf,--wrap=free
tests_unit_check_garner_SOURCES += tests/unit/cli_support.c tests/unit/cli_options.h
tests_unit_check_garner_SOURCES += tests/unit/cli_units.c
tests_unit_check_garner_SOURCES += tests/unit/cli_options.c
tests_unit_check_garner_SOURCES += tests/unit/cli_options_bad.c
tests_unit_check_garner_SOURCES += tests/unit/cli_config.c
tests_unit_check_garner_SOURCES += tests/unit/fetch_resume.c
tests_unit_check_garner_SOURCES += tests/unit/fetch_retry.c
