# SPDX-License-Identifier: MIT
# The benchmark (bench/README.md): make bench, make bench SCENARIO=S1, make bench-memory.
EXTRA_PROGRAMS += bench/floor bench/measure
bench_floor_SOURCES = bench/floor.c
bench_floor_LDADD = $(CURL_LIBS) $(EV_LIBS)
bench_measure_SOURCES = bench/measure.c
bench_measure_LDADD =

RUN_BENCH = /usr/bin/python3 -B
BENCH_NEEDS = garner$(EXEEXT) bench/floor$(EXEEXT) bench/measure$(EXEEXT)

bench: $(BENCH_NEEDS)
	$(RUN_BENCH) $(srcdir)/bench/run.py

bench-memory: $(BENCH_NEEDS)
	$(RUN_BENCH) $(srcdir)/bench/memory.py $(ENTRIES)

bench-disk: $(BENCH_NEEDS) tests/e2e/slow_disk.so
	$(RUN_BENCH) $(srcdir)/bench/memory.py --disk $(MIB)

bench-rate: $(BENCH_NEEDS)
	$(RUN_BENCH) $(srcdir)/bench/rate.py

.PHONY: bench bench-memory bench-disk bench-rate

EXTRA_DIST += bench/README.md bench/RESULTS.md bench/run.py bench/scenarios.py bench/peers.py bench/server.py \
	bench/table.py bench/memory.py bench/rate.py bench/faults.py bench/picture.py bench/compare.py
