"""The openai SDK's own flow for batches: files.create, batches.create, retrieve, content, cancel, list."""

from __future__ import annotations

import json
from typing import Any

import pytest
from queue_server import MODEL, QUESTIONS, served, until
from queue_tables import Tables

openai = pytest.importorskip("openai")


def _client(url: str, key: str = "ann") -> Any:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)


def _lines(questions: list[str], endpoint: str = "/v1/chat/completions") -> bytes:
    def body(question: str) -> dict[str, Any]:
        if endpoint == "/v1/responses":
            return {"model": "small", "input": question}
        return {"model": "small", "messages": [{"role": "user", "content": question}]}

    rows = [
        {"custom_id": f"q{i}", "method": "POST", "url": endpoint, "body": body(q)}
        for i, q in enumerate(questions)
    ]
    return b"\n".join(json.dumps(row).encode() for row in rows) + b"\n"


def _file(client: Any, content: bytes) -> Any:
    return client.files.create(file=("in.jsonl", content), purpose="batch")


@pytest.mark.slow
def test_a_batch_goes_from_file_to_output(tables: Tables) -> None:
    with served(tables) as (url, server), _client(url) as client:
        file = _file(client, _lines([*QUESTIONS[:5], "a question nobody recorded"]))
        assert (file.purpose, file.status, file.filename) == ("batch", "processed", "in.jsonl")
        batch = client.batches.create(
            input_file_id=file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={"team": "web"},
        )
        assert batch.expires_at - batch.created_at == 86_400

        def ended() -> Any:
            found = client.batches.retrieve(batch.id)
            return found if found.status == "completed" else None

        done = until(ended)
        counts = done.request_counts
        assert (counts.total, counts.completed, counts.failed) == (6, 5, 1)
        assert done.metadata == {"team": "web"}
        text = client.files.content(done.output_file_id).text
        out = [json.loads(line) for line in text.splitlines()]
        assert [line["custom_id"] for line in out] == [f"q{i}" for i in range(5)]
        answer = out[0]["response"]
        assert answer["status_code"] == 200
        assert answer["body"]["object"] == "chat.completion"
        assert answer["body"]["model"] == MODEL
        told = client.files.retrieve(done.output_file_id)
        assert (told.bytes, told.purpose) == (len(text.encode()), "batch_output")
        [error] = client.files.content(done.error_file_id).text.splitlines()
        assert json.loads(error)["response"]["status_code"] == 404
        assert [b.id for b in client.batches.list()] == [batch.id]
        assert [f.id for f in client.files.list()] == [file.id]
        # Every line was asked once: nothing is paid twice.
        asked = [call.request_id for call in server.recorder.calls]
        assert len(asked) == len(set(asked)) == 6


@pytest.mark.slow
def test_a_batch_of_responses_is_answered_in_that_dialect(tables: Tables) -> None:
    with served(tables) as (url, _), _client(url) as client:
        file = _file(client, _lines(QUESTIONS[:2], "/v1/responses"))
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/responses", completion_window="2h"
        )
        until(lambda: client.batches.retrieve(batch.id).status == "completed")
        output = client.batches.retrieve(batch.id).output_file_id
        first = json.loads(client.files.content(output).text.splitlines()[0])
        assert first["response"]["body"]["object"] == "response"


@pytest.mark.slow
def test_a_cancelled_batch_ends_with_every_line_in_the_error_file(tables: Tables) -> None:
    with served(tables, works=False) as (url, _), _client(url) as client:
        file = _file(client, _lines(QUESTIONS[:3]))
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        assert client.batches.retrieve(batch.id).status == "in_progress"
        gone = client.batches.cancel(batch.id)
        assert gone.status == "cancelled" and gone.cancelling_at is not None
        assert gone.output_file_id is None
        errors = client.files.content(gone.error_file_id).text.splitlines()
        assert [json.loads(e)["error"]["code"] for e in errors] == ["batch_cancelled"] * 3
        assert client.batches.cancel(batch.id).status == "cancelled"


@pytest.mark.slow
def test_a_key_sees_only_its_own_files_and_batches(tables: Tables) -> None:
    with served(tables, works=False) as (url, _), _client(url) as ann, _client(url, "bob") as bob:
        file = _file(ann, _lines(QUESTIONS[:1]))
        batch = ann.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        for ask in (
            lambda: bob.files.retrieve(file.id),
            lambda: bob.files.content(file.id),
            lambda: bob.files.delete(file.id),
            lambda: bob.batches.retrieve(batch.id),
            lambda: bob.batches.cancel(batch.id),
            lambda: bob.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
            ),
        ):
            with pytest.raises(openai.NotFoundError):
                ask()
        assert list(bob.files.list()) == list(bob.batches.list()) == []
        assert ann.files.content(file.id).content == _lines(QUESTIONS[:1])
        assert ann.files.delete(file.id).deleted
        with pytest.raises(openai.NotFoundError):
            ann.files.retrieve(file.id)


@pytest.mark.slow
def test_a_bad_file_is_refused_with_the_lines_at_fault(tables: Tables) -> None:
    good = _lines(QUESTIONS[:1])
    bad = good + b"{not json}\n" + good + b'{"custom_id":"x","method":"GET","url":"/","body":{}}\n'
    with served(tables, works=False) as (url, _), _client(url) as client:
        with pytest.raises(openai.UnprocessableEntityError) as refused:
            _file(client, bad)
        said = str(refused.value)
        assert "line 2: JSON is malformed" in said
        assert 'line 3: custom_id "q0" was used on line 1' in said
        assert 'line 4: method is "GET"' in said
        with pytest.raises(openai.UnprocessableEntityError, match="purpose"):
            client.files.create(file=("x.jsonl", good), purpose="assistants")


@pytest.mark.slow
def test_a_batch_that_cannot_be_is_refused_whole(tables: Tables) -> None:
    with served(tables, works=False) as (url, _), _client(url) as client:
        file = _file(
            client,
            _lines(QUESTIONS[:1]) + _lines(["x"]).replace(b"small", b"tiny").replace(b"q0", b"q1"),
        )
        create = client.batches.create
        with pytest.raises(openai.UnprocessableEntityError, match='line 2: no route .*"tiny"'):
            create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        with pytest.raises(openai.UnprocessableEntityError, match="line 1: url is"):
            create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
        with pytest.raises(openai.UnprocessableEntityError, match="completion_window"):
            create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="99d")
        many = _file(client, _lines([f"{n}" for n in range(201)]))
        with pytest.raises(openai.RateLimitError) as full:
            create(input_file_id=many.id, endpoint="/v1/chat/completions", completion_window="24h")
        assert full.value.response.headers["retry-after"] == "30"
        assert list(client.batches.list()) == []
