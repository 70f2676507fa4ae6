/* SPDX-License-Identifier: MIT */
/* The list of downloads on --report's page, its waterfall, and what is said of one of them. */

/* -- the waterfall -------------------------------------------------------------------------- */

/* The seconds that the waterfall spans, and those that a download's are counted from. */
function span(d) {
    return view.each ? {zero: d.began, from: 0, to: view.longest} : {zero: 0, from: view.from, to: view.to + (view.to - view.from) / 40};
}

function drawFall(d) {
    const cell = make("div", {className: "fall"}), {zero, from, to} = span(d);
    const x = (t) => Math.min(100, Math.max(0, (t - zero - from) / (to - from) * 100));
    const bar = (className, a, b) => {
        if (x(b) > 0 && x(a) < 100) {
            cell.append(place(make("i", {className}), x(a), x(b)));
        }
    };
    for (const s of d.spans) {
        if (s[0] === REQUEST) {
            for (const [name, a, b] of legs(s)) {
                bar(name + (s[9] ? " helps" : ""), a, b);
            }
        } else {
            bar(SPANS[s[0]] + (s[0] < REQUEST ? " line" : ""), s[1], s[2]);
        }
    }
    if (d.state === 1 && x(d.end) < 100) {
        cell.append(place(make("i", {className: "end"}, "✕"), x(d.end), x(d.end)));
    }
    cell.title = d.total ? "from " + duration(d.began) + " for " + duration(d.total) : "";
    return cell;
}

function drawAxis() {
    const {from, to} = span({began: 0}), axis = $("axis"), at = ticks(from, to, axis.clientWidth / 80);
    /* the first place is the column's name */
    axis.replaceChildren(...at.map((t) => [(t - from) / (to - from) * 100, t]).filter(([x]) => x > 8).map(
        ([x, t]) => place(make("span", {}, tickText(t)), x, 0)));
    for (const label of axis.children) {
        label.style.width = "auto";
    }
    const step = at.length > 1 ? (at[1] - at[0]) / (to - from) * 100 : 100;
    document.documentElement.style.setProperty("--tick", step + "%");
    document.documentElement.style.setProperty("--tick-from", (at.length ? (at[0] - from) / (to - from) * 100 : 0) + "%");
}

/* -- rows ----------------------------------------------------------------------------------- */

const COLUMNS = [
    ["index", "#", "index n"], ["state", "State", "state"], ["name", "Download", "name"], ["size", "Size", "size n"],
    ["time", "Time", "time n"], ["tries", "Tries", "tries n"], ["start", "Start", "fall"],
];

function drawHead() {
    for (const [by, title, className] of COLUMNS) {
        const button = make("button", {type: "button"}, title), cell = make("div", {className}, button);
        cell.setAttribute("role", "columnheader");
        cell.dataset.by = by;
        button.onclick = () => {
            view.descending = view.by === by ? !view.descending : by === "size" || by === "time" || by === "tries";
            view.by = by;
            update();
        };
        if (by === "start") {
            cell.prepend(make("div", {id: "axis"}));
        }
        $("head").append(cell);
    }
}

function markHead() {
    for (const cell of $("head").children) {
        const mine = cell.dataset.by === view.by, title = COLUMNS.find((c) => c[0] === cell.dataset.by)[1];
        cell.querySelector("button").textContent = title + (mine ? (view.descending ? " ↓" : " ↑") : "");
        if (mine) {
            cell.setAttribute("aria-sort", view.descending ? "descending" : "ascending");
        } else {
            cell.removeAttribute("aria-sort");
        }
    }
}

