"""Upgrades where things go wrong: no database, a lease that ran out, a reload in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from scripted import PRICE, SILENT, Rows, Scripted, client_of, route, says, targets, turns

from pilothouse.client.attempt import Asked
from pilothouse.client.copies import Copies
from pilothouse.client.upgrades import Upgrades
from pilothouse.core.answer import Answer
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.errors import StoreError
from pilothouse.core.job import JobRules
from pilothouse.core.ports import Priced
from pilothouse.core.route import RouteSpec, Upgrade
from pilothouse.core.route_settings import UpgradeLimits
from pilothouse.dialects.openai_chat import plugin as chat
from pilothouse.stores.sqlite import SqliteStore

RULES = JobRules()
BODY = b'{"model":"route","messages":[{"role":"user","content":"2 + 2?"}]}'
FIRST = Answer.of_text("Four.")
NOW = 1_750_000_000_000_000


class Away:
    """A store whose `broken` methods find no database."""

    def __init__(self, jobs: Any, *broken: str) -> None:
        self._jobs = jobs
        self._broken = broken

    def __getattr__(self, name: str) -> Any:
        if name in self._broken:
            return self._fail
        return getattr(self._jobs, name)

    def _fail(self, *args: object) -> None:
        raise StoreError("the database is away")


class Desk:
    """Upgrades over one scripted better model `b`."""

    def __init__(self, path: Path, better: Scripted, *broken: str, before: Desk | None = None):
        self.store = SqliteStore(path / "u.db") if before is None else before.store
        self.rows = Rows()
        self.better = better
        client = client_of({"b": better}, self.rows, now_us=lambda: NOW)
        copies = Copies("upgrade", client, lambda t, u, at: Priced(PRICE), lambda: NOW)
        self.scored: list[Any] = []
        self.upgrades = Upgrades(
            copies,
            Away(self.store.jobs, *broken),  # type: ignore[arg-type]
            RULES,
            "worker",
            lambda since_us: [],
            self._score,
            before=before.upgrades if before is not None else None,
        )
        self.spec = RouteSpec(
            name="route",
            policy="fallback",
            targets=targets("a"),
            upgrade=Upgrade(target=targets("b")[0], limits=UpgradeLimits()),
        )
        self.fails_to_score = False

    @property
    def counts(self) -> Any:
        return self.upgrades.counts()["route"]

    def offer(self, request_id: str = "r1") -> Any:
        ask = Ask(chat, BODY, chat.read_envelope(BODY))
        asked = Asked(request_id=request_id)
        return self.upgrades.offer(ask, route("a"), self.spec, asked, "K1")

    def job(self, request_id: str = "r1") -> Any:
        return self.store.jobs.job(f"upg_{request_id}", "K1")

    def _score(self, scored: Sequence[Any]) -> None:
        if self.fails_to_score:
            raise StoreError("the database is away")
        self.scored += scored


def first_call(**changes: object) -> Call:
    call = Call(
        id="c1",
        request_id="r1",
        at_us=NOW,
        source="serve",
        route="route",
        arm="main",
        target="a",
        provider="a",
        model="a",
        status="ok",
    )
    return replace(call, **changes)


def test_what_cannot_be_kept_is_not_asked_and_not_paid_for(tmp_path: Path) -> None:
    async def body() -> None:
        for broken in ("add", "renew"):
            desk = Desk(tmp_path, Scripted(says("Four.")), broken)
            desk.upgrades.begin(desk.offer(), first_call(), FIRST)
            await desk.upgrades.close(None)
            assert (desk.counts.not_kept, desk.counts.in_flight) == (1, 0)
            assert desk.better.asks == []
            desk.store.close()

    asyncio.run(body())


def test_an_answer_that_cannot_be_kept_is_counted_and_its_lesson_is_not_lost(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        desk = Desk(tmp_path, Scripted(says("Four.")), "keep_answer")
        desk.upgrades.begin(desk.offer(), first_call(), FIRST)
        await desk.upgrades.close(None)
        assert (desk.counts.not_kept, desk.counts.answered) == (1, 1)
        [(call, (score,))] = desk.scored
        assert (call.source, score.value) == ("upgrade", 0.0)
        desk.store.close()

    asyncio.run(body())


def test_scores_wait_while_the_database_is_away_and_are_written_when_it_is_back(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        desk = Desk(tmp_path, Scripted(says("Four.")))
        desk.fails_to_score = True
        desk.upgrades.begin(desk.offer(), first_call(), FIRST)
        await desk.upgrades.close(None)
        assert desk.scored == []
        desk.fails_to_score = False
        await desk.upgrades.close(0)
        assert len(desk.scored) == 1
        desk.store.close()

    asyncio.run(body())


def test_one_that_was_taken_for_dead_is_not_asked_any_more(tmp_path: Path) -> None:
    async def body() -> None:
        desk = Desk(tmp_path, Scripted(says("Four.")))
        offer = desk.offer()
        assert await offer.kept
        desk.store.jobs.sweep(NOW + 3_600_000_000, RULES)
        desk.upgrades.begin(offer, first_call(), FIRST)
        await desk.upgrades.close(None)
        assert desk.better.asks == [] and desk.counts.not_kept == 1
        assert desk.job().state == "expired"
        desk.store.close()

    asyncio.run(body())


def test_one_under_way_across_a_reload_ends_and_is_heard_through_its_successor(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        better = Scripted([SILENT, *says("Four.")])
        old = Desk(tmp_path, better)
        old.upgrades.begin(old.offer(), first_call(), FIRST)
        await better.was_asked.wait()
        new = Desk(tmp_path, better, before=old)
        assert new.counts.in_flight == 1
        waiting = asyncio.create_task(new.upgrades.wait("upg_r1", 30))
        await turns()
        better.go_on.set()
        await old.upgrades.close(None)
        await asyncio.wait_for(waiting, 5)
        assert new.job().state == "done" and new.counts.in_flight == 0
        old.store.close()

    asyncio.run(body())


def test_a_stream_that_nobody_put_together_is_not_compared_and_teaches_nothing(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        desk = Desk(tmp_path, Scripted(says("Four.")))
        desk.upgrades.begin(desk.offer(), first_call(), None)
        await desk.upgrades.close(None)
        assert desk.scored == [] and desk.counts.changed == 0
        assert b'"changed":null' in (desk.store.jobs.answer("upg_r1") or b"")
        desk.store.close()

    asyncio.run(body())


def test_where_the_better_target_gave_the_answer_after_a_fallback_it_is_not_asked_again(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        desk = Desk(tmp_path, Scripted(says("Four.")))
        desk.upgrades.begin(desk.offer(), first_call(target="b"), FIRST)
        await desk.upgrades.close(None)
        assert desk.better.asks == []
        assert (desk.counts.same_target, desk.counts.in_flight) == (1, 0)
        assert desk.job().state == "cancelled"
        desk.store.close()

    asyncio.run(body())


def test_a_skip_under_a_rollout_writes_no_score_that_its_guards_would_read(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        desk = Desk(tmp_path, Scripted(says("Four.")))
        for i in range(200):
            offer = desk.offer(f"r{i}")
            if offer.skipped is not None:
                desk.upgrades.begin(offer, first_call(id=f"c{i}", rollout_id="R"), FIRST)
                continue
            desk.upgrades.begin(offer, first_call(), FIRST)
            while desk.counts.in_flight:  # noqa: ASYNC110 - the file's own thread tells nobody
                await asyncio.sleep(0)
        assert desk.counts.unneeded > 50
        await desk.upgrades.close(None)
        assert {score.scorer for _, (score,) in desk.scored} == {"upgrade_changed"}
        desk.store.close()

    asyncio.run(body())


def test_the_part_of_the_traffic_that_is_asked_again_is_the_share(tmp_path: Path) -> None:
    async def body() -> None:
        desk = Desk(tmp_path, Scripted(says("Four.")))
        limits = UpgradeLimits(share=0.3, most_in_flight=10_000)
        desk.spec = replace(desk.spec, upgrade=Upgrade(target=targets("b")[0], limits=limits))
        offers = [offer for i in range(500) if (offer := desk.offer(f"r{i}")) is not None]
        assert 110 < len(offers) < 190
        assert desk.counts.not_sampled == 500 - len(offers)
        for offer in offers:
            desk.upgrades.drop(offer)
        await desk.upgrades.close(None)
        assert (desk.counts.in_flight, desk.counts.given_up) == (0, len(offers))
        desk.store.close()

    asyncio.run(body())
