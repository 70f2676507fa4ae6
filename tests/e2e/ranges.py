# SPDX-License-Identifier: MIT
"""How the fault server (faultserver.py) answers requests for ranges, rightly and wrongly.

    ranges=1            Range, If-Range and If-Match are honoured
    ranges=blind        Range is honoured whatever If-Range and If-Match say
    ranges=deaf         If-Range never holds, If-Match does
    ranges=never        all of it is ignored, but Accept-Ranges is sent
    shift=N             what is sent begins N bytes later than asked, and says so
    total=N | *         the Content-Range's total
    most=N              no more than N bytes of a range at once
    hollow=1            the range is promised, and nothing sent
    over=N              N bytes more than Content-Range says
    bare=1              206 without Content-Range
    range=V             Content-Range: V instead of the true one
    multipart=1         206 multipart/byteranges
    anonymous=1         206 and 416 show neither ETag nor Last-Modified
    coding=C            206 with Content-Encoding: C
    unsatisfied=N|none  always 416, with that total or without Content-Range
    range_status=N      that status for every request with Range
"""


def weak(etag):
    return etag is None or etag.startswith("W/")


def unmet(sent, etag, modified):
    """Whether If-Range asks for another version (RFC 9110 13.1.5: weak ones never match)."""
    wanted = sent.get("if-range")
    return wanted is not None and (wanted != etag or weak(etag)) and wanted != modified


def content_range(q, first, last, size):
    total = q.get("total", size)
    return q.get("range", f"bytes {first}-{last}/{total}")


def multipart(first, last, data):
    head = f"--limit\r\nContent-Range: bytes {first}-{last}/{len(data)}\r\n\r\n".encode()
    return head + data[first:last + 1] + b"\r\n--limit--\r\n"


def partial(q, headers, data, first, last):
    first = min(max(0, first + int(q.get("shift", 0))), last)
    last = min(last, first + int(q.get("most", len(data))) - 1)
    if "multipart" in q:
        headers.append(("Content-Type", "multipart/byteranges; boundary=limit"))
        return 206, headers, multipart(first, last, data)
    if "bare" not in q:
        headers.append(("Content-Range", content_range(q, first, last, len(data))))
    if "coding" in q:
        headers.append(("Content-Encoding", q["coding"]))
    body = data[first:last + 1] + bytes(int(q.get("over", 0)))
    return 206, headers, b"" if "hollow" in q else body


def answer(q, sent, status, headers, data, etag, modified):
    """Status, headers and body for a request with these headers (lower-case names)."""
    span = sent.get("range", "")
    if "ranges" not in q:
        return status, headers, data
    headers.append(("Accept-Ranges", "bytes"))
    if not span.startswith("bytes=") or q["ranges"] == "never":
        return status, headers, data
    if "range_status" in q:
        return int(q["range_status"]), headers, b"no\n"
    if q["ranges"] != "blind":
        if sent.get("if-match") not in (None, etag):
            return 412, headers, b"another\n"
        if unmet(sent, etag, modified) or ("if-range" in sent and q["ranges"] == "deaf"):
            return status, headers, data
    first, _, last = span[6:].partition("-")
    start = int(first) if first else max(0, len(data) - int(last))
    end = min(int(last), len(data) - 1) if first and last else len(data) - 1
    if "anonymous" in q:
        headers = [(k, v) for k, v in headers if k not in ("ETag", "Last-Modified")]
    if "unsatisfied" in q or start >= len(data):
        total = q.get("unsatisfied", str(len(data)))
        return 416, headers + ([] if total == "none" else [("Content-Range", f"bytes */{total}")]), b""
    return partial(q, headers, data, start, end)
