"""One page on this machine for blind reviews by keyboard. It knows items and sides, not whose answers they are."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Protocol

import msgspec

from pilothouse.server.http import Exchange, HttpRequest, HttpServer, Limits

_HTML = b"content-type: text/html; charset=utf-8\r\ncache-control: no-store\r\n"
_POLICY = "content-security-policy: default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{0}'; connect-src 'self'\r\n"


class Shown(Protocol):
    """What the page needs of an item."""

    @property
    def question(self) -> str: ...
    @property
    def expected(self) -> str | None: ...
    @property
    def first(self) -> str: ...
    @property
    def second(self) -> str | None: ...
    def verdict(self, side: Any) -> str: ...


async def serve_review(
    items: Sequence[Any], keep: Callable[[Any, str], None], port: int, ready: Callable[[str], None]
) -> int:
    """Until the last item is judged, or Ctrl-C. The address holds a secret: nobody else on the machine can judge."""
    token = secrets.token_urlsafe(12)
    page = _Page(items, keep, token)
    server = HttpServer(page.handle, lambda status, message, http: message.encode(), Limits())
    at = await server.start("127.0.0.1", port)
    ready(f"http://127.0.0.1:{at}/{token}")
    await page.done.wait()
    await server.stop(1.0)
    return 0


class _Page:
    def __init__(self, items: Sequence[Any], keep: Callable[[Any, str], None], token: str) -> None:
        self.done = asyncio.Event()
        self._items = items
        self._keep = keep
        self._token = token

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        """GET the page, POST `{"at", "key"}` to it."""
        if http.path != f"/{self._token}":
            out.send(404, b"there is nothing here", _HTML)
        elif http.method == "POST":
            self._judged(http, out)
        else:
            nonce = secrets.token_urlsafe(9)
            headers = _HTML + _POLICY.format(nonce).encode()
            out.send(200, self._html(nonce).encode(), headers)

    def _judged(self, http: HttpRequest, out: Exchange) -> None:
        try:
            said = msgspec.json.decode(http.body, type=dict[str, Any])
            at, key = int(said["at"]), str(said["key"])
            item = self._items[at]
        except (msgspec.DecodeError, KeyError, ValueError, IndexError):
            out.send(400, b'{"error": "at and key are needed"}')
            return
        verdict = _verdict(item, key)
        if verdict is not None:
            self._keep(item, verdict)
        out.send(200, b"{}")
        if at == len(self._items) - 1:
            asyncio.get_running_loop().call_later(0.2, self.done.set)

    def _html(self, nonce: str) -> str:
        cards = "".join(_card(i, item, len(self._items)) for i, item in enumerate(self._items))
        return (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>Review</title><style>{_STYLE}</style>"
            "<meta name=viewport content='width=device-width, initial-scale=1'>"
            f"<main>{cards}<section class=card><h1>Done</h1><p>Thank you. You may close this page.</section></main>"
            f"<script nonce={nonce}>{_SCRIPT}</script></html>"
        )


def _verdict(item: Shown, key: str) -> str | None:
    if item.second is None:
        return {"1": "pass", "2": "fail"}.get(key)
    side = {"1": "first", "2": "second", "0": "tie"}.get(key)
    return None if side is None else item.verdict(side)


def _card(number: int, item: Shown, count: int) -> str:
    answers = [("1", item.first)] + ([("2", item.second)] if item.second is not None else [])
    shown = "".join(
        f"<article><h2>{key}</h2><pre>{escape(text)}</pre></article>" for key, text in answers
    )
    expected = "" if item.expected is None else f"<p><b>expected</b> {escape(item.expected)}"
    keys = "1, 2, 0 alike" if item.second is not None else "1 pass, 2 fail"
    return (
        f"<section class=card data-tie={int(item.second is not None)}><h1>{number + 1} of {count}</h1>"
        f"<pre class=question>{escape(item.question)}</pre>{expected}<div class=answers>{shown}</div>"
        f"<p class=keys>Keys: {keys}, s later</section>"
    )


_STYLE = (
    ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}main{max-width:70rem;margin:auto;padding:1rem}"
    ".card{display:none}.card.now{display:block}.answers{display:grid;gap:1rem;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr))}"
    "article{border:1px solid #8886;border-radius:.5rem;padding:0 1rem}h1,h2{font-size:1rem;opacity:.7}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}.question{font-weight:600}.keys{opacity:.7}"
)
_SCRIPT = (
    "const cards=[...document.querySelectorAll('.card')];let at=0;"
    "const show=()=>cards.forEach((c,i)=>c.classList.toggle('now',i===at));show();"
    "addEventListener('keydown',async e=>{if(at>=cards.length-1||!['0','1','2','s'].includes(e.key))return;"
    "if(e.key==='0'&&cards[at].dataset.tie==='0')return;const here=at;"
    "const r=await fetch(location.pathname,{method:'POST',body:JSON.stringify({at:here,key:e.key})});"
    "if(r.ok){at=here+1;show()}});"
)
