"""The queue over HTTP: 202, the result in the caller's dialect, cancelling, listing, refusals."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from email.message import Message
from typing import Any

import pytest
from queue_server import QUESTIONS, RULES, served, until
from queue_tables import Tables

pytestmark = pytest.mark.slow
ASYNC = {"prefer": "respond-async"}


def _ask(
    url: str, body: Any = None, *, method: str | None = None, key: str = "ann", **headers: str
) -> tuple[int, Any, Message]:
    data = None if body is None else json.dumps(body).encode()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, sent, method=method)
    request.add_header("authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read()), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read()), error.headers


def _chat(question: str = QUESTIONS[0]) -> dict[str, Any]:
    return {"model": "small", "messages": [{"role": "user", "content": question}]}


def _ended(url: str, job: dict[str, Any]) -> Any:
    def look() -> Any:
        found = _ask(url + job["result_url"])[1]
        return found if found.get("done") or found["status"] not in ("queued", "running") else None

    return until(look)


@pytest.mark.parametrize(
    ("path", "body", "mark"),
    [
        ("/v1/chat/completions", _chat(), ("object", "chat.completion")),
        ("/v1/responses", {"model": "small", "input": QUESTIONS[0]}, ("object", "response")),
        ("/v1/messages", {**_chat(), "max_tokens": 900}, ("type", "message")),
    ],
)
def test_a_queued_request_is_answered_in_its_callers_dialect(
    tables: Tables, path: str, body: Any, mark: tuple[str, str]
) -> None:
    with served(tables) as (url, server):
        status, job, headers = _ask(url + path, body, x_pilothouse_mode="queue")
        assert (status, job["status"]) == (202, "queued")
        assert headers["location"] == job["result_url"] == f"/v1/jobs/{job['id']}"
        done = _ended(url, job)
        assert done["status"] == "done"
        assert done["response"][mark[0]] == mark[1]
        assert done["cost_usd"] == "0.001"
        bare = _ask(f"{url}/v1/jobs/{job['id']}/result")
        assert (bare[0], bare[1]) == (200, done["response"])
        [call] = server.recorder.calls
        assert call.request_id == f"{job['id']}-1"


def test_google_gets_an_operation(tables: Tables) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": QUESTIONS[0]}]}]}
    with served(tables) as (url, _):
        status, job, _ = _ask(f"{url}/v1beta/models/small:generateContent", body, **ASYNC)
        assert (status, job["done"], job["name"]) == (202, False, f"jobs/{job['id']}")
        done = _ended(url, job)
        assert done["done"] is True
        assert done["response"]["candidates"][0]["content"]["parts"][0]["text"]


def test_a_job_that_fails_for_good_carries_the_error_body(tables: Tables) -> None:
    with served(tables) as (url, _):
        job = _ask(f"{url}/v1/chat/completions", _chat("nobody asked this"), **ASYNC)[1]
        failed = _ended(url, job)
        assert (failed["status"], failed["http_status"]) == ("failed", 404)
        assert "error" in failed["failure"]
        assert _ask(f"{url}/v1/jobs/{job['id']}/result")[0] == 404


def test_a_job_is_cancelled_and_listed_by_its_key_alone(tables: Tables) -> None:
    with served(tables, works=False) as (url, _):
        job = _ask(f"{url}/v1/chat/completions", _chat(), **ASYNC)[1]
        at = f"{url}/v1/jobs/{job['id']}"
        for method in ("GET", "DELETE"):
            assert _ask(at, method=method, key="bob")[0] == 404
        assert _ask(f"{url}/v1/jobs", key="bob")[1]["data"] == []
        assert _ask(f"{at}/result")[0] == 202
        status, gone, _ = _ask(at, method="DELETE")
        assert (status, gone["status"]) == (200, "cancelled")
        assert _ask(f"{at}/result")[0] == 410
        listed = _ask(f"{url}/v1/jobs?status=cancelled")[1]
        assert [one["id"] for one in listed["data"]] == [job["id"]]
        assert _ask(f"{url}/v1/jobs?limit=0")[0] == 422


def test_the_headers_say_when_and_how_urgently(tables: Tables) -> None:
    with served(tables, works=False) as (url, _):
        at = f"{url}/v1/chat/completions"
        told = {
            "x_pilothouse_deadline": "2h",
            "x_pilothouse_priority": "7",
            "x_pilothouse_not_before": "1h",
        }
        job = _ask(at, _chat(), **ASYNC, **told)[1]
        assert job["priority"] == 7
        assert job["expires_at"] - job["created_at"] == 7200
        stored = tables.jobs.job(job["id"], "ann")
        assert stored is not None and stored.release_us - stored.created_us == 3600 * 1_000_000
        for wrong in (
            {"x_pilothouse_deadline": "soon"},
            {"x_pilothouse_deadline": "30d"},
            {"x_pilothouse_priority": "101"},
            {"x_pilothouse_not_before": "2d"},
            {"x_pilothouse_webhook": "http://127.0.0.1/"},
        ):
            status, body, _ = _ask(at, _chat(), **ASYNC, **wrong)
            assert status == 422, wrong
            assert next(iter(wrong)).replace("_", "-") in body["error"]["message"]


def test_what_cannot_be_queued_is_refused_at_once(tables: Tables) -> None:
    with served(tables, works=False) as (url, _):
        at = f"{url}/v1/chat/completions"
        status, body, _ = _ask(at, {**_chat(), "stream": True}, **ASYNC)
        assert status == 422 and "cannot stream" in body["error"]["message"]
        status, body, _ = _ask(at, {**_chat(), "model": "tiny"}, **ASYNC)
        assert status == 422 and "tiny" in body["error"]["message"]


def test_an_idempotency_key_gives_the_same_job_and_another_body_a_conflict(tables: Tables) -> None:
    with served(tables, works=False) as (url, _):
        at = f"{url}/v1/chat/completions"
        one = _ask(at, _chat(), **ASYNC, idempotency_key="a")
        two = _ask(at, _chat(), **ASYNC, idempotency_key="a")
        assert one[0] == two[0] == 202 and one[1]["id"] == two[1]["id"]
        assert _ask(at, _chat(QUESTIONS[1]), **ASYNC, idempotency_key="a")[0] == 409
        other = _ask(at, _chat(), **ASYNC, idempotency_key="a", key="bob")
        assert other[1]["id"] != one[1]["id"]


def test_a_full_queue_says_when_to_come_back(tables: Tables) -> None:
    with served(tables, works=False) as (url, _):
        at = f"{url}/v1/chat/completions"
        for _ in range(RULES.queued_per_key):
            assert _ask(at, _chat(), **ASYNC)[0] == 202
        status, body, headers = _ask(at, _chat(), **ASYNC)
        assert (status, headers["retry-after"], body["error"]["code"]) == (429, "30", "queue_full")
        assert _ask(at, _chat(), **ASYNC, key="bob")[0] == 202
