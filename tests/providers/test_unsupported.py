"""A request that a vendor cannot be told whole: named, or refused before anybody is asked."""

from __future__ import annotations

import asyncio

import pytest

from pilothouse.core.ask import Ask
from pilothouse.core.errors import ProviderError
from pilothouse.core.request import Message, Request
from pilothouse.core.route import Target
from pilothouse.providers._rows import row
from pilothouse.providers.http import HttpProvider

TARGET = Target(name="t", provider="p", model="m")


def test_with_reject_the_target_is_not_asked_and_the_fields_are_named() -> None:
    async def body() -> None:
        nowhere = "http://127.0.0.1:9/v1"
        provider = HttpProvider(
            row("openai_compatible"), base_url=nowhere, dialect="openai_chat", environ={}
        )
        request = Request(model="m", messages=(Message.of_text("user", "x"),), top_k=5)
        ask = Ask.of_request(request)
        with pytest.raises(ProviderError) as unasked:
            await provider.complete(TARGET, ask)
        assert unasked.value.kind == "provider_down", "without it the vendor is asked"
        ask.is_strict = True
        with pytest.raises(ProviderError, match="cannot be told: top_k") as refused:
            await provider.complete(TARGET, ask)
        assert (refused.value.kind, refused.value.http_status) == ("caller", 400)
        await provider.close()

    asyncio.run(body())
