"""From an answer's words to the program that is run."""

from __future__ import annotations

import re
import textwrap
from typing import Literal

Assembly = Literal["auto", "completion", "function", "program"]
_FENCE = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.M | re.S
)


def fenced_blocks(text: str) -> list[str]:
    """The code between fences, in order; a fence that never closes ends with the text."""
    return [found[3] for found in _FENCE.finditer(text)]


def assembled(
    text: str,
    *,
    how: Assembly,
    prompt: str,
    setup: str,
    entry_point: str | None,
    stops: tuple[str, ...] = (),
    end: str = "",
) -> str:
    """The program of an answer.

    `completion`: `prompt` with the answer behind it, cut at the first of `stops`, as base models are asked, and `end`. A fenced
    body that lost its indentation gets it back. `function`: `setup` and then the answer's code. `program`: the code
    alone. `auto`: `function` when the code defines what is asked for (`entry_point`, else the last line of `prompt`),
    else `completion`.
    """
    blocks = fenced_blocks(text)
    code = _best(blocks, entry_point) if blocks else text
    if how == "auto":
        how = "function" if _defines(code, entry_point, prompt) else "completion"
    if how == "program":
        return code
    if how == "function":
        return f"{setup}\n{code}" if setup else code
    if blocks:
        first = next((line for line in code.splitlines() if line.strip()), "")
        is_bare = (
            bool(first) and not first[0].isspace() and prompt.rstrip().endswith(('"""', "'''", ":"))
        )
        return prompt + (textwrap.indent(code, "    ") if is_bare else code) + end
    return prompt + cut(code, stops) + end


def cut(text: str, stops: tuple[str, ...]) -> str:
    """Up to the first of `stops`, where a model that goes on and on was meant to end."""
    ends = [at for at in (text.find(stop) for stop in stops) if at >= 0]
    return text[: min(ends)] if ends else text


def _best(blocks: list[str], entry_point: str | None) -> str:
    """The first block that defines it: later ones tend to show how it is used."""
    return next((b for b in blocks if entry_point and _names(b, entry_point)), blocks[0])


def _defines(code: str, entry_point: str | None, prompt: str) -> bool:
    if entry_point:
        return _names(code, entry_point)
    signature = next((x.strip() for x in reversed(prompt.splitlines()) if x.strip()), "")
    return bool(signature) and signature in code


def _names(code: str, name: str) -> bool:
    return bool(
        re.search(
            rf"^(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b|^{re.escape(name)}\s*=", code, re.M
        )
    )
