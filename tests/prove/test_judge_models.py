"""Judges through the client: asked once a question, counted, bounded, and recorded as calls of a judge."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from decimal import Decimal

import pytest

from pilothouse.client.caller import Client
from pilothouse.core.answer import Answer, Usage
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.embedding import EmbeddingAnswer
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.errors import InvalidInput, ProviderError
from pilothouse.core.grade import Given
from pilothouse.core.key_pool import KeyPool
from pilothouse.core.ports import AnswerStream, Priced, Reply, Vectors
from pilothouse.core.request import Message, Request
from pilothouse.core.route import Target
from pilothouse.core.route_settings import Timeouts
from pilothouse.prove.models import JudgeModels, JudgeSpec

PRICE = Decimal("0.01")
JUDGES = {
    "strict": JudgeSpec(provider="p", model="m-1", max_output_tokens=200),
    "mild": JudgeSpec(provider="p", model="m-2", temperature=None),
}


class Court:
    """A provider that answers with the question's length, one loop turn later. Fails as it is told to."""

    is_timed = False

    def __init__(self, before: Callable[[int], None] = lambda n: None) -> None:
        self.keys = KeyPool(1)
        self.requests: list[Request] = []
        self.embedded: list[tuple[object, ...]] = []
        self.at_once = self.most_at_once = 0
        self._before = before

    def losses(self, target: Target, ask: Ask) -> tuple[str, ...]:
        return ()

    async def complete(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts | None = None
    ) -> Reply:
        self.requests.append(ask.request)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            for _ in range(3):
                await asyncio.sleep(0)
            self._before(len(self.requests))
        finally:
            self.at_once -= 1
        usage = Usage(input_tokens=3, output_tokens=1)
        text = str(len(ask.request.messages[-1].text))
        return Reply(b"{}", Answer.of_text(text, usage=usage), "openai_chat")

    has_embeddings = True

    def embedding_losses(self, target: Target, ask: EmbeddingAsk) -> tuple[str, ...]:
        return ()

    async def embed(
        self, target: Target, ask: EmbeddingAsk, key: int = 0, limits: Timeouts | None = None
    ) -> Vectors:
        inputs = ask.request.inputs
        self.embedded.append(inputs)
        await asyncio.sleep(0)
        vectors = tuple((float(len(text)), 1.0) for text in inputs)
        usage = Usage(input_tokens=3, output_tokens=0)
        return Vectors(b"", usage, "openai_embeddings", answer=EmbeddingAnswer(vectors=vectors))

    async def stream(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts | None = None
    ) -> AnswerStream:
        raise ProviderError("caller", "not streamed")

    async def close(self) -> None: ...


class Rows:
    def __init__(self) -> None:
        self.calls: list[Call] = []

    def record(self, call: Call) -> None:
        self.calls.append(call)


class Memory:
    def __init__(self) -> None:
        self.said: dict[str, tuple[Given, Call]] = {}

    def get(self, key: str) -> Given | None:
        return self.said[key][0] if key in self.said else None

    def keep(self, key: str, given: Given, call: Call) -> None:
        assert key not in self.said, "paid twice"
        self.said[key] = given, call


def question(text: str) -> Request:
    return Request(model="judge", messages=(Message.of_text("user", text),))


def models(
    court: Court, memory: Memory | None = None, rows: Rows | None = None, concurrency: int = 16
) -> JudgeModels:
    bits = itertools.count()
    client = Client(
        {"p": court},
        lambda target, usage, at_us: Priced(PRICE),
        rows or Rows(),
        lambda: 1,
        lambda: next(bits),
    )
    where = memory or Memory()
    return JudgeModels(client, JUDGES, where, run_id="poc-1", concurrency=concurrency)


def test_a_question_is_sent_as_its_judge_is_configured_and_recorded_as_a_judges() -> None:
    court, rows = Court(), Rows()
    asked = models(court, rows=rows)
    assert asyncio.run(asked.ask("strict", question("four"))) == Given(
        text="4", finish_reason="stop"
    )
    [sent] = court.requests
    assert (sent.model, sent.temperature, sent.max_output_tokens) == ("m-1", 0.0, 200)
    [call] = rows.calls
    assert (call.source, call.run_id, call.target, call.route) == (
        "judge",
        "poc-1",
        "strict",
        "judge",
    )
    assert call.case_id is not None
    assert len(call.case_id) == 64
    assert asked.spent_usd == PRICE


