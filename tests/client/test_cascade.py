"""A cascade before scripted providers: what is asked when, what a check sees, and who is left when time or luck ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from scripted import QUESTION, SILENT, Rows, Scripted, breaks, client_of, route, says, targets

from pilothouse.app.checks import noted_by
from pilothouse.client.attempt import Asked
from pilothouse.client.caller import Outcome
from pilothouse.client.cascade import AnyStream, Cascade
from pilothouse.client.checking import Checked, Verdict, case_of
from pilothouse.client.score_notes import ScoreNotes
from pilothouse.core.answer import Begin, End, Finish, TextDelta, ToolBegin, ToolDelta
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.case import Case
from pilothouse.core.errors import ProviderError
from pilothouse.core.grade import Given, Grade
from pilothouse.core.request import Message, Request
from pilothouse.core.route import Check, Route, RouteSpec
from pilothouse.core.route_settings import Retries, Timeouts


class Wants:
    """A scorer that accepts answers with a word, and keeps what it saw."""

    def __init__(self, word: str = "good") -> None:
        self.word = word
        self.seen: list[Given] = []

    def check(self, case: Case) -> None: ...

    def score(self, given: Given, case: Case) -> Grade:
        self.seen.append(given)
        said = given.text + "".join(use.arguments for use in given.tool_uses)
        return Grade(value=float(self.word in said))


class World:
    """`a`, `b`, `c` in this order, and `z` that may have to agree."""

    def __init__(self, *, check: Check | None = None, **scripts: Scripted) -> None:
        self.rows = Rows()
        self.wants = Wants()
        self.scripts = scripts
        self.client = client_of(scripts, self.rows)
        self.verdicts: list[Verdict] = []
        self.cascade = Cascade(self.client, lambda call, verdict: self.verdicts.append(verdict))
        self.checked = Checked()
        self.calls: list[Call] = []
        self.route = route(*[name for name in scripts if name != "z"])
        self.spec = RouteSpec(
            name="route",
            policy="cascade",
            targets=self.route.targets,
            retries=Retries(attempts_per_target=1),
            check=check or Check(scorers=(("wants", self.wants),)),
        )

    def _how(self) -> dict[str, Any]:
        return {
            "asked": Asked(request_id="R1"),
            "spec": self.spec,
            "calls": self.calls,
            "checked": self.checked,
        }

    async def call(self, way: Route | None = None) -> Outcome:
        return await self.cascade.call(Ask.of_request(QUESTION), way or self.route, **self._how())

    async def stream(self) -> AnyStream:
        asked = Ask.of_request(replace(QUESTION, stream=True))
        return await self.cascade.stream(asked, self.route, **self._how())

    async def heard(self) -> str:
        live = await self.stream()
        texts: list[str] = []
        while (piece := await live.next()) is not None:
            texts += [e.text for e in piece.events if isinstance(e, TextDelta)]
        return "".join(texts)

    @property
    def tried(self) -> list[str]:
        return [call.target for call in self.calls]


def said(outcome: Outcome) -> str:
    assert outcome.answer is not None
    return outcome.answer.text


def test_an_error_goes_on_to_the_next_target_whose_answer_is_checked_too() -> None:
    world = World(
        a=Scripted([ProviderError("provider_down", "out")]),
        b=Scripted(says("bad")),
        c=Scripted(says("last")),
    )
    assert said(asyncio.run(world.call())) == "last"
    assert (world.tried, world.checked.refused) == (["a", "b", "c"], ["b"])
    assert [call.attempt for call in world.calls] == [1, 2, 3]


def test_a_held_stream_that_breaks_is_nobodys_to_see() -> None:
    world = World(a=Scripted(breaks("goo")), b=Scripted(says("good")))
    assert asyncio.run(world.heard()) == "good"
    assert [(call.target, call.error_class) for call in world.calls] == [("a", "cut"), ("b", None)]


def test_the_last_targets_stream_is_not_held_back() -> None:
    async def body() -> None:
        slow = Scripted([Begin("x", "m"), TextDelta("be"), SILENT, Finish("stop"), End()])
        world = World(a=Scripted(says("bad")), b=slow)
        live = await asyncio.wait_for(world.stream(), 10)
        piece = await live.next()
        assert piece is not None and TextDelta("be") in piece.events
        live.close()
        assert world.tried == ["a", "b"]

    asyncio.run(body())


def test_where_later_streams_fail_the_refused_one_is_given_and_stands_last() -> None:
    world = World(a=Scripted(says("bad")), b=Scripted([ProviderError("provider_down", "out")]))
    assert asyncio.run(world.heard()) == "bad"
    assert [(call.target, call.status) for call in world.calls] == [("b", "error"), ("a", "ok")]


def test_where_nobody_answers_the_error_is_the_callers() -> None:
    world = World(a=Scripted(breaks()), b=Scripted([ProviderError("provider_down", "out")]))
    outcome = asyncio.run(world.call())
    assert outcome.error is not None and outcome.error.kind == "provider_down"
    with pytest.raises(ProviderError):
        asyncio.run(World(a=Scripted(breaks()), b=Scripted(breaks())).stream())


def test_a_check_sees_tool_calls() -> None:
    tools = [
        *(Begin("x", "m"), ToolBegin(0, "t1", "look"), ToolDelta(0, '{"at":"good"}')),
        *(Finish("tool_calls"), End()),
    ]
    world = World(a=Scripted(tools), b=Scripted(says("never")))
    live = asyncio.run(world.stream())
    assert live.target.name == "a" and world.tried == ["a"]
    [given] = world.wants.seen
    [use] = given.tool_uses
    assert (use.name, use.arguments, given.finish_reason) == ("look", '{"at":"good"}', "tool_calls")


def test_who_is_asked_first_only_because_the_others_are_unfit_is_not_checked() -> None:
    """The strong target goes first while the cheap one is out: nobody is asked to better it."""
    world = World(a=Scripted(says("cheap")), b=Scripted(says("strong")))
    a, b = targets("a", "b")
    way = Route(name="route", targets=(b, a), final=b)
    assert said(asyncio.run(world.call(way))) == "strong"
    assert world.tried == ["b"]


def test_a_check_that_takes_too_long_takes_nothing() -> None:
    class Asleep:
        def check(self, case: Case) -> None: ...

        async def grade(self, given: Given, case: Case, models: Any) -> Grade:
            await asyncio.Event().wait()
            raise AssertionError

    check = Check(scorers=(("asleep", Asleep()),), timeout_s=0.01)
    world = World(check=check, a=Scripted(says("good")), b=Scripted(says("last")))
    assert said(asyncio.run(world.call())) == "last"
    assert [v.said for v in world.verdicts] == ["failed"]


def test_past_the_requests_time_nobody_else_is_asked() -> None:
    class Slow(Wants):
        def score(self, given: Given, case: Case) -> Grade:
            return Grade(value=0.0)

    check = Check(scorers=(("slow", Slow()),))
    world = World(check=check, a=Scripted(says("bad")), b=Scripted(says("late")))
    world.spec = replace(world.spec, timeouts=Timeouts(total_s=1e-9))
    assert said(asyncio.run(world.call())) == "bad"
    assert world.tried == ["a"]


def test_the_model_that_must_agree_is_asked_beside_the_first() -> None:
    async def body() -> None:
        [z] = targets("z")
        first, other = Scripted([SILENT, *says("4.")]), Scripted(says("4"))
        world = World(check=Check(agree_with=z), a=first, b=Scripted(says("x")), z=other)
        running = asyncio.create_task(world.call())
        await asyncio.wait_for(other.was_asked.wait(), 10)
        first.go_on.set()
        assert said(await running) == "4."
        assert [(call.target, call.source) for call in world.checked.calls] == [("z", "judge")]

    asyncio.run(body())


def test_whoever_goes_away_stops_the_model_that_must_agree_and_its_row_is_written() -> None:
    async def body() -> None:
        [z] = targets("z")
        other = Scripted([SILENT])
        world = World(
            check=Check(agree_with=z), a=Scripted([SILENT]), b=Scripted(says("x")), z=other
        )
        running = asyncio.create_task(world.call())
        await asyncio.wait_for(other.was_asked.wait(), 10)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert other.was_cancelled
        rows = [(call.target, call.error_class) for call in (*world.calls, *world.checked.calls)]
        assert rows == [("a", "cancelled"), ("z", "cancelled")]

    asyncio.run(body())


def test_a_request_is_a_case_of_its_last_user_turn() -> None:
    turns = [("system", "Be brief."), ("user", "One?"), ("assistant", "1"), ("user", "Two?")]
    messages = tuple(Message.of_text(role, text) for role, text in turns)  # type: ignore[arg-type]
    case = case_of(Request(model="m", messages=messages), "R1")
    assert (case.id, case.prompt, case.expected) == ("R1", "Two?", None)
    assert case.messages == messages[:3]
    assert case_of(Request(model="m", messages=messages[:1]), "R1").prompt == ""


def test_under_a_rollout_a_verdict_is_counted_but_is_no_score_for_its_guards_to_read() -> None:
    written: list[Any] = []
    counted: list[tuple[str, str, str]] = []

    async def body() -> None:
        notes = ScoreNotes(written.extend)
        note = noted_by(notes, lambda r, t, v: counted.append((r, t, v)))
        world = World(a=Scripted(says("bad")), b=Scripted(says("x")))
        await world.call()
        for rollout_id in (None, "rol_1"):
            verdict = Verdict(said="refused", value=0.0, detail="why")
            note(replace(world.calls[0], rollout_id=rollout_id), verdict)
        await notes.close()

    asyncio.run(body())
    assert counted == [("route", "a", "refused")] * 2
    [(call, (score,))] = written
    assert (call.target, score.call_id, score.detail) == ("a", call.id, "refused: why")
