# SPDX-License-Identifier: MIT
"""--report: one page about the run, that says what the records say, and no secrets; in a real browser."""

import json
import os
import pathlib
import re
import signal

import pytest

import browser

HURT = "</script><script>window.hurt=1</script><img src=x onerror=window.hurt=1>\u2028\u2029"
STATES = ["finished", "failed", "cancelled", "pending", "skipped", "unchanged"]


def data(page, name):
    [text] = re.findall(rf'<script type="application/json" id="{name}">\n(.*?)\n</script>', page, re.S)
    assert not set(text) & set("<>&\u2028\u2029")
    return json.loads(text)


class Report:
    def __init__(self, garner, name="r.html"):
        self.text = garner.path(name).read_text()
        self.rows = {row[0]: row for row in data(self.text, "rows")}
        self.totals = data(self.text, "totals")


def test_it_says_what_the_records_say(garner, faults, other):
    garner.write("there", "mine")
    urls = [faults.url(f"/{i}", seed=i, token="secret", user="u:secret") for i in range(10)]
    urls += [faults.url("/again", status="503,200"), faults.url("/bad", status=404), faults.url("/bad2", status=404),
             faults.url("/away", location=other.url("/landed")), faults.url("/there"), "http://127.0.0.1:1/refused", "no url"]
    run = garner("--json", "--retry", "1", "--retry-delay", "10ms", "--report", "r.html", "-i", "-", input="\n".join(urls) + "\n")
    assert run.status == 1 and run.files == sorted([*map(str, range(10)), "again", "away", "r.html", "there"]), run
    report = Report(garner)
    assert "secret" not in report.text and "token" not in report.text
    for record in run.records:
        row = report.rows.pop(record["index"])
        error = record["error"] or {"kind": None, "message": None}
        assert (STATES[row[1]], row[4], row[8], row[9]) == (
            record["state"], record["path"], record["attempts"], record["http"]["status"] or 0)
        assert (row[10], row[12], row[16]) == (error["kind"], error["message"], record["reason"])
        assert row[2] == record["url"].split("?")[0].replace("u:secret@", "")
        assert sum(span[0] == 4 for span in row[19]) == record["attempts"]
    assert not report.rows
    totals = report.totals
    assert {k: totals[k] for k in ("entries", "finished", "failed", "skipped", "listed", "left_out")} == {
        "entries": 17, "finished": 12, "failed": 4, "skipped": 1, "listed": 17, "left_out": 0}
    assert totals["received"] == sum(r["received"] for r in run.records) and totals["peak"] >= 1
    assert ["http", 404, None, 2, "HTTP status 404"] in totals["failures"] and len(totals["failures"]) == 3
    by_origin = {h[0]: h for h in totals["hosts"]}
    assert by_origin[other.url("/").rstrip("/")][1:3] == [1, 0]
    assert by_origin[faults.url("/").rstrip("/")][1:3] == [15, 3]
    mask = os.umask(0o22)
    os.umask(mask)
    assert garner.path("r.html").stat().st_mode & 0o777 == 0o666 & ~mask


def test_nothing_to_download_is_a_page_too(garner):
    run = garner("--report", "r.html", "-i", "-", input="")
    report = Report(garner)
    assert run.status == 0 and not report.rows and report.totals["entries"] == 0 and not report.totals["hosts"]


def test_an_interrupted_run_has_its_page(garner, faults):
    process = garner.start("--report", "r.html", faults.url("/a"), faults.url("/held", gate="g"))
    process.until(lambda: process.output() == "a\n", "the first path")
    process.send()
    assert process.wait().signal == signal.SIGINT
    report = Report(garner)
    assert [STATES[report.rows[i][1]] for i in (1, 2)] == ["finished", "cancelled"]
    assert report.totals["hosts"][0][1:3] == [2, 0], "what was cancelled has not failed"


def test_a_page_is_replaced_at_the_end_only(garner, faults):
    garner.write("real.html", "old")
    os.symlink("real.html", garner.path("r.html"))
    process = garner.start("--report", "r.html", faults.url("/held", gate="g"))
    process.until(lambda: faults.requests("/held"), "the request")
    assert garner.read("real.html") == b"old"
    process.send(signal.SIGKILL)
    process.wait()
    assert garner.read("real.html") == b"old" and garner.files() == ["r.html", "real.html"]
    assert garner("--report", "r.html", faults.url("/a")).status == 0
    assert garner.path("r.html").is_symlink() and Report(garner).totals["finished"] == 1


def test_what_cannot_be_a_page(garner, faults):
    os.symlink("/proc/self/fd/1", garner.path("pipe"))
    for name, message in (("none/r", "cannot write none/r"), ("/dev/null", "not a regular file"), (".", "not a regular"),
                          ("pipe", "not a regular file")):
        run = garner("--report", name, faults.url("/a"))
        assert run.status in (2, 3) and message in run.stderr and not faults.requests(), run
    assert garner.path("pipe").is_symlink()


