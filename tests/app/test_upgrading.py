"""Answer fast, improve later, by the real openai SDK: the first answer is never touched, the better one is there after."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from upgrade_world import CONFIG, World, in_world, until, world

from pilothouse.app.config import load_config
from pilothouse.core.errors import InvalidInput
from pilothouse.core.secret import Secret
from pilothouse.core.webhook import HEADER, is_genuine
from pilothouse.watch.upgrades import upgrade_report

Body = Callable[[World], Awaitable[None]]


def test_a_slow_better_model_delays_no_first_answer_and_its_own_is_polled(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        here.vendor.hold.clear()
        first, upgrade_id = await here.ask()
        assert first.choices[0].message.content == "quick says so."
        assert upgrade_id is not None and upgrade_id.startswith("upg_")
        await until(lambda: "better" in here.vendor.seen)
        status, head, said = await here.get(f"/v1/upgrades/{upgrade_id}")
        assert (status, json.loads(said)["status"]) == (202, "pending")
        assert "retry-after: 1" in head
        here.vendor.hold.set()
        status, found = await here.upgrade(upgrade_id)
        assert (status, found["status"], found["changed"]) == (200, "done", True)
        assert (found["model"], found["target"]) == ("better", "better")
        better = openai.types.chat.ChatCompletion.model_validate(found["answer"])
        assert better.choices[0].message.content == "better says so."
        assert (here.counts.answered, here.counts.changed, here.counts.in_flight) == (1, 1, 0)

    in_world(body, tmp_path)


def test_a_stream_says_before_its_first_word_that_a_better_answer_comes(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        here.vendor.hold.clear()
        here.vendor.say = lambda model, question: "It is 4."
        async with here.sdk() as client:
            raw = await client.chat.completions.with_raw_response.create(
                model="support", messages=[{"role": "user", "content": "2 + 2?"}], stream=True
            )
            upgrade_id = raw.headers["x-pilothouse-upgrade"]
            said = [c.choices[0].delta.content or "" async for c in raw.parse() if c.choices]
        assert "".join(said) == "It is 4."
        await until(lambda: "better" in here.vendor.seen)
        assert not here.vendor.bodies[-1].get("stream"), "nobody listens to a stream"
        here.vendor.hold.set()
        _, found = await here.upgrade(upgrade_id)
        assert (found["status"], found["changed"]) == ("done", False)

    in_world(body, tmp_path)


def test_an_anthropic_caller_gets_the_better_answer_in_his_own_form(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        anthropic = pytest.importorskip("anthropic")
        client = anthropic.AsyncAnthropic(
            base_url=here.urls[0], api_key=here.secrets["ann"], max_retries=0
        )
        async with client:
            raw = await client.messages.with_raw_response.create(
                model="support", max_tokens=99, messages=[{"role": "user", "content": "2 + 2?"}]
            )
        _, found = await here.upgrade(raw.headers["x-pilothouse-upgrade"])
        better = anthropic.types.Message.model_validate(found["answer"])
        assert better.content[0].text == "better says so."

    in_world(body, tmp_path)


def test_one_server_sent_event_tells_it_with_signs_of_life_before(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        here.vendor.hold.clear()
        _, upgrade_id = await here.ask()
        path = f"/v1/upgrades/{upgrade_id}"
        asked = asyncio.create_task(here.get(path, accept="text/event-stream"))
        await until(lambda: "better" in here.vendor.seen)
        here.vendor.hold.set()
        status, head, said = await asked
        assert status == 200 and "text/event-stream" in head
        [data] = [x for x in said.splitlines() if x.startswith(b"data: ")]
        assert b"event: upgrade\n" in said and said.endswith(b"0\r\n\r\n")
        assert json.loads(data[6:])["status"] == "done"
        again = await here.get(path, accept="text/event-stream")
        assert b"event: upgrade\n" in again[2], "what is there already is told at once"

    in_world(body, tmp_path)


def test_a_better_model_that_fails_leaves_the_first_answer_alone_and_says_why(
    tmp_path: Path,
) -> None:
    async def body(here: World) -> None:
        here.vendor.fails = True
        first, upgrade_id = await here.ask()
        assert first.choices[0].message.content == "quick says so."
        status, found = await here.upgrade(upgrade_id)
        assert (status, found["status"]) == (200, "failed")
        assert "the better one is out" in found["why"]
        assert (here.counts.failed, here.counts.answered) == (1, 0)
        await until(lambda: here.calls())
        [call] = here.calls()
        assert (call.source, call.arm, call.status) == ("upgrade", "upgrade", "error")

    in_world(body, tmp_path)


def test_a_first_answer_that_fails_promises_nothing_and_costs_nothing_more(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        def say(model: str, question: str) -> str:
            raise ConnectionError

        here.vendor.say = say
        with pytest.raises(openai.InternalServerError) as caught:
            await here.ask()
        assert "x-pilothouse-upgrade" not in caught.value.response.headers
        await until(lambda: here.counts.given_up == 1 and here.counts.in_flight == 0)
        assert "better" not in here.vendor.seen
        request_id = caught.value.response.headers["x-request-id"]
        _, found = await here.upgrade(f"upg_{request_id}")
        assert found["status"] == "skipped"

    in_world(body, tmp_path)


def test_the_days_budget_bounds_it_and_who_is_shed_is_told_and_counted(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        async with here.sdk() as client:
            raw = await client.chat.completions.with_raw_response.create(
                model="support", messages=[{"role": "user", "content": "2 + 2?"}]
            )
        assert "x-pilothouse-upgrade" not in raw.headers
        assert raw.headers["x-pilothouse-upgrade-skipped"] == "budget"
        assert (here.counts.budget, here.counts.started) == (1, 0)
        assert here.vendor.seen == ["quick"]

    in_world(body, tmp_path, upgrade="budget_usd_per_day: 0.000001")


def test_no_more_than_may_be_are_under_way(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        here.vendor.hold.clear()
        found = [(await here.ask())[1] for _ in range(3)]
        assert [i is not None for i in found] == [True, False, False]
        assert here.counts.full == 2

    in_world(body, tmp_path, upgrade="most_in_flight: 1")


def test_another_key_cannot_tell_an_upgrade_from_one_that_never_was(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        _, upgrade_id = await here.ask()
        assert (await here.upgrade(upgrade_id))[0] == 200
        status, found = await here.upgrade(upgrade_id, key="bob")
        never, nothing = await here.upgrade("upg_never", key="bob")
        assert status == never == 404
        told = found["error"]["message"].replace(str(upgrade_id), "upg_never")
        assert told == nothing["error"]["message"]
        jobs = json.loads((await here.get("/v1/jobs", key="bob"))[2])
        assert jobs["data"] == []
        assert (await here.get(f"/v1/jobs/{upgrade_id}", key="bob"))[0] == 404

    in_world(body, tmp_path)


@pytest.mark.parametrize("wait", ["-1", "61", "soon", "nan", "inf"])
def test_a_wait_that_cannot_be_is_refused(tmp_path: Path, wait: str) -> None:
    async def body(here: World) -> None:
        status, _, said = await here.get(f"/v1/upgrades/upg_x?wait_s={wait}")
        assert status == 422 and b"0 to 60" in said

    in_world(body, tmp_path)


def test_nothing_but_get_is_taken_and_no_upgrade_has_no_name(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        status, head, _ = await here.get("/v1/upgrades/x", method="DELETE")
        assert status == 405 and "allow: GET" in head
        assert (await here.get("/v1/upgrades"))[0] == 404
        assert (await here.get("/v1/upgrades/../jobs"))[0] == 404

    in_world(body, tmp_path)


def test_it_is_kept_as_long_as_configured_and_then_gone(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        _, upgrade_id = await here.ask()
        assert upgrade_id is not None
        await until(lambda: (job := here.store.jobs.job(upgrade_id, None)) and job.is_ended)
        await asyncio.sleep(0.02)
        assert (await here.upgrade(upgrade_id))[0] == 404
        await here.generations[0].upgrades._tidy()  # pyright: ignore[reportPrivateUsage]
        assert here.store.jobs.job(upgrade_id, None) is None

    in_world(body, tmp_path, upgrade="keep_s: 0.01")


def test_another_worker_finds_it_and_an_end_in_one_is_heard_in_the_other(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        here.vendor.hold.clear()
        _, upgrade_id = await here.ask()
        path = f"/v1/upgrades/{upgrade_id}"
        status, _, said = await here.get(path, worker=1)
        assert (status, json.loads(said)["status"]) == (202, "pending")
        asked = asyncio.create_task(here.upgrade(upgrade_id, worker=1))
        here.vendor.hold.set()
        status, found = await asked
        assert (status, found["status"]) == (200, "done")

    in_world(body, tmp_path, workers=2)


def test_workers_learn_from_each_other(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        here.vendor.say = lambda model, question: "Four."
        _, upgrade_id = await here.ask()
        await here.upgrade(upgrade_id)
        one, other = [g.upgrades for g in here.generations]
        await one._notes.write()  # pyright: ignore[reportPrivateUsage]
        await other.learn()
        [kind] = other._lessons.kinds()  # pyright: ignore[reportPrivateUsage]
        assert other._lessons.taught(kind).asked == 1  # pyright: ignore[reportPrivateUsage]

    in_world(body, tmp_path, workers=2)


def test_where_nothing_changes_it_stops_paying_but_for_a_sample_and_a_restart_forgets_nothing(
    tmp_path: Path,
) -> None:
    asked = 250

    async def learns(here: World) -> None:
        here.vendor.say = lambda model, question: "Four."
        async with here.sdk() as client:
            for _ in range(asked):
                await _asked(client, "sums")
                await until(lambda: here.counts.in_flight == 0)
        counts = here.counts
        assert counts.unneeded + counts.started == asked
        assert 81 <= counts.started < 81 + 20, "81 unchanged in a row, and a fiftieth of the rest"
        assert (counts.changed, here.vendor.seen.count("better")) == (0, counts.started)
        async with here.sdk() as client:
            raw = await _asked(client, "chat")
        assert raw.headers["x-pilothouse-upgrade"], "another kind of question is asked as before"

    async def still_knows(here: World) -> None:
        here.vendor.say = lambda model, question: "Four."
        async with here.sdk() as client:
            for _ in range(20):
                raw = await _asked(client, "sums")
        assert here.counts.unneeded >= 10
        assert raw.headers.get("x-pilothouse-upgrade-skipped", "unneeded") == "unneeded"

    async def tells(here: World) -> None:
        report = upgrade_report(here.store, 0, 0, lambda route: 0.05)
        [row] = [r for r in report.kinds if r.tag == "sums"]
        assert row.is_stopped and row.asked >= 81 and row.changed == 0
        assert row.asked + row.skipped == asked + 20
        assert row.cost_usd is not None and row.saved_usd is not None
        mean_usd = row.cost_usd / row.asked
        assert abs(row.saved_usd / row.skipped - mean_usd) < Decimal("1e-12")
        assert report.saved_usd == row.saved_usd
        assert (report.calls, report.not_priced) == (row.asked + 1, 0)

    async def notices(here: World) -> None:
        here.vendor.say = lambda model, question: model
        async with here.sdk() as client:
            for _ in range(600):
                await _asked(client, "sums")
                if here.counts.changed:
                    break
            assert here.counts.changed == 1
            raw = await _asked(client, "sums")
        assert raw.headers["x-pilothouse-upgrade"], "one that changed is enough to pay again"

    for body in (learns, still_knows, tells, notices):
        in_world(body, tmp_path)


async def _asked(client: openai.AsyncOpenAI, tag: str) -> Any:
    return await client.chat.completions.with_raw_response.create(
        model="support",
        messages=[{"role": "user", "content": "2 + 2?"}],
        extra_headers={"x-pilothouse-tag": tag},
    )


def test_what_it_costs_is_recorded_under_its_own_source_with_key_tag_and_request(
    tmp_path: Path,
) -> None:
    async def body(here: World) -> None:
        async with here.sdk() as client:
            raw = await _asked(client, "sums")
        await here.upgrade(raw.headers["x-pilothouse-upgrade"])
        await until(lambda: here.calls() and here.calls("serve"))
        [call], [live] = here.calls(), here.calls("serve")
        assert (call.request_id, call.tag, call.key_id) == (live.request_id, "sums", live.key_id)
        assert (call.target, call.arm) == ("better", "upgrade")
        assert call.cost_usd > live.cost_usd
        assert here.counts.spent_today_usd == call.cost_usd

    in_world(body, tmp_path)


def test_a_webhook_is_told_signed_and_whether_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec")
    heard: list[tuple[dict[str, str], bytes]] = []

    async def hook(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = dict(x.lower().split(": ", 1) for x in head.split("\r\n")[1:] if x)
        heard.append((lines, await reader.readexactly(int(lines["content-length"]))))
        writer.write(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(hook, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        queue = (
            "queue: {webhook_secret_env: HOOK_SECRET, webhook_inside: [127.0.0.0/8], "
            "public_url: 'https://gateway.example'}"
        )
        webhook = f'webhook: "http://127.0.0.1:{port}/in"'
        async with server, world(tmp_path, upgrade=webhook, more=queue) as here:
            _, upgrade_id = await here.ask()
            [(headers, said)] = await until(lambda: heard)
            told = json.loads(said)
            assert is_genuine(Secret("whsec"), headers[HEADER], said, told["finished_us"] // 10**6)
            assert (told["type"], told["changed"]) == ("upgrade.done", True)
            assert told["result_url"] == f"https://gateway.example/v1/upgrades/{upgrade_id}"
            assert b"better says so" not in said, "it is fetched, with the key"

    asyncio.run(main())


def test_a_gateway_that_stops_ends_what_it_promised(tmp_path: Path) -> None:
    found: list[str | None] = []

    async def promises(here: World) -> None:
        here.vendor.hold.clear()
        found.append((await here.ask())[1])
        await until(lambda: "better" in here.vendor.seen)

    async def after(here: World) -> None:
        job = here.store.jobs.job(str(found[0]), None)
        assert job is not None and job.state == "failed"

    in_world(promises, tmp_path)
    in_world(after, tmp_path)


GUARDS = """\
guards:
  - {name: pii, kind: pii, settings: {restore: true}}
  - {name: words, kind: content, on: answer, settings: {deny: [forbidden]}}
