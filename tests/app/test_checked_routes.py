"""Routes with a check, by the real openai SDK: the cheap target first, the next one when its answer is not taken."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from upgrade_world import World, in_world, until

from pilothouse.core.call import Call
from pilothouse.core.pico import pico_usd
from pilothouse.stores.sqlite import SqliteStore

FILE = """\
providers:
  vendor: {{kind: openai_compatible, base_url: "{url}"}}
targets:
  quick: {{provider: vendor, model: quick, catalog_model: gpt-4o-mini}}
  other: {{provider: vendor, model: other, catalog_model: gpt-4o-mini}}
  better: {{provider: vendor, model: better, catalog_model: gpt-4o}}
  strict: {{provider: vendor, model: strict, catalog_model: gpt-4o-mini}}
routes:
  support:
    policy: cascade
    targets: [{first}]
    check: CHECK
    BESIDE
server: {{port: 0}}
{more}
"""
MARKED = "scorers: {regex: {pattern: '#### -?[0-9]+'}}"
Body = Callable[[World], Awaitable[None]]


def checked(body: Body, folder: Path, check: str = MARKED, beside: str = "", **more: Any) -> None:
    """A world whose route has this check."""

    async def with_answers(here: World) -> None:
        here.vendor.say = lambda model, question: answers.get(model, "?")
        await body(here)

    answers = {"quick": "Four.", "other": "Four!", "better": "#### 4"} | more.pop("answers", {})
    more = {"first": "quick, better"} | more
    text = FILE
    for name, given in (("CHECK", f"{{{check}}}"), ("BESIDE", beside)):
        text = text.replace(name, given.replace("{", "{{").replace("}", "}}"))
    in_world(with_answers, folder, text=text, **more)


async def asked(here: World, question: str = "2 + 2?", **more: Any) -> tuple[str, dict[str, str]]:
    """What the caller reads, and the headers that say whose it is."""
    async with here.sdk() as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="support", messages=[{"role": "user", "content": question}], **more
        )
        names = ("target", "refused", "cache", "guards")
        told = {n: v for n in names if (v := raw.headers.get(f"x-pilothouse-{n}")) is not None}
        if not more.get("stream"):
            return raw.parse().choices[0].message.content or "", told
        said = [c.choices[0].delta.content or "" async for c in raw.parse() if c.choices]
        return "".join(said), told


async def rows(here: World, count: int, source: str = "serve") -> list[Call]:
    """The calls as written, oldest first."""
    found = await until(lambda: len(found := here.calls(source)) >= count and found)
    return sorted(found, key=lambda call: (call.at_us, call.attempt))


async def scores(here: World, count: int) -> list[tuple[float, str]]:
    """What the check said, as written."""
    query = "SELECT value, detail FROM scores WHERE scorer = 'check' ORDER BY value, detail"
    return await until(lambda: len(found := here.store.query(query)) >= count and found)


def test_an_answer_that_is_not_taken_is_paid_and_the_next_target_answers(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        said, told = await asked(here)
        assert (said, told) == ("#### 4", {"target": "better", "refused": "quick"})
        first, second = await rows(here, 2)
        assert (first.target, first.status, second.target) == ("quick", "ok", "better")
        assert first.request_id == second.request_id
        assert (first.attempt, second.attempt) == (1, 2)
        assert first.cost_usd and second.cost_usd
        assert await scores(here, 1) == [(0.0, "refused: regex 0 (no match)")]

    checked(body, tmp_path)


def test_an_answer_that_is_taken_is_the_only_one_that_is_paid(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        assert await asked(here) == ("So #### 4", {"target": "quick"})
        assert here.vendor.seen == ["quick"]
        assert await scores(here, 1) == [(1.0, "taken: regex 1 (#### 4)")]

    checked(body, tmp_path, answers={"quick": "So #### 4"})


def test_the_last_answer_counts_whatever_the_check_says(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        said, told = await asked(here)
        assert (said, told) == ("I say four.", {"target": "better", "refused": "quick, other"})
        assert len(await scores(here, 2)) == 2  # the last one's is not looked at

    checked(body, tmp_path, first="quick, other, better", answers={"better": "I say four."})


def test_several_scorers_must_all_accept(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        assert (await asked(here))[1] == {"target": "better", "refused": "quick"}

    check = "scorers: {regex: {pattern: '####'}, format: {max_words: 3}}, at_least: 1"
    checked(body, tmp_path, check, answers={"quick": "I take it to be #### 4"})


def test_where_the_next_target_fails_the_refused_answer_is_given(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        here.vendor.fails = True
        for stream in (False, True):
            said, told = await asked(here, stream=stream)
            assert (said, told) == ("Four.", {"target": "quick", "refused": "quick"})
        assert [c.status for c in await rows(here, 4)] == ["ok", "error"] * 2

    checked(body, tmp_path)


@pytest.mark.parametrize("quick", ["Four.", "Well, #### 4"])
def test_a_stream_is_held_back_until_it_is_taken(tmp_path: Path, quick: str) -> None:
    async def body(here: World) -> None:
        said, told = await asked(here, stream=True)
        is_taken = "####" in quick
        assert said == (quick if is_taken else "#### 4")
        assert told == (
            {"target": "quick"} if is_taken else {"target": "better", "refused": "quick"}
        )
        first = (await rows(here, 1))[0]
        assert first.is_stream and first.ttft_ms is not None and first.cost_usd

    checked(body, tmp_path, answers={"quick": quick})


def test_an_anthropic_caller_gets_a_held_stream_in_his_own_form(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        text = (
            '{"model":"support","max_tokens":9,"stream":true,'
            '"messages":[{"role":"user","content":"2 + 2?"}]}'
        )
        host, port = here.urls[0].removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {here.secrets['ann']}\r\n"
            f"content-length: {len(text)}\r\nconnection: close\r\n\r\n{text}".encode()
        )
        got = (await asyncio.wait_for(reader.read(), 20)).decode()
        writer.close()
        assert "event: message_start" in got and "event: message_stop" in got
        assert "x-pilothouse-target: quick" in got
        assert "".join(re.findall('"text":"([^"]+)"', got)) == "#### 4"

    checked(body, tmp_path, answers={"quick": "#### 4"})


def test_a_scorer_that_raises_takes_nothing_and_the_caller_sees_no_error(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def score(given, case):\n    raise RuntimeError(f'no {case.prompt}')\n"
    )

    async def body(here: World) -> None:
        assert (await asked(here))[1] == {"target": "better", "refused": "quick"}
        assert await scores(here, 1) == [(0.0, "failed: RuntimeError: no 2 + 2?")]
        found = here.recorders[0].checks
        assert [(c.route, c.target, c.verdict, c.count) for c in found] == [
            ("support", "quick", "failed", 1)
        ]

    checked(body, tmp_path, "scorers: {python: {file: mine.py}}")


def test_only_the_final_answer_is_kept_in_the_cache(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        for stream, state in ((False, "miss"), (False, "hit"), (True, "hit")):
            said, told = await asked(here, temperature=0, stream=stream)
            assert (said, told["cache"], told["target"]) == ("#### 4", state, "better")
        assert here.vendor.seen == ["quick", "better"]

    checked(body, tmp_path, beside="cache: {ttl_s: 60}")


def test_a_refused_answer_that_had_to_do_is_not_kept(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        here.vendor.fails = True
        for stream in (False, True):
            assert (await asked(here, temperature=0, stream=stream))[0] == "Four."
        here.vendor.fails = False
        said, told = await asked(here, temperature=0)
        assert (said, told["cache"]) == ("#### 4", "miss")

    checked(body, tmp_path, beside="cache: {ttl_s: 60}")


def test_a_shadow_gets_one_copy_of_a_checked_request(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        await asked(here)
        [copy] = await rows(here, 1, "shadow")
        assert copy.target == "other"

    checked(body, tmp_path, beside="shadow: {targets: other, share: 1}")


def test_a_budget_holds_what_all_of_a_cascade_may_cost(tmp_path: Path) -> None:
    """Each of the two may be paid, so what one alone may cost is not room enough."""

    async def body(here: World) -> None:
        with pytest.raises(openai.RateLimitError, match="route"):
            await asked(here, max_completion_tokens=1000)
        assert here.vendor.seen == []
        await asked(here, max_completion_tokens=100)
        assert here.vendor.seen == ["quick", "better"]

    # 1,000 tokens out: 0.0006 USD of quick and 0.01 of better
    limits = "limits: {routes: {support: {budgets: [{usd: 0.0104, per: day}]}}}"
    checked(body, tmp_path, more=limits)


def test_a_guard_sees_the_answer_that_counts_and_no_other(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        said, told = await asked(here)
        assert said == "#### 4"
        assert "guards" not in told  # the refused answer's address was nobody's to redact

    guards = "guards: [{name: pii, kind: pii, on: answer}]"
    checked(body, tmp_path, more=guards, answers={"quick": "Ask a@example.com."})


def test_a_guard_redacts_a_held_stream_after_its_check(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        said, told = await asked(here, stream=True)
        assert "a@example.com" not in said and "####" in said
        assert told["target"] == "quick"
        assert (await scores(here, 1))[0][0] == 1.0  # the check saw it as it came

    check = "scorers: {contains: {texts: [a@example.com]}}"
    guards = "guards: [{name: pii, kind: pii, on: answer}]"
    checked(body, tmp_path, check, more=guards, answers={"quick": "#### 4 by a@example.com."})


def test_two_cheap_models_that_agree_are_believed(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        for stream in (False, True):
            assert await asked(here, stream=stream) == ("Four.", {"target": "quick"})
        assert sorted(here.vendor.seen) == ["other", "other", "quick", "quick"]
        [paid, _] = await rows(here, 2, "judge")
        first = (await rows(here, 1))[0]
        assert (paid.target, paid.route, paid.case_id) == ("other", "support", first.request_id)
        assert paid.cost_usd and paid.key_id == first.key_id
        assert (1.0, "taken: agreement 1 (other says the same)") in await scores(here, 2)

    checked(body, tmp_path, "agree_with: other")


def test_two_cheap_models_that_differ_are_not(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        for stream in (False, True):
            said, told = await asked(here, stream=stream)
            assert (said, told) == ("#### 4", {"target": "better", "refused": "quick"})
        assert len(await rows(here, 2, "judge")) == 2

    checked(body, tmp_path, "agree_with: other", answers={"other": "Five."})


JUDGED = "scorers: {judge: {judges: [strict], kind: rubric, rubric: helpfulness}}"


@pytest.mark.parametrize(("points", "who"), [("5", "quick"), ("1", "better")])
def test_a_judge_of_the_gateway_decides_and_is_paid(tmp_path: Path, points: str, who: str) -> None:
    async def body(here: World) -> None:
        _, told = await asked(here)
        assert told["target"] == who and ("refused" in told) == (who == "better")
        [paid] = await rows(here, 1, "judge")
        assert paid.target == "strict" and paid.cost_usd
        asked_judge = next(b for b in here.vendor.bodies if b["model"] == "strict")
        assert "2 + 2?" in str(asked_judge["messages"]) and "Four." in str(asked_judge["messages"])
        [(value, _)] = await scores(here, 1)
        assert value == (int(points) - 1) / 4

    said = f'{{"reason": "so", "score": {points}}}'
    checked(body, tmp_path, JUDGED, answers={"strict": said})


def test_a_judge_who_gives_no_verdict_takes_nothing(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        assert (await asked(here))[1] == {"target": "better", "refused": "quick"}
        assert len(await rows(here, 2, "judge")) == 2  # asked once more, and both are paid
        [(value, detail)] = await scores(here, 1)
        assert value == 0 and detail.startswith("failed: Nonsense")

    checked(body, tmp_path, JUDGED, answers={"strict": "Well."})


def test_what_judges_cost_counts_towards_the_budget(tmp_path: Path) -> None:
    paid: list[Call] = []

    async def body(here: World) -> None:
        await asked(here, max_completion_tokens=10)
        paid.extend([*await rows(here, 1), *await rows(here, 1, "judge")])

    limits = "limits: {routes: {support: {budgets: [{usd: 1, per: day}]}}}"
    answers = {"strict": '{"reason": "so", "score": 5}'}
    checked(body, tmp_path, JUDGED, more=limits, answers=answers)
    store = SqliteStore(tmp_path / "pilothouse.db")
    spent = {pico for (pico,) in store.query("SELECT spent_pico_usd FROM budgets")}
    store.close()
    assert [call.source for call in paid] == ["serve", "judge"]
    assert sum(pico_usd(call.cost_usd or Decimal(0)) for call in paid) in spent


def test_a_queued_request_is_checked_too(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        async with here.sdk() as client:
            question: Any = [{"role": "user", "content": "2 + 2?"}]
            queued = await client.post(
                "/chat/completions",
                cast_to=dict[str, Any],
                body={"model": "support", "messages": question},
                options={"headers": {"prefer": "respond-async"}},
            )
            async with asyncio.timeout(20):
                job: dict[str, Any] = {}
                while "#### 4" not in str(job):
                    await asyncio.sleep(0.05)
                    job = await client.get(f"/jobs/{queued['id']}", cast_to=dict[str, Any])
        assert here.vendor.seen == ["quick", "better"]

    checked(body, tmp_path)
