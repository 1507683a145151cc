"""From a request that may wait to a job: its time limits, priority and webhook from headers, its release by price."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from pilothouse.client.keyring import Holder
from pilothouse.client.webhooks import CheckUrl
from pilothouse.core.dialect import Dialect
from pilothouse.core.errors import BadRequest, InvalidInput
from pilothouse.core.job import SECOND_US, Job, JobRules
from pilothouse.core.job_store import JobRequest, NewJob
from pilothouse.core.ports import NowUs
from pilothouse.core.release import OffPeak, PriceAt, release_us
from pilothouse.watch.when import ahead_us

MODE = "x-pilothouse-mode"
DEADLINE = "x-pilothouse-deadline"
NOT_BEFORE = "x-pilothouse-not-before"
PRIORITY = "x-pilothouse-priority"
WEBHOOK = "x-pilothouse-webhook"
IDEMPOTENCY = "idempotency-key"
_KEPT = (
    "anthropic-beta",
    "anthropic-version",
    "x-pilothouse-subject",
    "x-pilothouse-conversation",
    "x-pilothouse-tag",
    "x-pilothouse-metadata",
)
_MOST_PRIORITY = 100
_LONGEST_KEY = 255
_LONGEST_URL = 2000

ModelProblem = Callable[[str, Holder | None], str | None]
"""Why a holder may not ask for a model, in words; None when it may."""
PricesOf = Callable[[str], PriceAt | None]
"""What a route costs at a moment; None = only windows are known."""


class Place(Struct, frozen=True, kw_only=True):
    """Where a job stands in its batch."""

    batch_id: str
    line: int
    custom_id: str
    deadline_us: int


class Intake:
    """Makes jobs. `windows` are hours in which answers are cheaper; `check_url` refuses webhooks that lead inside."""

    def __init__(
        self,
        rules: JobRules,
        now_us: NowUs,
        new_id: Callable[[], str],
        model_problem: ModelProblem,
        check_url: CheckUrl,
        *,
        windows: Sequence[OffPeak] = (),
        prices_of: PricesOf | None = None,
    ) -> None:
        self.rules = rules
        self.now_us = now_us
        self._new_id = new_id
        self._model_problem = model_problem
        self._check_url = check_url
        self._windows = windows
        self._prices_of = prices_of

    def new_id(self, kind: str) -> str:
        """`<kind>_` and an id that sorts by time."""
        return f"{kind}_{self._new_id()}"

    def job(
        self,
        dialect: Dialect,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        holder: Holder | None,
        *,
        model: str | None = None,
        stream: bool = False,
        place: Place | None = None,
    ) -> NewJob:
        """A job that is not stored yet. Raises `BadRequest`. `model`, `stream`: where the path says them.

        Looks the webhook's name up: it may block.
        """
        envelope = dialect.read_envelope(body, model=model, stream=stream)
        if envelope.stream:
            raise BadRequest("a queued request cannot stream: leave stream out", param="stream")
        problem = self._model_problem(envelope.model, holder)
        if problem is not None:
            raise BadRequest(problem, param="model")
        now_us = self.now_us()
        deadline_us = place.deadline_us if place else self._deadline_us(headers, now_us)
        start_us = self._time(headers, NOT_BEFORE, now_us) or now_us
        if start_us >= deadline_us:
            raise BadRequest(f"{NOT_BEFORE} is not before the deadline", param=NOT_BEFORE)
        price_at = self._prices_of(envelope.model) if self._prices_of else None
        job = Job(
            id=self.new_id("job"),
            key_id=key_id(holder),
            dialect=dialect.name,
            path=path,
            model=envelope.model,
            created_us=now_us,
            deadline_us=deadline_us,
            release_us=release_us(start_us, deadline_us, self._windows, price_at=price_at),
            priority=_priority(headers),
            batch_id=place.batch_id if place else None,
            line=place.line if place else 0,
            custom_id=place.custom_id if place else None,
            idempotency_key=None if place else _idempotency_key(headers),
            webhook=None if place else self._webhook(headers),
        )
        return NewJob(job, JobRequest(body, {k: headers[k] for k in _KEPT if k in headers}))

    def window_us(self, text: str, param: str) -> int:
        """How long from now a span like `24h` lasts. Raises `BadRequest` beyond what is allowed."""
        now_us = self.now_us()
        return self._within(_moment(text, param, now_us), now_us, param) - now_us

    def _deadline_us(self, headers: Mapping[str, str], now_us: int) -> int:
        said = self._time(headers, DEADLINE, now_us)
        if said is None:
            return now_us + round(self.rules.deadline_s * SECOND_US)
        return self._within(said, now_us, DEADLINE)

    def _within(self, at_us: int, now_us: int, param: str) -> int:
        longest = self.rules.longest_s
        if not now_us < at_us <= now_us + longest * SECOND_US:
            raise BadRequest(
                f"{param}: a deadline lies ahead, at most {longest / 86_400:g} days", param=param
            )
        return at_us

    def _time(self, headers: Mapping[str, str], name: str, now_us: int) -> int | None:
        text = headers.get(name)
        return None if text is None else _moment(text, name, now_us)

    def _webhook(self, headers: Mapping[str, str]) -> str | None:
        url = headers.get(WEBHOOK)
        if url is None:
            return None
        problem = "it is too long" if len(url) > _LONGEST_URL else self._check_url(url)
        if problem is not None:
            raise BadRequest(f"{WEBHOOK}: {problem}", param=WEBHOOK)
        return url


def wants_queue(headers: Mapping[str, str]) -> bool:
    """Whether a request asks to be queued (`prefer: respond-async` is RFC 7240's word for it)."""
    if headers.get(MODE) == "queue":
        return True
    prefer = headers.get("prefer")
    return prefer is not None and "respond-async" in [
        p.partition(";")[0].strip().lower() for p in prefer.split(",")
    ]


def key_id(holder: Holder | None) -> str:
    """Whose jobs are meant."""
    return holder.key.id if holder is not None else ""


def _moment(text: str, param: str, now_us: int) -> int:
    try:
        return ahead_us(text, now_us)
    except InvalidInput as error:
        raise BadRequest(f"{param}: {error}", param=param) from None


def _priority(headers: Mapping[str, str]) -> int:
    text = headers.get(PRIORITY, "0")
    try:
        priority = int(text)
    except ValueError:
        priority = _MOST_PRIORITY + 1
    if abs(priority) > _MOST_PRIORITY:
        raise BadRequest(f"{PRIORITY} is a whole number from -100 to 100", param=PRIORITY)
    return priority


def _idempotency_key(headers: Mapping[str, str]) -> str | None:
    key = headers.get(IDEMPOTENCY)
    if key is not None and not 0 < len(key) <= _LONGEST_KEY:
        raise BadRequest(f"{IDEMPOTENCY} has 1 to {_LONGEST_KEY} characters", param=IDEMPOTENCY)
    return key
