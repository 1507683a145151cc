"""Embeddings through the gateway with the real OpenAI and Google SDKs, against fake vendors."""

from __future__ import annotations

import base64
import json
import struct
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from fake_vendors import SECRET, TARGETS, VECTOR, Doors, run

from pilothouse.core.limits import Budget, Limits, scope_of
from pilothouse.core.route import Split

pytestmark = pytest.mark.filterwarnings("ignore")  # the SDKs' own


async def embed(d: Doors, model: str, given: Any = "a", *, raw: bool = False, **more: Any) -> Any:
    async with openai.AsyncOpenAI(base_url=f"{d.url}/v1", api_key=SECRET, max_retries=0) as client:
        asked = client.embeddings.with_raw_response if raw else client.embeddings
        return await asked.create(model=model, input=given, **more)


async def google(d: Doors, model: str, contents: Any, **config: Any) -> Any:
    genai = pytest.importorskip("google.genai")
    client = genai.Client(api_key=SECRET, http_options={"base_url": d.url})
    return await client.aio.models.embed_content(model=model, contents=contents, config=config)


@pytest.mark.parametrize("asked", [{}, {"encoding_format": "float"}])
@pytest.mark.parametrize("model", ["small", "gem"])
def test_openais_sdk_gets_vectors_from_either_vendor_and_the_call_is_recorded(
    tmp_path: Path, model: str, asked: dict[str, Any]
) -> None:
    async def body(d: Doors) -> None:
        got = await embed(d, model, ["a", "b"], dimensions=2, **asked)
        assert [tuple(one.embedding) for one in got.data] == [VECTOR, VECTOR]
        [call] = d.calls
        assert (call.status, call.target, call.output_tokens) == ("ok", model, 0)
        assert got.usage.prompt_tokens == call.input_tokens == (7 if model == "small" else 5)
        assert call.cost_usd is not None
        assert call.latency_ms is not None

    run(tmp_path, body)


