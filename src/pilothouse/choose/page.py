"""The Markdown that our own records are written in, as one HTML page: no script, nothing from elsewhere.

It knows what records use: headings, tables, lists of two levels, paragraphs, **bold**, *italics*, `code`, fences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

_STYLE = (
    "body{font:16px/1.55 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1f24;background:#fff}table{border-collapse:collapse;margin:.5rem 0 1.5rem}"
    "th,td{padding:.3rem .75rem;text-align:left;vertical-align:top;border-bottom:1px solid #d8dee4}"
    "th{background:#f3f5f7}h2{margin-top:2.2rem}code,pre{background:#f3f5f7;font-size:.9em}"
    "pre{padding:1rem;overflow:auto}ul ul{color:#6e4b00}summary{cursor:pointer;color:#0b57d0}"
    "td:first-child{white-space:nowrap}"
    "@media print{details>*{display:block}}"
)

_OPEN_ROWS = 25
"""Longer tables are folded; a browser opens them on a click, without a script, and prints them open."""


def page(title: str, markdown: str) -> str:
    """The whole page."""
    body = "\n".join(_blocks(markdown.splitlines()))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _blocks(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        end = at + 1
        if line.startswith("```"):
            while end < len(lines) and not lines[end].startswith("```"):
                end += 1
            yield f"<pre>{escape(chr(10).join(lines[at + 1 : end]))}</pre>"
            end += 1
        elif line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            yield f"<h{level}>{_inline(line[level:].strip())}</h{level}>"
        elif line.startswith("|"):
            while end < len(lines) and lines[end].startswith("|"):
                end += 1
            yield _table(lines[at:end])
        elif line.lstrip().startswith("- "):
            while end < len(lines) and lines[end].lstrip().startswith("- "):
                end += 1
            yield _list(lines[at:end])
        elif line.strip():
            yield f"<p>{_inline(line)}</p>"
        at = end


def _table(lines: list[str]) -> str:
    rows = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in lines]
    head = "".join(f"<th>{_inline(c.strip())}</th>" for c in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{_inline(c.strip())}</td>" for c in row) + "</tr>"
        for row in rows[2:]
    )
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    count = len(rows) - 2
    if count <= _OPEN_ROWS:
        return whole
    title = f"{_inline(rows[0][0].strip())}: all {count:,} rows"
    return f"<details><summary>{title}</summary>{whole}</details>"


def _list(lines: list[str]) -> str:
    out: list[str] = []
    is_inner = False
    for line in lines:
        inner = line.startswith(" ")
        if inner != is_inner:
            out.append("<ul>" if inner else "</ul>")
            is_inner = inner
        out.append(f"<li>{_inline(line.strip()[2:])}</li>")
    return "<ul>" + "".join(out) + ("</ul>" if is_inner else "") + "</ul>"


def _inline(text: str) -> str:
    safe = escape(text.replace("\\|", "|"), quote=False)
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    safe = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", safe)
    safe = re.sub(r"(?<!\w)\*([^*]+)\*(?!\w)", r"<em>\1</em>", safe)
    return re.sub(r"(https?://[^\s<>\"')]+)", r'<a href="\1">\1</a>', safe)