@pytest.fixture
def page(tmp_path):
    if not browser.PROGRAM:
        pytest.skip("chromium is not installed")
    page = browser.Page(tmp_path / "chromium")
    yield page
    page.close()


def ten_thousand(garner, faults, nginx):
    """A run of 10,000 entries, and its records by their indices."""
    entries = [{"url": nginx.url(f"/small/{i:05}.txt?token=secret")} for i in range(9990)]
    entries += [{"url": nginx.url("/status/404")} for _ in range(3)] + [{"url": f"{HURT} no url"}]
    entries += [{"url": faults.url("/hurt", header=f"Content-Type: {HURT[:-2]}", size=3000, delay=0.2)}]
    entries += [{"url": faults.url("/again", status="503,200")}, {"url": "http://127.0.0.1:1/refused"}]
    entries += [{"url": faults.url("/cut", size=1000, cut=10), "id": HURT}, {"url": faults.url("/slow", delay=0.5)}]
    entries += [{"url": faults.url("/<b>x</b>%3Cscript%3E")}]
    garner.write("list", "".join(json.dumps(e) + "\n" for e in entries))
    run = garner("--json", "--discard", "--retry", "1", "--retry-delay", "50ms", "--report", "r.html", "-i", "list",
                 "--executor-threads", "2")
    records = [json.loads(line) for line in run.stdout.split("\n")[:-1]]
    assert run.status == 1 and len(records) == 10000, run
    return {r["index"]: r for r in records}


class List:
    """The list as it is in the document."""

    def __init__(self, page):
        self.page = page

    def count(self):
        return self.page.run("document.getElementById('count').textContent")

    def rows(self):
        self.page.settle()
        return self.page.run("""[...document.querySelectorAll('#window .row')].map(row => ({
            index: Number(row.querySelector('.index').textContent.replaceAll(',', '')),
            name: row.querySelector('.name').firstChild.textContent,
            state: row.querySelector('.state').textContent.split(' ')[1],
            top: row.getBoundingClientRect().top, bottom: row.getBoundingClientRect().bottom,
            bars: [...row.querySelectorAll('.fall i')].map(i => ({
                what: i.className, left: parseFloat(i.style.left), width: parseFloat(i.style.width),
                colour: getComputedStyle(i).backgroundColor, seen: i.getBoundingClientRect().width}))}))""")

    def search(self, text):
        self.page.run(f"""{{const s = document.getElementById('search'); s.value = {json.dumps(text)};
            s.dispatchEvent(new Event('input'));}}""")
        return self.rows()

    def sort(self, title):
        self.page.run(f"""[...document.querySelectorAll('#head button')].find(
            b => b.textContent.startsWith({json.dumps(title)})).click()""")
        return self.rows()


def check_the_list(page, records):
    downloads = List(page)
    assert downloads.count() == "10,000"
    rows = downloads.rows()
    assert [r["index"] for r in rows] == list(range(1, len(rows) + 1)) and len(rows) < 100
    taken = {i: r["timing"]["total"] or 0 for i, r in records.items()}
    for name, indices in (("00042.txt", [43]), ("state:failed", [9991, 9992, 9993, 9994, 9997, 9998]),
                          ("status:404 kind:http", [9991, 9992, 9993]), ("curle_partial_file", [9998]),
                          ("larger:2k", [9995]), ("kind:connect", [9997]), ("slower:x", [])):
        rows = downloads.search(name)
        assert [r["index"] for r in rows] == indices, name
        assert downloads.count() == f"{len(indices)} of 10,000"
    slow = {r["index"] for r in downloads.search("slower:0.45")}  # on a busy machine others, too
    assert 9999 in slow and all(taken[i] > 0.3 for i in slow)
    assert downloads.search("") and downloads.count() == "10,000"
    assert downloads.sort("Tries")[0]["index"] in (9996, 9997, 9998)
    assert downloads.sort("Time")[0]["index"] in [i for i in taken if taken[i] > 0.8 * max(taken.values())]
    assert downloads.sort("#")[0]["index"] == 1 and downloads.sort("#")[0]["index"] == 10000
    page.run("scrollTo(0, document.documentElement.scrollHeight)")
    rows = downloads.rows()
    height = page.run("innerHeight")
    assert rows[-1]["index"] == 1 and len(rows) < 100 and all(r["state"] == records[r["index"]]["state"] for r in rows)
    page.run("scrollTo(0, document.documentElement.scrollHeight / 2)")
    rows = downloads.rows()
    assert rows[0]["top"] < 0 and rows[-1]["bottom"] > height, "the window is filled"
    page.run("document.querySelectorAll('#window .row')[30].mine = true; scrollBy(0, 300)")
    assert downloads.rows()[0]["index"] < rows[0]["index"]
    assert page.run("[...document.querySelectorAll('#window .row')].some(row => row.mine)"), "rows in sight stay"
    assert page.run("""(s => { scrollTo(0, document.documentElement.scrollHeight); s.value = '/again';
        s.dispatchEvent(new Event('input')); return document.querySelectorAll('#window .row').length;
        })(document.getElementById('search'))""") == 1, "it is there before the page has scrolled up"
    downloads.search("")
    downloads.sort("#")


