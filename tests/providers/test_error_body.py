"""Bodies as vendors send them; where from: tests/core/recorded_errors.yaml."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.error_class import classify
from pilothouse.providers._error_body import read_error_body
from pilothouse.providers._rows import ErrorBody, row, row_names


@pytest.mark.parametrize(
    ("name", "body", "message", "code"),
    [
        ("openai", b'{"error":{"message":"m","type":"t","param":null,"code":null}}', "m", "t"),
        ("openai", b'{"error":{"message":"m","type":"t","code":"c"}}', "m", "c"),
        ("anthropic", b'{"type":"error","error":{"type":"api_error","message":"m"}}', "m", "api_error"),
        ("google", b'{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}', "m", "RESOURCE_EXHAUSTED"),
        ("google", b'{"error":{"code":400,"message":"m","status":"X","details":[{"reason":"API_KEY_INVALID"}]}}', "m", "API_KEY_INVALID"),
        ("mistral", b'{"object":"error","message":"m","type":"rate_limited","code":"1300"}', "m", "1300"),
        ("mistral", b'{"detail":[{"loc":["body"],"msg":"field required"}]}', "field required", None),
        ("mistral", b'{"detail":"Unauthorized"}', "Unauthorized", None),
        ("xai", b'{"code":"c","error":"m"}', "m", "c"),
        ("cohere", b'{"id":"x","message":"m"}', "m", "x"),
        ("tgi", b'{"error":"m","error_type":"validation"}', "m", "validation"),
        ("bedrock", b'{"message":"m"}', "m", None),
        ("openrouter", b'{"error":{"code":402,"message":"m"}}', "m", "402"),
        ("llama_cpp", b'{"error":{"code":400,"message":"m","type":"t","n_ctx":1}}', "m", "t"),
        ("vllm", b'{"error":{"message":"m","type":"BadRequestError","param":null,"code":400}}', "m", "BadRequestError"),
        ("openai", b'[{"error":{"message":"m","code":"c"}}]', "m", "c"),
        ("openai", b'"just words"', "just words", None),
        ("openai", b"upstream connect error", "upstream connect error", None),
        ("openai", b"<html><h1>502</h1></html>", "", None),
        ("openai", b"", "", None),
        ("openai", b"{}", "", None),
        ("openai", b'{"error":null}', "", None),
        ("openai", b"\xff\xfe", "\ufffd\ufffd", None),
    ],
)  # fmt: skip
def test_message_and_code_are_found(name: str, body: bytes, message: str, code: str | None) -> None:
    assert read_error_body(body, row(name).error_body) == (message, code)


def test_aws_names_the_error_in_a_header() -> None:
    headers = {"x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/"}
    message, code = read_error_body(b'{"message":"slow"}', row("bedrock").error_body, headers)
    assert classify(429, code, message) == "rate_limited"


def test_azure_names_the_filter_inside() -> None:
    body = (
        b'{"error":{"message":"filtered","code":"content_filter","status":400,'
        b'"innererror":{"code":"ResponsibleAIPolicyViolation"}}}'
    )
    message, code = read_error_body(body, row("azure_openai").error_body)
    assert code == "ResponsibleAIPolicyViolation"
    assert classify(400, code, message) == "refused"


def test_anthropics_spent_limit_is_not_a_rate_limit() -> None:
    body = (
        b'{"type":"error","error":{"type":"rate_limit_error","message":"m",'
        b'"details":{"error_code":"enforced_spend_limit_reached"}}}'
    )
    message, code = read_error_body(body, row("anthropic").error_body)
    assert classify(429, code, message, row("anthropic").errors) == "auth"


def test_a_long_message_is_whole_so_that_keys_can_be_taken_out_before_it_is_cut() -> None:
    assert len(read_error_body(b"x" * 10_000, ErrorBody())[0]) == 10_000


@given(st.binary(max_size=200), st.sampled_from(row_names()))
def test_any_bytes_are_read_without_an_exception(body: bytes, name: str) -> None:
    read_error_body(body, row(name).error_body)
