from __future__ import annotations

import json

import pytest

from pilothouse.core.errors import BadRequest
from pilothouse.providers._fit import fitted
from pilothouse.providers._rows import row


def fit(name: str, body: dict[str, object]) -> tuple[dict[str, object], tuple[str, ...]]:
    sent, dropped = fitted(json.dumps(body).encode(), row(name).endpoints["openai_chat"])
    return json.loads(sent), dropped


def test_a_body_that_fits_is_not_touched() -> None:
    body = b'{ "model" : "m" }'
    assert fitted(body, row("openai").endpoints["openai_chat"]) == (body, ())


def test_fields_are_renamed_and_left_out() -> None:
    asked = {"model": "m", "max_completion_tokens": 5, "seed": 7, "logprobs": True}
    sent, dropped = fit("mistral", asked)
    assert sent == {"model": "m", "max_tokens": 5, "random_seed": 7}
    assert dropped == ("logprobs",)


def test_what_the_provider_does_without_is_left_out_silently() -> None:
    asked = {"model": "m", "stream": True, "stream_options": {"include_usage": True}}
    assert fit("cohere", asked) == ({"model": "m", "stream": True}, ())


def test_the_new_name_wins_where_both_are_given() -> None:
    sent, _ = fit("mistral", {"model": "m", "max_completion_tokens": 5, "max_tokens": 9})
    assert sent["max_tokens"] == 9


def test_a_field_in_every_message_is_left_out() -> None:
    messages = [{"role": "user", "name": "ann", "content": 'say "name"'}, {"role": "assistant"}]
    sent, dropped = fit("groq", {"model": "m", "messages": messages})
    assert sent["messages"] == [{"role": "user", "content": 'say "name"'}, {"role": "assistant"}]
    assert dropped == ("messages[].name",)


def test_messages_without_the_field_are_not_touched() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":1.50}]}'
    assert fitted(body, row("groq").endpoints["openai_chat"]) == (body, ())


def test_numbers_keep_how_they_were_written() -> None:
    body = b'{"max_completion_tokens":5,"temperature":0.10,"x":12345678901234567890123}'
    sent, _ = fitted(body, row("together").endpoints["openai_chat"])
    assert b"0.10" in sent
    assert b"12345678901234567890123" in sent


def test_claude_on_vertex_has_its_version_in_the_body_and_no_model() -> None:
    end = row("vertex").endpoints["anthropic_messages"]
    sent, dropped = fitted(b'{"model":"claude","max_tokens":1}', end)
    assert json.loads(sent) == {"max_tokens": 1, "anthropic_version": "vertex-2023-10-16"}
    assert dropped == ()


def test_what_the_caller_says_goes_before_what_is_added() -> None:
    asked = {"model": "m", "context_length_exceeded_behavior": "truncate"}
    assert fit("fireworks", asked)[0] == asked


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"'])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        fitted(body, row("mistral").endpoints["openai_chat"])
