#!/usr/bin/env python3
"""Makes the chart docs/images/performance.svg and the tables of docs/performance.md from bench/results/performance.csv.

    bench/chart.py
"""
import csv
import html
import math
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "performance.csv"
CHART = ROOT / "docs" / "images" / "performance.svg"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- tables: bench/chart.py -->", "<!-- end of tables -->"
TITLES = {"infer": "Inference", "train": "Training step", "data": "Loader"}
COLOURS = {"espalier": "#000000", "onnxruntime": "#0072b2", "torch compile": "#d55e00", "torch eager": "#009e73",
           "torch eager fp32 nchw": "#999999", "torch DataLoader": "#cc79a7"}
LABELS, WIDTH, ROW, TOP = 260, 820, 18, 64  # pixels
LEAST, MOST = 0.5, 16  # ratios at the ends of the axis


def read_settings():
    """what -> list of (setting, {contender: line}), in the file's order."""
    found = {}
    with RESULTS.open(newline="") as stream:
        for line in csv.DictReader(stream):
            key = tuple(line[name] for name in ("model", "size", "batch", "threads", "precision"))
            found.setdefault(line["what"], {}).setdefault(key, {})[line["contender"]] = line
    return {what: list(rows.items()) for what, rows in found.items()}


def said(what, key):
    model, size, batch, threads, precision = key
    one = "worker" if what == "data" else "thread"
    return f"{model} {size} px, batch {batch}, {precision}, {threads} {one}{'s' if threads != '1' else ''}"


def place(ratio):
    share = math.log(min(max(ratio, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return LABELS + share * (WIDTH - LABELS - 20)


def draw(settings):
    parts, y = [], TOP

    def text(x, y, words, extra=""):
        parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {extra}>{html.escape(words)}</text>')

    for what, rows in settings.items():
        text(10, y + 6, TITLES[what], 'class="title"')
        y += 22
        for key, lines in rows:
            text(LABELS - 10, y + 4, said(what, key), 'text-anchor="end"')
            parts.append(f'<line x1="{LABELS}" x2="{WIDTH - 20}" y1="{y}" y2="{y}" class="grid"/>')
            for name, line in lines.items():
                if name == "espalier":
                    continue
                colour = COLOURS[name.removesuffix(" fp32")]
                ratio = float(line["ours_to_this"])
                parts.append(f'<circle cx="{place(ratio):.1f}" cy="{y}" r="4.5" fill="{colour}"><title>'
                             f'{html.escape(name)}: {ratio:.2f}</title></circle>')
            y += ROW
        y += 12
    bottom = y
    frame = []
    for ratio in (0.5, 1, 2, 4, 8, 16):
        x = place(ratio)
        frame.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 12}" y2="{bottom}" '
                     f'class="{"one" if ratio == 1 else "grid"}"/>')
        frame.append(f'<text x="{x:.1f}" y="{TOP - 18}" text-anchor="middle">{ratio:g}x</text>')
    x = 10
    for name, colour in COLOURS.items():
        frame.append(f'<circle cx="{x + 5}" cy="16" r="4.5" fill="{colour}"/><text x="{x + 14}" y="20">{name}</text>')
        x += 40 + 6.6 * len(name)
    frame.append(f'<text x="10" y="{TOP - 18}">times as fast as</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom}" font-family="sans-serif" '
            f'font-size="11"><style>text{{fill:#333}} .title{{font-size:14px;font-weight:bold}} '
            f'.grid{{stroke:#ddd}} .one{{stroke:#333}}</style><rect width="100%" height="100%" fill="#fff"/>'
            + "".join(frame + parts) + "</svg>\n")


def table(what, rows):
    names = list(dict.fromkeys(name.removesuffix(" fp32") for _, lines in rows for name in lines))
    yield "| " + TITLES[what] + ", images a second | " + " | ".join(names) + " | peak MiB, in this order |"
    yield "|---|" + "---:|" * (len(names) + 1)
    for key, lines in rows:
        cells, peaks = [], []
        for name in names:
            line = lines.get(name) or lines.get(name + " fp32")
            if line is None:
                cells.append("")
                continue
            ratio = "" if name == "espalier" else f" ({float(line['ours_to_this']):.2f}x)"
            cells.append(f"{float(line['images_per_second']):.4g}{ratio}")
            peaks.append(line["peak_mib"])
        yield f"| {said(what, key)} | " + " | ".join(cells) + " | " + ", ".join(filter(None, peaks)) + " |"
    yield ""


def main():
    settings = read_settings()
    CHART.write_text(draw(settings))
    machines = sorted({line["machine"] for rows in settings.values() for _, lines in rows for line in lines.values()})
    versions = sorted({f"{name.split()[0]} {line['version']}" for rows in settings.values() for _, lines in rows
                       for name, line in lines.items() if name != "espalier"})
    words = [BEGIN, "", "Measured on: " + "; ".join(machines) + ". Peers: " + ", ".join(versions) + ".", ""]
    for what, rows in settings.items():
        words += table(what, rows)
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    PAGE.write_text(before + "\n".join(words) + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