def test_a_question_that_was_answered_is_not_paid_again_whoever_asks() -> None:
    memory, again = Memory(), Court()
    asyncio.run(models(Court(), memory).ask("strict", question("a")))
    second = models(again, memory)
    asyncio.run(second.ask("strict", question("a")))
    assert (again.requests, second.spent_usd) == ([], 0)


def test_another_sample_judge_or_text_is_another_question() -> None:
    court = Court()

    async def ask() -> None:
        judges = models(court)
        await judges.ask("strict", question("a"))
        await judges.ask("strict", question("a"), sample=1)
        await judges.ask("mild", question("a"))
        await judges.ask("strict", question("b"))

    asyncio.run(ask())
    assert len(court.requests) == 4


def test_two_equal_questions_in_flight_are_asked_once() -> None:
    court = Court()

    async def ask() -> list[Given]:
        judges = models(court)
        return await asyncio.gather(*[judges.ask("strict", question("a")) for _ in range(20)])

    assert {given.text for given in asyncio.run(ask())} == {"1"}
    assert len(court.requests) == 1


def test_when_the_one_who_asks_is_cancelled_the_next_one_asks() -> None:
    court = Court()

    async def ask() -> Given:
        judges = models(court)
        first = asyncio.create_task(judges.ask("strict", question("a")))
        second = asyncio.create_task(judges.ask("strict", question("a")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(ask()).text == "1"
    assert len(court.requests) == 2


def test_no_more_are_asked_at_once_than_there_is_room_for() -> None:
    court = Court()

    async def ask() -> None:
        judges = models(court, concurrency=3)
        await asyncio.gather(*[judges.ask("strict", question("x" * i)) for i in range(1, 20)])

    asyncio.run(ask())
    assert court.most_at_once == 3


def test_a_failure_is_everybodys_who_waited_and_is_kept_by_nobody() -> None:
    def fail(number: int) -> None:
        raise ProviderError("refused", "no")

    court, memory = Court(fail), Memory()

    async def ask() -> list[object]:
        judges = models(court, memory)
        asking = [judges.ask("strict", question("a")) for _ in range(3)]
        return list(await asyncio.gather(*asking, return_exceptions=True))

    assert [str(error) for error in asyncio.run(ask())] == ["no"] * 3
    assert len(court.requests) == 1
    assert memory.said == {}


def test_an_unknown_judge_is_named_with_the_nearest_one() -> None:
    with pytest.raises(InvalidInput, match='no judge "strickt".*Did you mean "strict"'):
        asyncio.run(models(Court()).ask("strickt", question("a")))


def test_a_text_is_embedded_once_and_vectors_come_in_the_order_asked() -> None:
    court = Court()

    async def ask() -> list[list[float]]:
        judges = models(court)
        await judges.embed("strict", ["four", "a", "four"])
        vectors = await judges.embed("strict", ["a", "three", "four"])
        assert judges.spent_usd == 2 * PRICE
        return vectors

    assert asyncio.run(ask()) == [[1.0, 1.0], [5.0, 1.0], [4.0, 1.0]]
    assert court.embedded == [("four", "a"), ("three",)]


def test_texts_in_flight_are_not_embedded_beside() -> None:
    court = Court()

    async def ask() -> None:
        judges = models(court)
        batches = [["a", "b"], ["b", "c"], ["a", "c"]]
        await asyncio.gather(*[judges.embed("strict", batch) for batch in batches])

    asyncio.run(ask())
    assert sorted(str(text) for batch in court.embedded for text in batch) == ["a", "b", "c"]


def test_lexical_vectors_need_no_judge_and_a_text_without_words_is_like_nothing() -> None:
    court = Court()
    near, nothing = asyncio.run(models(court).embed("lexical", ["cheap bolts", "?!"]))
    assert len(near) == len(nothing) == 1024
    assert set(nothing) == {0.0}
    assert court.embedded == []