def test_within_one_format_all_bytes_pass_through_but_the_models_name(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        sent = b'{"input":[[1, 2],[3]],"model":"search","x_new":{"a":1.50},"user":"u"}'
        status, headers, got = await d.get("/v1/embeddings", method="POST", body=sent)
        assert status == 200
        assert headers["x-pilothouse-target"] == "small"
        assert len(got["data"]) == 2
        [arrived] = d.vendor.bodies
        name = b'"text-embedding-3-small"'
        assert arrived.replace(b" ", b"") == sent.replace(b'"search"', name).replace(b" ", b"")
        assert b"1.50" in arrived

    run(tmp_path, body)


@pytest.mark.parametrize("given", [[1, 2, 3], [[1, 2], [3]]])
def test_token_arrays_reach_openai_and_are_refused_for_google(tmp_path: Path, given: Any) -> None:
    async def body(d: Doors) -> None:
        assert (await embed(d, "small", given)).data[0].index == 0
        assert d.vendor.seen[0][2]["input"] == given
        with pytest.raises(openai.BadRequestError, match="embeds text, not token numbers"):
            await embed(d, "gem", given)
        assert len(d.vendor.seen) == 1

    run(tmp_path, body)


def test_googles_sdk_gets_vectors_from_either_vendor(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        for model in ("gem", "small"):
            got = await google(d, model, ["a", "b"], output_dimensionality=2)
            assert [tuple(one.values) for one in got.embeddings] == [VECTOR, VECTOR]
        (path, headers, _), (other, _, asked) = d.vendor.seen
        assert path == "/v1beta/models/gemini-embedding-001:batchEmbedContents"
        assert headers["x-goog-api-key"] == "sk-one"
        assert other == "/v1/embeddings"
        assert asked["dimensions"] == 2
        assert [call.status for call in d.calls] == ["ok", "ok"]

    run(tmp_path, body)


def test_one_text_alone_goes_to_googles_address_for_one(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        sent = json.dumps({"content": {"parts": [{"text": "a"}]}}).encode()
        for model in ("gem", "small"):
            at = f"/v1beta/models/{model}:embedContent"
            status, _, got = await d.get(at, method="POST", body=sent)
            assert (status, got["embedding"]["values"]) == (200, list(VECTOR))
        assert d.vendor.seen[0][0].endswith("gemini-embedding-001:embedContent")
        assert (await embed(d, "gem", "a")).data[0].embedding == list(VECTOR)
        assert d.vendor.seen[2][0].endswith(":embedContent")

    run(tmp_path, body)


def test_base64_is_what_openais_sdk_gets_whatever_the_vendor_sends(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        sent = b'{"input":"a","model":"gem","encoding_format":"base64"}'
        _, headers, got = await d.get("/v1/embeddings", method="POST", body=sent)
        data = base64.b64decode(got["data"][0]["embedding"])
        assert struct.unpack("<2f", data) == VECTOR
        assert "x-pilothouse-unsupported" not in headers

    run(tmp_path, body)


def test_a_vendor_that_speaks_both_formats_is_asked_in_the_callers(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        await embed(d, "compat")
        await google(d, "compat", ["a"])
        paths = [path for path, _, _ in d.vendor.seen]
        assert paths == [
            "/v1beta/openai/embeddings",
            "/v1beta/models/gemini-embedding-001:batchEmbedContents",
        ]

    run(tmp_path, body)


def test_usage_that_no_vendor_tells_is_estimated_and_marked_so(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        d.vendor.tells_usage = False
        got = await embed(d, "gem", ["abcdefgh", "abcd"])
        assert got.usage.prompt_tokens == 3
        await google(d, "gem", ["abcdefgh", "abcd"])
        assert [(c.input_tokens, c.is_usage_estimated) for c in d.calls] == [(3, True)] * 2

    run(tmp_path, body)


def test_a_failing_provider_is_followed_by_the_same_model_elsewhere(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        d.vendor.broken_at = {"/v1/"}
        got = await embed(d, "search", raw=True)
        assert got.headers["x-pilothouse-target"] == "small-2"
        assert [(c.target, c.status, c.attempt) for c in d.calls] == [
            ("small", "error", 1),
            ("small-2", "ok", 2),
        ]
        assert len({c.request_id for c in d.calls}) == 1

    run(tmp_path, body)


def test_a_refused_key_is_followed_by_the_next_one(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        d.vendor.bad_keys = {"sk-one"}
        await embed(d, "small")
        assert [c.status for c in d.calls] == ["error", "ok"]
        assert [h["authorization"] for _, h, _ in d.vendor.seen] == [
            "bearer sk-one",
            "bearer sk-two",
        ]

    run(tmp_path, body)


def test_vectors_of_several_models_are_not_mixed(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        with pytest.raises(openai.BadRequestError, match="cannot be compared") as raised:
            await embed(d, "mixed")
        assert "text-embedding-3-large, text-embedding-3-small" in str(raised.value)
        assert not d.vendor.seen

    run(tmp_path, body)


def test_a_rollouts_arm_falls_back_to_its_own_model_only(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        assert (await embed(d, "search", raw=True)).headers["x-pilothouse-target"] == "large"
        d.vendor.broken_at = {"/v1/"}
        with pytest.raises(openai.InternalServerError):
            await embed(d, "search")
        assert [(c.target, c.arm, c.status) for c in d.calls] == [
            ("large", "new", "ok"),
            ("large", "new", "error"),
        ]

    split = Split(rollout_id="R", old=TARGETS["small"], new=TARGETS["large"], share=1.0)
    run(tmp_path, body, split=split)


def test_a_route_without_embeddings_is_refused_with_what_to_do(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        for model in ("claude", "taped"):
            with pytest.raises(openai.BadRequestError, match="makes no embeddings") as raised:
                await embed(d, model)
            assert "pilothouse providers capabilities --can embeddings" in str(raised.value)
        assert (await embed(d, "half", raw=True)).headers["x-pilothouse-target"] == "small"
        assert [c.target for c in d.calls] == ["small"]

    run(tmp_path, body)


def test_unknown_models_bad_bodies_and_missing_keys_are_refused_in_the_dialect(
    tmp_path: Path,
) -> None:
    async def body(d: Doors) -> None:
        with pytest.raises(openai.NotFoundError, match='Did you mean "small"'):
            await embed(d, "smalll")
        with pytest.raises(openai.NotFoundError):
            await embed(d, "large")
        status, _, got = await d.get(
            "/v1/embeddings", method="POST", body=b"{}", authorization=f"Bearer {SECRET}"
        )
        assert (status, got["error"]["param"]) == (422, "model")
        at = "/v1beta/models/gem:batchEmbedContents"
        status, _, got = await d.get(at, method="POST", body=b"{", x_goog_api_key=SECRET)
        assert (status, got["error"]["status"]) == (400, "INVALID_ARGUMENT")
        status, _, _ = await d.get("/v1/embeddings", method="POST", body=b"{}")
        assert status == 401
        assert not d.vendor.seen

    run(tmp_path, body, models=("small", "gem"))


def test_an_answer_without_vectors_is_a_failed_attempt(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        d.vendor._openai = lambda asked: (200, {"object": "list"})  # type: ignore[method-assign]
        with pytest.raises(openai.InternalServerError, match="not embeddings"):
            await embed(d, "small")
        assert d.calls[0].error_class == "garbage"
        with pytest.raises(Exception, match="not embeddings"):
            await google(d, "small", ["a"])

    run(tmp_path, body)


def test_a_budget_holds_for_embeddings_and_counts_what_they_cost(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        got = await embed(d, "budgeted", raw=True)
        assert got.status_code == 200
        with pytest.raises(openai.RateLimitError) as raised:
            await embed(d, "budgeted", "word " * 100_000)
        assert raised.value.code == "insufficient_quota"
        assert raised.value.response.headers["x-should-retry"] == "false"
        assert len(d.vendor.seen) == 1

    budget = Budget(usd=Decimal("0.002"), per="total")
    run(tmp_path, body, scopes={"budgeted": scope_of("route", "budgeted", budgets=(budget,))})


def test_embeddings_hold_no_output_tokens(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        got = await embed(d, "budgeted", raw=True)
        assert got.headers["x-ratelimit-limit-tokens"] == "100"

    limits = Limits(tokens_per_minute=100)
    run(tmp_path, body, scopes={"budgeted": scope_of("route", "budgeted", limits)})


def test_a_call_says_which_key_asked(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        await embed(d, "small", ["a"])
        assert [call.key_id for call in d.calls] == ["K1"]

    run(tmp_path, body, models=("small",))


def test_with_reject_a_vendor_that_would_lose_something_is_not_asked(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        content = {"content": {"parts": [{"text": "a"}]}, "taskType": "RETRIEVAL_QUERY"}
        at, sent = "/v1beta/models/strict:embedContent", json.dumps(content).encode()
        status, _, got = await d.get(at, method="POST", body=sent)
        assert status == 422
        assert "(small: " in got["error"]["message"] and "task" in got["error"]["message"]
        assert not d.vendor.seen
        assert [(call.status, call.error_class) for call in d.calls] == [("error", "caller")]
        got = await embed(d, "strict-gem", user="somebody", encoding_format="float")
        assert tuple(got.data[0].embedding) == VECTOR, "who asks is a hint"

    run(tmp_path, body)
