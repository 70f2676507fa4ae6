/* SPDX-License-Identifier: MIT */
/* How --report's page looks: only the rows in sight are in the document. */

const $ = (id) => document.getElementById(id);
const ROW_OVER = 12; /* rows beyond the edges */
const PRINTED = 1000;

const view = {
    query: "", state: -1, by: "index", descending: false, each: false,
    from: 0, to: 0, /* the part of the run that is drawn */
    found: [], first: 0, last: 0, at: -1, /* the selected one, in found */
    printing: false,
};

/* An element with its properties and children; strings become text. */
function make(tag, properties, ...children) {
    const e = Object.assign(document.createElement(tag), properties);
    e.append(...children);
    return e;
}

function place(e, from, to) {
    e.style.left = from + "%";
    e.style.width = Math.max(0, to - from) + "%";
    return e;
}

/* -- above the list ------------------------------------------------------------------------- */

function drawTotals() {
    const seconds = totals.seconds;
    const facts = [
        ["Finished", count(totals.finished), "good"], ["Failed", count(totals.failed), totals.failed ? "bad" : ""],
        ["Skipped", count(totals.skipped), ""], ["Unchanged", totals.unchanged && count(totals.unchanged), ""],
        ["Cancelled", totals.cancelled && count(totals.cancelled), "bad"],
        ["Pending", totals.pending && count(totals.pending), ""],
        ["Received", bytes(totals.received), ""], ["Time", duration(seconds), ""],
        ["Rate", bytes(seconds > 0 ? totals.received / seconds : 0) + "/s", ""],
        ["Peak at once", count(totals.peak), ""], ["Retries", count(totals.retries), ""],
    ];
    for (const [name, value, kind] of facts) {
        if (value) {
            $("totals-list").append(make("div", {}, make("dt", {}, name), make("dd", {className: kind}, value)));
        }
    }
    const when = new Date(totals.started);
    $("when").textContent = when.toISOString().slice(0, 19).replace("T", " ") + " UTC, " +
        count(totals.entries) + (totals.entries === 1 ? " entry" : " entries") +
        (totals.input_ended ? "" : ", the list was not read to its end") + ", garner " + totals.garner;
    if (totals.left_out) {
        $("left-out").textContent = count(totals.left_out) + " downloads more are counted above, but not listed: of " +
            "those that ended after the first " + count(100000) + " only failures and the slowest are.";
    }
    const seen = new Set(downloads.flatMap((d) => d.spans.map((s) => SPANS[s[0]])));
    for (const name of ["queue", "verify", "backoff", ...LEGS, "write", "commit", "exec"].filter(
        (n) => seen.has(n) || (n !== "verify" && n !== "exec"))) {
        $("legend").append(make("li", {}, make("i", {className: name}), NAMES[name]));
    }
}

function narrow(word) {
    $("search").value = word;
    update();
    document.querySelector(".downloads").scrollIntoView();
}

function cells(...values) {
    return values.map((v) => make("td", {className: "n"}, v));
}

function drawSides() {
    const slow = [...hosts].sort((a, b) => b.each - a.each).slice(0, 500);
    for (const h of slow) {
        const name = hostName(h.origin);
        const button = make("button", {type: "button", className: "link"}, name);
        button.onclick = () => narrow("host:" + name);
        $("hosts").tBodies[0].append(make("tr", {}, make("td", {}, button),
            ...cells(count(h.requests), h.failed ? count(h.failed) : "–", h.first < 0 ? "–" : duration(h.first),
                duration(h.each), bytes(h.bytes), h.rate < 0 ? "–" : bytes(h.rate) + "/s")));
    }
    const failures = [...totals.failures].sort((a, b) => b[3] - a[3]);
    for (const [kind, status, code, n, message] of failures) {
        const name = kind + (status ? " " + status : code ? " " + code.replace(/^CURLE_/, "") : "");
        const button = make("button", {type: "button", className: "link"}, name);
        button.onclick = () => narrow("kind:" + kind + (status ? " status:" + status : code ? " " + code : ""));
        $("failures").tBodies[0].append(make("tr", {}, make("td", {}, button), ...cells(count(n)),
            make("td", {className: "rest", title: message || ""}, message || "")));
    }
    if (!failures.length) {
        $("failures").tBodies[0].append(make("tr", {}, make("td", {colSpan: 3, className: "dim"}, "None.")));
    }
}

