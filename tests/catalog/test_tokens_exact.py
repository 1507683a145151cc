"""Counts for OpenAI's models equal tiktoken's, offline."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

import pytest
import tiktoken
import tiktoken_ext.openai_public as published
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.catalog.openai_tokens import vocabulary_of
from pilothouse.catalog.token_count import count_chat, count_text
from pilothouse.catalog.vocabulary import Vocabulary, encoding, ranks
from pilothouse.core.request import Message
from pilothouse.recordings import questions

NAMES: tuple[Vocabulary, ...] = ("cl100k_base", "o200k_base")


@cache
def theirs(name: Vocabulary) -> tiktoken.Encoding:
    """tiktoken itself, with its own pattern, fed our ranks instead of a download."""
    patch = pytest.MonkeyPatch()
    patch.setattr(published, "load_tiktoken_bpe", lambda *_a, **_k: ranks(name))
    try:
        made: dict[str, Any] = getattr(published, name)()
    finally:
        patch.undo()
    made.pop("explicit_n_vocab", None)
    return tiktoken.Encoding(**made)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=300, deadline=None)
@given(
    text=st.text()
    | st.text(alphabet=" \t\n\r'sSdDmMtTlLvVrReEſ09aAéÅǅʰ́\u00a0\u2003\u3000\x1c\x85.,/-_你好ก")
    | st.lists(st.sampled_from(["the", " Hello", "'LL", "123456", "\r\n", "  ", "!!", "ß"])).map(
        "".join
    )
)
def test_every_text_has_the_tokens_that_tiktoken_gives_it(name: Vocabulary, text: str) -> None:
    assert encoding(name).encode(text) == theirs(name).encode_ordinary(text)


@pytest.mark.parametrize("name", NAMES)
def test_real_answers_have_the_tokens_that_tiktoken_gives_them(name: Vocabulary) -> None:
    text = "\n".join(
        f"{q.prompt}\n{answer}" for q in questions("gsm8k") for answer in q.answers.values()
    )
    assert encoding(name).encode(text) == theirs(name).encode_ordinary(text)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["a" * 20_000, " " * 10_000, "ab!" * 5_000, "é" * 5_000])
def test_a_long_run_without_a_break_is_counted_without_slowing_down(
    name: Vocabulary, text: str
) -> None:
    assert encoding(name).encode(text) == theirs(name).encode_ordinary(text)


@pytest.mark.parametrize("name", NAMES)
def test_half_a_surrogate_pair_is_counted_as_tiktoken_counts_it(name: Vocabulary) -> None:
    assert encoding(name).encode("a\ud800b") == theirs(name).encode_ordinary("a\ud800b")


@pytest.mark.parametrize("name", NAMES)
def test_the_bundled_vocabulary_is_the_published_one(name: Vocabulary) -> None:
    known = {
        "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    }
    lines = b"".join(
        base64.b64encode(token) + b" " + str(rank).encode() + b"\n"
        for token, rank in ranks(name).items()
    )
    assert hashlib.sha256(lines).hexdigest() == known[name]


def test_special_tokens_in_a_text_are_text() -> None:
    assert count_text("gpt-4o", "<|endoftext|>").tokens > 1


@pytest.mark.parametrize(
    ("model", "vocabulary"),
    [
        ("gpt-4o-mini-2024-07-18", "o200k_base"),
        ("openai/gpt-4.1-nano", "o200k_base"),
        ("o3", "o200k_base"),
        ("o4-mini-2025-04-16", "o200k_base"),
        ("gpt-5.4-mini", "o200k_base"),
        ("ft:gpt-4o:acme::1", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("azure/gpt-35-turbo", "cl100k_base"),
        ("text-embedding-3-small", "cl100k_base"),
        ("claude-3-haiku", None),
        ("gpt-7", None),
    ],
)
def test_the_vocabulary_follows_from_the_id(model: str, vocabulary: str | None) -> None:
    assert vocabulary_of(model) == vocabulary


def test_a_chat_request_has_what_the_cookbook_says_the_api_counted() -> None:
    # OpenAI Cookbook, How_to_count_tokens_with_tiktoken: 129 counted by the API; the four names
    # there cost their own tokens and one more each, so they stand here as their sum.
    texts = [
        "You are a helpful, pattern-following assistant that translates corporate jargon into "
        "plain English.",
        "New synergies will help drive top-line growth.",
        "Things working well together will increase revenue.",
        "Let's circle back when we have more bandwidth to touch base on opportunities for "
        "increased leverage.",
        "Let's talk later when we're less busy about how to do better.",
    ]
    messages = [Message.of_text("system", text) for text in texts]
    last = "This late pivot means we don't have time to boil the ocean for the client deliverable."
    messages.append(Message.of_text("user", last))
    names = sum(
        encoding("cl100k_base").count(f"example_{who}") + 1 for who in ("user", "assistant")
    )
    count = count_chat("gpt-4-0613", messages)
    assert count.method == "exact"
    assert count.tokens + 2 * names == 129


def test_tools_make_the_count_an_estimate() -> None:
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    plain = count_chat("gpt-4o", [Message.of_text("user", "Rain?")])
    with_tools = count_chat("gpt-4o", [Message.of_text("user", "Rain?")], [tool])
    assert (plain.method, with_tools.method) == ("exact", "estimate")
    assert plain.tokens < with_tools.low <= with_tools.tokens <= with_tools.high


@pytest.mark.parametrize(
    ("model", "returned"),
    [("gpt-5-nano", 7), ("o3-mini", 7), ("o1-mini", 15), ("gpt-oss-120b", 71), ("gpt-4o", 8)],
)
def test_a_hello_is_counted_with_the_format_as_recorded(model: str, returned: int) -> None:
    count = count_chat(model, [Message.of_text("user", "Hello")])
    assert count.low <= returned <= count.high
    assert (count.method == "exact") == (model == "gpt-4o")
