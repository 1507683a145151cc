"""Drawn requests with score and question, read from both databases alike."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pilothouse.core.call import Call, Score
from pilothouse.core.sample_store import Sample
from pilothouse.route.off_policy_log import Drawn, read_log

from .make import a_call

if TYPE_CHECKING:
    from .conftest import AnyStore


def test_drawn_requests_come_with_their_score_and_question(store: AnyStore) -> None:
    def call(number: int, **more: object) -> Call:
        return a_call(number, **{"source": "serve", "route": "r", "propensity": 0.25, **more})

    scored = call(1, cost_usd=Decimal("0.5"), tag="faq")
    failed = call(2, status="error", error_class="timeout")
    calls = [
        *(scored, failed, call(3, propensity=None), call(4, cache="exact"), call(5, route="s")),
        *(call(6, source="shadow"), call(7, attempt=2), call(8), call(9, at_us=5)),
    ]
    store.write_scored(
        [
            (c, (Score(call_id=c.id, scorer="thumb", value=1.0),) if c is scored else ())
            for c in calls
        ]
    )
    store.samples.keep(
        [Sample(request_id=c.request_id, at_us=c.at_us, route="r", body=b"{}") for c in (scored, failed)],
        9,
    )  # fmt: skip
    log = read_log(store, "r", None, 10, 2**62)
    assert (log.requests, log.drawn, log.scorer) == (4, 3, "thumb")
    answered, broken = log.rows
    assert answered == Drawn(
        request_id="request-1",
        target="small",
        model="m-1",
        is_ok=True,
        error_class=None,
        cost_usd=0.5,
        tag="faq",
        propensity=0.25,
        score=1.0,
        body=b"{}",
    )
    assert (broken.request_id, broken.is_ok, broken.error_class) == ("request-2", False, "timeout")
    assert (broken.score, broken.cost_usd) == (None, 0.0)