/* -- the run as a whole --------------------------------------------------------------------- */

/* Requests in each leg, by slices of time: their mean number. */
function sweep(n, seconds) {
    const sums = LEGS.map(() => new Float64Array(n));
    for (const d of downloads) {
        for (const s of d.spans) {
            if (s[0] !== REQUEST) {
                continue;
            }
            for (const [name, from, to] of legs(s)) {
                const sum = sums[LEGS.indexOf(name)], a = from / seconds * n, b = to / seconds * n;
                for (let i = Math.floor(a); i < Math.min(n, b); i++) {
                    sum[i] += Math.min(b, i + 1) - Math.max(a, i);
                }
            }
        }
    }
    return sums;
}

function drawOverview() {
    const canvas = $("overview"), scale = window.devicePixelRatio || 1;
    const w = canvas.clientWidth, h = canvas.clientHeight, base = h - 16;
    if (!w) {
        return;
    }
    canvas.width = w * scale;
    canvas.height = h * scale;
    const g = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue("--" + name).trim();
    const seconds = Math.max(totals.seconds, 1e-6), n = Math.max(1, Math.floor(w / 2));
    const sums = sweep(n, seconds);
    let most = 1;
    for (let i = 0; i < n; i++) {
        most = Math.max(most, sums.reduce((t, s) => t + s[i], 0));
    }
    g.scale(scale, scale);
    const order = ["body", "wait", "tls", "connect", "dns"];
    for (let i = 0; i < n; i++) {
        let y = base;
        for (const name of order) {
            const high = sums[LEGS.indexOf(name)][i] / most * (base - 4);
            g.fillStyle = colour(name);
            g.fillRect(i * w / n, y - high, w / n + 0.25, high);
            y -= high;
        }
    }
    g.fillStyle = colour("line");
    g.fillRect(0, base, w, 1);
    g.fillStyle = colour("dim");
    g.font = "11px system-ui, sans-serif";
    for (const t of ticks(0, seconds, w / 110)) {
        g.fillText(tickText(t), Math.min(t / seconds * w + 1, w - 40), h - 4);
    }
    if (view.from > 0 || view.to < seconds) {
        g.fillStyle = colour("bg");
        g.globalAlpha = 0.7;
        g.fillRect(0, 0, view.from / seconds * w, base);
        g.fillRect(view.to / seconds * w, 0, w, base);
    }
    canvas.setAttribute("aria-label", "Requests at once over " + duration(seconds) + ": " + count(totals.peak) +
        " at most");
}

/* 1.50 s is 1.5 s there. */
function tickText(t) {
    return t ? duration(t).replace(/(\.\d*?)0+ /, "$1 ").replace(/\. /, " ") : "0";
}

function ticks(from, to, most) {
    const rough = (to - from) / Math.max(1, most), power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) || rough, out = [];
    for (let t = Math.ceil(from / step - 1e-9) * step; t < to; t += step) {
        out.push(t);
    }
    return out;
}

function look(from, to) {
    view.from = from;
    view.to = to;
    $("all-time").hidden = from <= 0 && to >= totals.seconds;
    drawOverview();
    update();
}

function brush(canvas) {
    let start = -1;
    const time = (e) => Math.min(1, Math.max(0, (e.clientX - canvas.getBoundingClientRect().left) /
        canvas.clientWidth)) * totals.seconds;
    canvas.onpointerdown = (e) => {
        start = time(e);
        canvas.setPointerCapture(e.pointerId);
    };
    canvas.onpointermove = (e) => {
        if (start >= 0) {
            view.from = Math.min(start, time(e));
            view.to = Math.max(start, time(e));
            drawOverview();
        }
    };
    canvas.onpointerup = (e) => {
        const wide = Math.abs(time(e) - start) > totals.seconds / 200;
        start = -1;
        look(wide ? view.from : 0, wide ? view.to : totals.seconds);
    };
    $("all-time").onclick = () => look(0, totals.seconds);
}
