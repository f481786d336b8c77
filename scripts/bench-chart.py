#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws Benchmarks/figures.tsv as an SVG: bench-chart.py FIGURES >docs/figures.svg"""
import html
import math
import sys

ROW, LEFT, WIDTH, TOP = 44, 270, 310, 54


def position(times):
    """A logarithmic scale: 1 at the left edge, 100 at the right one."""
    return LEFT + WIDTH * math.log10(max(times, 1)) / 2


def main():
    rows = [line.rstrip("\n").split("\t") for line in open(sys.argv[1], encoding="utf-8")
            if line.strip() and not line.startswith("#")]
    height = TOP + ROW * len(rows) + 28
    text = 'font-family="system-ui, sans-serif" fill="currentColor"'
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height}" role="img" color="#57606a" '
          f'aria-label="CPU time of each tool\'s peer for the same work, in multiples of the tool\'s own">')
    print(f'<text x="16" y="26" font-size="16" {text}>CPU time of the peer for the same work (the tool = 1)</text>')
    for times in (1, 10, 100):
        x = position(times)
        print(f'<line x1="{x:.0f}" y1="{TOP - 12}" x2="{x:.0f}" y2="{height - 26}" stroke="currentColor" opacity="0.3"/>')
        print(f'<text x="{x:.0f}" y="{height - 10}" font-size="12" text-anchor="middle" {text}>{times} ×</text>')
    for index, (tool, job, times, peer, source) in enumerate(rows):
        y = TOP + index * ROW
        end = position(float(times))
        name, rest, title = html.escape(tool), html.escape(job), html.escape(source)
        print(f'<text x="{LEFT - 12}" y="{y + 12}" font-size="14" text-anchor="end" {text}>'
              f'<tspan font-weight="bold">{name}</tspan>: {rest}</text>')
        print(f'<rect x="{LEFT}" y="{y}" width="{max(end - LEFT, 2):.0f}" height="16" rx="2" fill="#2f81f7"><title>{title}</title></rect>')
        print(f'<text x="{end + 8:.0f}" y="{y + 13}" font-size="13" {text}>{times} × {html.escape(peer)}</text>')
    print("</svg>")


main()