def check_the_waterfall(page):
    downloads = List(page)
    page.run("document.getElementById('scale-each').click()")
    [again] = downloads.search("/again")
    what = [b["what"].split()[0] for b in again["bars"]]
    assert what.count("wait") == 2 and what.index("backoff") > what.index("wait") and "commit" in what
    for one, next_one in zip(again["bars"], again["bars"][1:]):
        if one["what"] in ("wait", "body") and next_one["what"] == "body":
            assert abs(one["left"] + one["width"] - next_one["left"]) < 0.1
    assert all(-0.1 <= b["left"] and b["left"] + b["width"] <= 100.1 for b in again["bars"])
    [slow] = downloads.search("/slow")
    wait = next(b for b in slow["bars"] if b["what"] == "wait")
    assert wait["width"] > 50 and wait["seen"] > 100
    assert len({b["colour"] for b in slow["bars"]}) >= 3
    [cut] = downloads.search("/cut")
    assert cut["bars"][-1]["what"] == "end"
    downloads.search("")
    page.run("document.getElementById('scale-run').click()")


def check_the_keyboard(page):
    page.run("document.activeElement.blur()")
    page.key("/", "/")
    assert page.run("document.activeElement.id") == "search"
    page.run("document.getElementById('body').focus()")
    for key in ("Home", "ArrowDown", "ArrowDown", "Enter"):
        page.key(key)
    page.settle()
    assert page.run("document.querySelector('[aria-selected=true] .index').textContent") == "3"
    assert page.run("document.getElementById('detail-title').textContent") == "00002.txt"
    detail = page.run("document.getElementById('detail').textContent")
    assert "/small/00002.txt" in detail and "HTTP/1.1 200" in detail and "first byte" in detail
    page.key("End")
    page.settle()
    assert page.run("document.querySelector('[aria-selected=true] .index').textContent") == "10,000"
    page.key("Escape")
    assert page.run("document.getElementById('detail').hidden")


def check_names(page):
    """What can be used has a name that a screen reader says."""
    nodes = [n for n in page.ask("Accessibility.getFullAXTree")["nodes"] if not n["ignored"]]
    roles = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes]
    assert not [r for r in roles if r[0] in ("button", "searchbox", "grid", "image", "table", "region") and not r[1]], roles
    assert {"searchbox", "grid", "row", "columnheader", "button"} <= {r for r, _ in roles}


def test_ten_thousand_in_a_browser(garner, faults, nginx, page):
    records = ten_thousand(garner, faults, nginx)
    url = pathlib.Path(garner.path("r.html")).as_uri()
    page.open(url)
    assert page.run("document.querySelectorAll('#totals-list div').length") >= 7
    totals = page.run("document.getElementById('totals-list').textContent")
    assert "Finished9,994" in totals and "Failed6" in totals
    assert page.run("document.querySelectorAll('#hosts tbody tr').length") == 3
    assert page.run("document.querySelector('#failures tbody button').textContent") == "http 404"
    assert page.run("""(c => c.getContext('2d').getImageData(0, 0, c.width, c.height - 20).data.some(x => x > 0))(
        document.getElementById('overview'))"""), "something is drawn"
    check_the_list(page, records)
    check_the_waterfall(page)
    check_the_keyboard(page)
    check_names(page)
    hurt = List(page).search("no url")
    assert hurt[0]["index"] == 9994 and "window.hurt=1" in page.run("document.querySelector('#window .name').textContent")
    page.run("document.querySelector('#window .row').click()")
    assert page.run("[document.scripts.length, document.images.length, window.hurt].join()") == "3,0,"
    light = page.run("getComputedStyle(document.body).backgroundColor")
    page.ask("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert page.run("getComputedStyle(document.body).backgroundColor") != light
    List(page).search("state:failed")
    page.ask("Emulation.setEmulatedMedia", media="print")
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert len(List(page).rows()) == 6
    assert page.errors == [] and page.requests == [url], (page.errors, page.requests)
    page.run("{const s = document.createElement('script'); s.textContent = 'window.hurt = 2'; document.body.append(s);}")
    page.run("{const i = new Image(); i.src = 'http://127.0.0.1:1/x.png'; document.body.append(i);}")
    page.settle()
    assert page.run("window.hurt") is None and len(page.errors) == 2, "the policy refuses what is not the page's own"
