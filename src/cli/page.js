/* SPDX-License-Identifier: MIT */
/*
 * The data of --report's page: what page_row.c and page.c wrote, unpacked, searched and sorted.
 * page_view.js draws it. Text of servers and lists gets into the page by textContent only.
 */
"use strict";

const STATES = ["finished", "failed", "cancelled", "pending", "skipped", "unchanged"];
const MARKS = ["✓", "✕", "–", "…", "↷", "="];
/* enum span_kind and enum leg_kind of fetch/spans.h */
const SPANS = ["queue", "verify", "backoff", "exec", "request", "write", "commit"];
const REQUEST = 4, WRITE = 5, COMMIT = 6;
const LEGS = ["dns", "connect", "tls", "wait", "body"];
const NAMES = {
    queue: "queue", verify: "look at the file", backoff: "backoff", exec: "exec", dns: "DNS",
    connect: "connect", tls: "TLS", wait: "first byte", body: "body", write: "write", commit: "commit",
};

const totals = JSON.parse(document.getElementById("totals").textContent);

/* -- text for numbers ----------------------------------------------------------------------- */

function count(n) {
    return n.toLocaleString("en");
}

function bytes(n) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let unit = 0;
    while (n >= 1023.95 && unit + 1 < units.length) {
        n /= 1024;
        unit++;
    }
    return (unit ? n.toFixed(1) : n.toFixed(0)) + " " + units[unit];
}

/* Seconds. */
function duration(s) {
    if (s < 0.00005) {
        return "0 ms";
    }
    if (s < 0.0995) {
        return (s * 1000).toFixed(1) + " ms";
    }
    if (s < 0.9995) {
        return (s * 1000).toFixed(0) + " ms";
    }
    if (s < 59.995) {
        return s.toFixed(2) + " s";
    }
    const whole = Math.round(s), pad = (n) => String(n).padStart(2, "0");
    return whole < 3600 ? Math.floor(whole / 60) + " min " + pad(whole % 60) + " s"
                        : Math.floor(whole / 3600) + " h " + pad(Math.floor(whole / 60) % 60) + " min";
}

/* "1.5M" as on the command line: powers of 1024; NaN for what is none. */
function sizeOf(text) {
    const m = /^([0-9.]+)([kmgt]?)i?b?$/i.exec(text);
    return m ? Number(m[1]) * 1024 ** (" kmgt".indexOf(m[2].toLowerCase() || " ")) : NaN;
}

function hostName(origin) {
    return origin.replace(/^http:\/\/(.*):80$/, "$1").replace(/^https:\/\/(.*):443$/, "$1")
        .replace(/^https?:\/\//, "");
}

/* -- downloads ------------------------------------------------------------------------------ */

function lastPart(path) {
    return path.replace(/\/+$/, "").split("/").pop();
}

/* A download, with times in seconds of the run. began: its first request, else its first wait. */
function unpack(r) {
    const d = {
        index: r[0], state: r[1], url: r[2] || "", effective: r[3], path: r[4], size: r[5],
        received: r[6], resumed: r[7], tries: r[8], status: r[9], kind: r[10], code: r[11],
        message: r[12], ip: r[13], version: r[14], type: r[15], reason: r[16], checksum: r[17],
        more: r[18], spans: r[19],
    };
    let from = Infinity, began = Infinity, end = 0;
    for (const s of d.spans) {
        s[1] /= 1e6;
        s[2] /= 1e6;
        from = Math.min(from, s[1]);
        end = Math.max(end, s[2]);
        if (s[0] === REQUEST) {
            began = Math.min(began, s[1]);
        }
    }
    d.from = from === Infinity ? 0 : from;
    d.began = began === Infinity ? d.from : began;
    d.end = Math.max(end, d.began);
    d.total = began === Infinity ? 0 : d.end - d.began;
    d.name = lastPart(d.path || d.url) || d.url || "entry " + d.index;
    d.host = (/^[a-z0-9+.-]+:\/\/([^/]*)/i.exec(d.url) || ["", ""])[1];
    d.text = [d.url, d.effective, d.path, d.message, d.code, d.ip].filter(Boolean).join("\n").toLowerCase();
    return d;
}

/* What a request is drawn by: [name, from, to, ...]. */
function legs(span) {
    const out = [];
    let from = span[1];
    const ends = span[11];
    for (let i = 0; i < ends.length; i += 2) {
        const to = ends[i + 1] / 1e6;
        if (to > from) {
            out.push([LEGS[ends[i]], from, to]);
        }
        from = to;
    }
    return out;
}

const downloads = JSON.parse(document.getElementById("rows").textContent).map(unpack);
const hosts = totals.hosts.map((h, number) => ({
    number, origin: h[0], requests: h[1], failed: h[2], bytes: h[3], seconds: h[4],
    first: h[6] ? h[5] / h[6] : -1, each: h[1] ? h[4] / h[1] : 0, rate: h[7] > 0 ? h[3] / h[7] : -1,
})).filter((h) => h.origin);

/* -- search and order ----------------------------------------------------------------------- */

/* The words of a search as tests; one that is no number where one is needed matches nothing. */
const TESTS = {
    state: (v) => (d) => STATES[d.state] === v,
    kind: (v) => (d) => d.kind === v,
    status: (v) => (d) => String(d.status) === v,
    host: (v) => (d) => d.host.toLowerCase().includes(v),
    slower: (v) => (d) => d.total > Number(v),
    larger: (v) => (d) => Math.max(d.size, d.received) > sizeOf(v),
    from: (v) => (d) => d.end >= Number(v),
    to: (v) => (d) => d.began <= Number(v),
};

function testsOf(query) {
    return query.toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
        const at = word.indexOf(":"), key = word.slice(0, at);
        return at > 0 && Object.hasOwn(TESTS, key) ? TESTS[key](word.slice(at + 1))
                                                   : (d) => d.text.includes(word);
    });
}

const ORDERS = {
    index: (d) => d.index,
    state: (d) => [1, 0, 2, 3, 4, 5][d.state],
    name: (d) => d.name,
    size: (d) => Math.max(d.size, d.received),
    time: (d) => d.total,
    tries: (d) => d.tries,
    start: (d) => d.began,
};

/* state: a number, or -1. by: of ORDERS. Equal ones stay in the order of the input. */
function select(query, state, by, descending) {
    const tests = testsOf(query), key = ORDERS[by], sign = descending ? -1 : 1;
    const found = downloads.filter((d) => (state < 0 || d.state === state) && tests.every((t) => t(d)));
    return found.sort((a, b) => {
        const x = key(a), y = key(b);
        return x < y ? -sign : x > y ? sign : a.index - b.index;
    });
}