function drawRow(d, i) {
    const kind = d.state === 1 || d.state === 2 ? "bad" : d.state === 0 ? "good" : "dim";
    const mark = make("span", {className: kind}, MARKS[d.state] + " ");
    mark.setAttribute("aria-hidden", "true");
    const size = d.size >= 0 ? d.size : d.status < 400 ? d.received : 0;
    const row = make("div", {className: "row", id: "row-" + i},
        make("div", {className: "index n dim"}, count(d.index)),
        make("div", {className: "state"}, mark, STATES[d.state]),
        make("div", {className: "name", title: d.url}, d.name, make("span", {}, d.message || d.host)),
        make("div", {className: "size n"}, size > 0 ? bytes(size) : "–"),
        make("div", {className: "time n"}, d.total ? duration(d.total) : "–"),
        make("div", {className: "tries n"}, d.tries ? count(d.tries) : "–"), drawFall(d));
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", i + 1);
    row.setAttribute("aria-selected", i === view.at);
    for (const cell of row.children) {
        cell.setAttribute("role", "gridcell");
    }
    row.onclick = () => choose(i, true);
    return row;
}

function rowHeight() {
    return parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
}

/* Only what is in sight; with `anew` also if it was drawn already. */
function drawRows(anew) {
    const height = rowHeight(), above = -$("body").getBoundingClientRect().top, n = view.found.length;
    /* a list that became shorter has its end in sight before the browser has scrolled there */
    const first = view.printing ? 0 : Math.max(0, Math.min(n - ROW_OVER, Math.floor(above / height) - ROW_OVER));
    const last = view.printing ? Math.min(n, PRINTED)
                               : Math.min(n, Math.max(0, Math.ceil((above + innerHeight) / height)) + ROW_OVER);
    if (!anew && first === view.first && last === view.last) {
        return;
    }
    /* rows that stay in sight stay in the document */
    const kept = anew ? [] : [...$("window").children], before = view.first;
    view.first = first;
    view.last = last;
    $("window").style.transform = "translateY(" + first * height + "px)";
    $("window").replaceChildren(...view.found.slice(first, last).map(
        (d, i) => kept[first + i - before] || drawRow(d, first + i)));
}

/* What was asked for has changed. */
function update() {
    const chosen = view.found[view.at];
    let query = $("search").value;
    if (view.from > 0 || view.to < totals.seconds) {
        query += " from:" + view.from + " to:" + view.to;
    }
    view.found = select(query, view.state, view.by, view.descending);
    view.longest = view.found.reduce((most, d) => Math.max(most, d.total), 1e-3) * 1.025;
    view.at = chosen ? view.found.indexOf(chosen) : -1;
    $("body").style.height = view.found.length * rowHeight() + "px";
    $("body").setAttribute("aria-rowcount", view.found.length);
    $("count").textContent = view.found.length === downloads.length
        ? count(downloads.length) : count(view.found.length) + " of " + count(downloads.length);
    $("nothing").hidden = view.found.length > 0;
    markHead();
    drawAxis();
    drawRows(true);
}

function drawChoices() {
    const of = (state) => downloads.reduce((n, d) => n + (state < 0 || d.state === state), 0);
    for (const state of [-1, ...STATES.keys()]) {
        if (state >= 0 && !of(state)) {
            continue;
        }
        const button = make("button", {type: "button"}, state < 0 ? "All" : STATES[state] + " " + count(of(state)));
        button.setAttribute("aria-pressed", state === view.state);
        button.onclick = () => {
            view.state = state;
            for (const other of $("states").children) {
                other.setAttribute("aria-pressed", other === button);
            }
            update();
        };
        $("states").append(button);
    }
    for (const each of [false, true]) {
        $(each ? "scale-each" : "scale-run").onclick = () => {
            view.each = each;
            $("scale-each").setAttribute("aria-pressed", each);
            $("scale-run").setAttribute("aria-pressed", !each);
            update();
        };
    }
}

/* -- one of them ---------------------------------------------------------------------------- */

function step(what, from, to, how) {
    return make("tr", {}, make("td", {}, make("i", {className: what}), NAMES[what]),
        ...cells(duration(from), duration(to - from)), make("td", {className: "rest", title: how}, how));
}

