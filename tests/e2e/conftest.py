# SPDX-License-Identifier: MIT
import pathlib
import signal
import socket
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import faultserver  # noqa: E402
import nginx as nginx_module  # noqa: E402
import runner  # noqa: E402

# Whoever runs the tests in the background, or under nohup, ignores these; what the tests start is
# to take them as from a terminal.
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def pytest_collection_modifyitems(items):
    """GARNER_ARGS: what some tests count is not the same with every option."""
    if "--segments" in runner.ARGS:
        items[:] = [item for item in items if not item.get_closest_marker("one_connection")]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the runs of garner that led to it."""
    report = (yield).get_result()
    garner = getattr(item, "funcargs", {}).get("garner")
    if report.failed and garner:
        report.sections += [("garner", str(result)) for result in garner.results]


@pytest.fixture
def garner(tmp_path):
    """Runs the program under test (runner.Garner)."""
    if not runner.BINARY.exists():
        pytest.fail(f"{runner.BINARY} is not built")
    garner = runner.Garner(tmp_path)
    yield garner
    garner.finish()


@pytest.fixture(scope="session")
def fault_loop():
    thread = faultserver.LoopThread()
    yield thread.loop
    thread.stop()


@pytest.fixture
def faults(fault_loop):
    """A server that goes wrong on request (faultserver.FaultServer), new for each test."""
    server = faultserver.FaultServer(fault_loop)
    yield server
    server.stop()


@pytest.fixture
def other(fault_loop):
    """A second one: another host."""
    server = faultserver.FaultServer(fault_loop)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def nginx(tmp_path_factory):
    """A real web server (nginx.Nginx)."""
    if not nginx_module.program():
        pytest.skip("nginx is not installed")
    server = nginx_module.Nginx(tmp_path_factory.mktemp("nginx"))
    yield server
    server.stop()


@pytest.fixture
def slow_names(garner):
    """An environment for garner in which slow.test takes 5 s to resolve, unknown.test never does."""
    return garner.with_names(slow=["slow.test"], unknown=["unknown.test"])


@pytest.fixture
def black_hole():
    """A port where connections never come about: its queue is full."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        fill = []
        for _ in range(8):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(server.getsockname())
            fill.append(s)
        time.sleep(0.05)
        yield server.getsockname()[1]
        for s in fill:
            s.close()