"""


def test_a_better_answer_passes_the_guards_of_its_question(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        here.vendor.say = lambda model, question: f"{model} writes to {question.split()[-1]}"
        _, upgrade_id = await here.ask("write to ann@example.com")
        _, found = await here.upgrade(upgrade_id)
        assert "ann@" not in json.dumps(here.vendor.bodies)
        said = found["answer"]["choices"][0]["message"]["content"]
        assert said == "better writes to ann@example.com"

        here.vendor.say = lambda model, question: "forbidden" if model == "better" else "fine"
        _, upgrade_id = await here.ask()
        _, found = await here.upgrade(upgrade_id)
        assert found["status"] == "failed" and "answer" not in found
        assert 'stopped by the guard "words"' in found["why"]

    in_world(body, tmp_path, more=GUARDS)


def test_a_caller_who_goes_away_before_his_answer_ended_gets_no_better_one(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        here.vendor.hold_quick = asyncio.Event()
        asked = asyncio.create_task(here.ask())
        await until(lambda: here.vendor.seen)
        asked.cancel()
        await until(lambda: here.counts.given_up == 1 and here.counts.in_flight == 0)
        assert here.vendor.seen == ["quick"]

    in_world(body, tmp_path)


def test_where_the_better_target_answers_anyway_nothing_is_promised(tmp_path: Path) -> None:
    async def body(here: World) -> None:
        _, upgrade_id = await here.ask()
        assert upgrade_id is None and here.vendor.seen == ["better"]
        assert here.counts.same_target == 1

    in_world(body, tmp_path, first="better, quick")


@pytest.mark.parametrize(
    ("webhook", "queue", "said"),
    [
        (
            "https://hooks.example/x",
            "",
            "routes.support.upgrade.webhook: a webhook is signed: name",
        ),
        ("http://127.0.0.1/x", "queue: {webhook_secret_env: S}", "upgrade.webhook: "),
        ("hooks.example", "queue: {webhook_secret_env: S}", "upgrade.webhook: "),
    ],
)
def test_a_webhook_that_cannot_be_signed_or_leads_inside_is_refused_at_the_start(
    tmp_path: Path, webhook: str, queue: str, said: str
) -> None:
    config = tmp_path / "pilothouse.yaml"
    section = f', webhook: "{webhook}"'
    config.write_text(CONFIG.format(url="http://x/v1", upgrade=section, more=queue, first="quick"))
    with pytest.raises(InvalidInput) as caught:
        load_config(config, {"S": "x"})
    assert said in str(caught.value)
    good = section.replace(webhook, "https://hooks.example/x")
    queue = "queue: {webhook_secret_env: S}"
    config.write_text(CONFIG.format(url="http://x/v1", upgrade=good, more=queue, first="quick"))
    assert load_config(config, {"S": "x"}).routes["support"].upgrade is not None


def test_the_python_example_of_the_page_runs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "routing.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(import os.*?)```", page, re.DOTALL)
    assert code

    async def body(here: World) -> None:
        here.vendor.say = lambda model, question: {"quick": "About 400.", "better": "391."}[model]
        environ = {**os.environ, "GATEWAY": here.urls[0], "KEY": here.secrets["ann"]}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code[1]),
            env=environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, errors = await process.communicate()
        assert said.decode() == "now: About 400.\nbetter: 391.\n", errors.decode()

    in_world(body, tmp_path)
