#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes doc/progress.svg: garner downloads from a slow server on a terminal, and what stands there is
drawn as it is, cell by cell.

    bench/picture.py [FILE]      GARNER_BIN=./garner
"""

import html
import pathlib
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests" / "e2e"))

import faultserver  # noqa: E402
import runner  # noqa: E402
import terminal  # noqa: E402

LINES, COLUMNS = 24, 100
CELL, LINE, EDGE = 8.4, 18, 14
COMMAND = "garner -d mirror --tree -j 12 -i urls.txt"
COLOURS = {"31": "#e06c5f", "32": "#5fb37a", "33": "#d9a648"}


class Cell(str):
    """A character and how it is painted."""
    colour, bold = None, False


class Painted(terminal.Screen):
    colour, bold = None, False

    def control(self, parameters, verb):
        if verb == "m":
            if parameters in ("", "0"):
                self.colour, self.bold = None, False
            elif parameters == "1":
                self.bold = True
            else:
                self.colour = COLOURS[parameters]
        super().control(parameters, verb)

    def show(self, character, width):
        super().show(character, width)
        row, x = self.rows[self.y], self.x - max(width, 1)
        row[x] = Cell(row[x])
        row[x].colour, row[x].bold = self.colour, self.bold


def lists(server):
    """A list of files that arrive at different speeds, some not at all."""
    kinds = [("data/2026/tiles", "tar", 48_000_000), ("data/2026/scenes", "tif", 21_000_000),
             ("books/中文维基", "zim", 30_000_000), ("papers/résumés", "pdf", 3_000_000), ("index", "json", 400_000)]
    for i in range(64):
        directory, kind, size = kinds[i * 7 % 5]
        size += i * 91_000
        query = f"size={size}&seed={i}&drip={size // (24 + i * 13 % 60)},0.1"
        if i in (9, 30):
            query += "&status=404"
        if i in (5, 6, 14):
            query += f"&status=503,200&key=again{i}"
        yield f"http://files.example.org/{directory}/part-{i:04}.{kind}?{query}"


def capture(directory, moment):
    """What garner wrote to its terminal until so much was done."""
    thread = faultserver.LoopThread()
    server = faultserver.FaultServer(thread.loop)
    garner = runner.Garner(directory)
    garner.write("urls.txt", "\n".join(lists(server)) + "\n")
    arguments = COMMAND.split()[1:] + ["--retry-delay", "4s", "--connect-to", f"files.example.org:80:127.0.0.1:{server.port}"]
    run = terminal.Terminal(garner, *arguments, lines=LINES - 1, columns=COLUMNS)
    try:
        run.until(lambda lines: any(line.startswith(f" {moment}/") for line in lines), f"{moment} files", 120)
        return run.raw
    finally:
        run.close()
        server.stop()
        thread.stop()


def alike(one, other):
    return (getattr(one, "colour", None), getattr(one, "bold", False)) == (
        getattr(other, "colour", None), getattr(other, "bold", False))


def runs(row):
    """(column, text, cells, cell) for words that are painted alike; a wide character is one of its own."""
    at = 0
    while at < len(row):
        first, end = row[at], at + 1
        wide = bool(first) and terminal.cells(first[0]) == 2
        while not wide and first.strip() and end < len(row) and row[end].strip() and \
                terminal.cells(row[end][0]) == 1 and alike(first, row[end]):
            end += 1
        if first.strip():
            yield at, "".join(row[at:end]), end - at + wide, first
        at = end


def svg(rows):
    width, height = COLUMNS * CELL + 2 * EDGE, LINES * LINE + 2 * EDGE
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
           ' role="img" aria-label="garner on a terminal: finished files scroll above a line about the run and a row for'
           ' each running download">',
           f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#16191d"/>',
           '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14"'
           ' fill="#d6d9dc">']
    for y, row in enumerate(rows):
        for x, text, cells, cell in runs(row):
            paint = f' fill="{cell.colour}"' if getattr(cell, "colour", None) else ""
            paint += ' font-weight="700"' if getattr(cell, "bold", False) else ""
            out.append(f'<text x="{EDGE + x * CELL:.4g}" y="{EDGE + y * LINE + 13:g}" textLength="{cells * CELL:.5g}"'
                       f' lengthAdjust="spacingAndGlyphs"{paint}>{html.escape(text, False)}</text>')
    return "\n".join(out + ["</g>", "</svg>", ""])


def main():
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else TOP / "doc" / "progress.svg"
    with tempfile.TemporaryDirectory() as directory:
        raw = capture(pathlib.Path(directory), 17)
    screen = Painted(LINES, COLUMNS)
    screen.feed(f"$ {COMMAND}\r\n".encode())
    screen.feed(raw)
    target.write_text(svg(screen.rows))


if __name__ == "__main__":
    main()