function drawDetail(d) {
    const facts = [
        ["Entry", count(d.index)], ["State", STATES[d.state] + (d.reason ? " (" + d.reason + ")" : "")],
        ["URL", d.url], ["Led to", d.effective], ["Path", d.path],
        ["Error", d.message && d.kind + ": " + d.message + (d.code ? " (" + d.code + ")" : "")],
        ["Size", d.size >= 0 && bytes(d.size) + (d.resumed > 0 ? ", resumed at " + bytes(d.resumed) : "")],
        ["Received", bytes(d.received)], ["Status", d.status && "HTTP/" + d.version + " " + d.status],
        ["Type", d.type], ["Address", d.ip], ["Digest", d.checksum],
    ];
    $("detail-title").textContent = d.name;
    $("facts").replaceChildren(...facts.filter((f) => f[1]).map(
        ([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
    const rows = [];
    for (const s of d.spans) {
        if (s[0] !== REQUEST) {
            rows.push(step(SPANS[s[0]], s[1], s[2], ""));
            continue;
        }
        const how = (s[9] ? "beside the first, " : "") + (s[6] ? "kept connection" : "new connection") +
            (s[5] ? " from port " + s[5] : "") + (s[7] ? ", status " + s[7] : "") + (s[10] ? ", failed: " + s[10] : "");
        legs(s).forEach(([name, a, b], i) => rows.push(step(name, a, b, i ? "" : how)));
    }
    $("steps").tBodies[0].replaceChildren(...rows);
    if (d.more) {
        $("steps").tBodies[0].append(make("tr", {}, make("td", {colSpan: 4, className: "dim"},
            count(d.more) + " more are not listed")));
    }
    $("detail").hidden = false;
}

function choose(i, open) {
    const height = rowHeight();
    view.at = Math.max(0, Math.min(view.found.length - 1, i));
    const head = document.querySelector(".sticky").offsetHeight, top = $("body").getBoundingClientRect().top;
    const y = top + view.at * height;
    if (y < head) {
        scrollBy(0, y - head);
    } else if (y + height > innerHeight) {
        scrollBy(0, y + height - innerHeight);
    }
    drawRows(true);
    $("body").setAttribute("aria-activedescendant", "row-" + view.at);
    if ((open || !$("detail").hidden) && view.found[view.at]) {
        drawDetail(view.found[view.at]);
    }
}

function close() {
    $("detail").hidden = true;
    $("body").focus({preventScroll: true});
}

function onKey(e) {
    const page = Math.max(1, Math.floor(innerHeight / rowHeight()) - 6), last = view.found.length - 1;
    const to = {ArrowDown: view.at + 1, ArrowUp: view.at - 1, PageDown: view.at + page, PageUp: view.at - page,
        Home: 0, End: last}[e.key];
    if (e.target === $("body") && to !== undefined && last >= 0) {
        e.preventDefault();
        choose(to, false);
    } else if (e.target === $("body") && e.key === "Enter" && view.at >= 0) {
        choose(view.at, true);
    } else if (e.key === "/" && e.target.tagName !== "INPUT" && !e.ctrlKey && !e.metaKey) {
        e.preventDefault();
        $("search").focus();
    } else if (e.key === "Escape" && !$("detail").hidden) {
        close();
    }
}

/* -- all of it ------------------------------------------------------------------------------ */

function print(on) {
    view.printing = on;
    drawRows(true);
}

view.to = totals.seconds;
drawTotals();
drawSides();
drawHead();
drawChoices();
brush($("overview"));
drawOverview();
update();
$("search").oninput = update;
$("close").onclick = close;
addEventListener("keydown", onKey);
addEventListener("scroll", () => requestAnimationFrame(() => drawRows(false)), {passive: true});
addEventListener("resize", () => {
    drawOverview();
    drawAxis();
    drawRows(true);
});
addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawOverview);
