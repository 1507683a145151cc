"""What a vendor cannot be told of a request is known before anybody is asked."""

from __future__ import annotations

import asyncio
from typing import Any

from pilothouse import registry
from pilothouse.core.ask import Ask
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.request import Message, Request
from pilothouse.core.route import Target
from pilothouse.providers._rows import row
from pilothouse.providers.http import HttpProvider

TARGET = Target(name="t", provider="p", model="m")


def provider(dialect: str) -> HttpProvider:
    nowhere = "http://127.0.0.1:9/v1"
    return HttpProvider(row("openai_compatible"), base_url=nowhere, dialect=dialect, environ={})


def test_the_fields_of_a_question_that_the_format_has_no_word_for() -> None:
    request = Request(model="m", messages=(Message.of_text("user", "x"),), top_k=5, seed=1)
    asked = provider("openai_chat")
    assert asked.losses(TARGET, Ask.of_request(request)) == ("top_k",)
    asyncio.run(asked.close())


def test_the_fields_of_texts_to_embed() -> None:
    dialect: Any = registry.plugin("dialects", "gemini_embeddings")
    body = b'{"content": {"parts": [{"text": "x"}]}, "taskType": "RETRIEVAL_QUERY"}'
    ask = EmbeddingAsk(dialect, body, dialect.read_envelope(body, model="m"), is_single=True)
    asked = provider("openai_chat")
    assert len(asked.embedding_losses(TARGET, ask)) == 1
    asyncio.run(asked.close())
