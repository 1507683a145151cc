"""Guards at the doors: what a caller asks goes through them, and a guard's no is an answer in its dialect."""

from __future__ import annotations

from msgspec.structs import replace

from pilothouse.client.guarding import BLOCKED_CODE, BLOCKED_STATUS, GuardBook, Guarding
from pilothouse.client.keyring import Holder
from pilothouse.core.ask import Ask
from pilothouse.core.dialect import Dialect
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.guard import Blocked
from pilothouse.core.request import Message, Request
from pilothouse.server.http import Exchange
from pilothouse.server.refusals import refuse


def guarding_for(book: GuardBook | None, route: str, holder: Holder | None) -> Guarding | None:
    """The guards of one request; None where it passes none."""
    if book is None:
        return None
    if holder is None:
        return book.around(route)
    return book.around(route, holder.key.name, holder.key.team)


async def guarded_ask(guarding: Guarding, ask: Ask) -> Ask | Blocked:
    """The question as a target may see it: the same object when nothing was changed. Raises `BadRequest`."""
    request = ask.request
    found = await guarding.before(request)
    if isinstance(found, Blocked):
        return found
    return ask if found is request else ask.replaced(found)


async def guarded_texts(guarding: Guarding, ask: EmbeddingAsk) -> EmbeddingAsk | Blocked:
    """The same for texts that become vectors; numbers of tokens are not looked at. Raises `BadRequest`."""
    request = ask.request
    at = [i for i, one in enumerate(request.inputs) if isinstance(one, str)]
    texts = tuple([Message.of_text("user", str(request.inputs[i])) for i in at])
    before = Request(model=request.model, messages=texts)
    found = await guarding.before(before)
    if isinstance(found, Blocked):
        return found
    if found is before:
        return ask
    inputs = list(request.inputs)
    for i, message in zip(at, found.messages, strict=True):
        inputs[i] = message.text
    return ask.replaced(replace(request, inputs=tuple(inputs)))


def refuse_blocked(
    out: Exchange, dialect: Dialect, found: Blocked, guarding: Guarding, request_id: str
) -> None:
    """400: asking again as it stands would end the same way."""
    refuse(
        out,
        dialect,
        BLOCKED_STATUS,
        found.reason,
        code=BLOCKED_CODE,
        request_id=request_id,
        headers=f"x-should-retry: false\r\n{guarding.line}",
    )
