"""Which live questions are kept, and without what."""

from collections.abc import Sequence

from pilothouse.app.sampling import SamplingConfig, open_sampler
from pilothouse.core.ask import Ask
from pilothouse.core.errors import StoreError
from pilothouse.core.request import Message, Request
from pilothouse.core.sample_store import Sample


class Kept:
    def __init__(self, *, is_broken: bool = False) -> None:
        self.kept: list[Sample] = []
        self._is_broken = is_broken

    def keep(self, samples: Sequence[Sample], most: int) -> None:
        if self._is_broken:
            raise StoreError("no disk")
        self.kept += samples

    def samples(self, route: str | None, since_us: int, until_us: int) -> list[Sample]:
        return self.kept

    def forget(self, route: str | None, until_us: int) -> int:
        return 0


def an_ask(text: str) -> Ask:
    return Ask.of_request(Request(model="m", messages=(Message.of_text("user", text),)))


def taken(store: Kept, config: SamplingConfig, count: int = 1, text: str = "hi") -> int:
    sampler = open_sampler(config, store)
    assert sampler is not None
    for number in range(count):
        sampler.take(an_ask(text), "support", None, f"request-{number}", number)
    sampler.close()
    sampler.close()
    return sampler.shed


def test_personal_data_is_taken_out_before_a_question_is_kept() -> None:
    store = Kept()
    taken(store, SamplingConfig(share=1), text="write to ann@example.com or +1 415 555 2671")
    assert b"ann@" not in store.kept[0].body
    assert b"<EMAIL_1>" in store.kept[0].body


def test_only_the_share_and_the_routes_named_are_kept() -> None:
    store = Kept()
    taken(store, SamplingConfig(share=0.25), count=200)
    assert 25 < len(store.kept) < 80
    taken(other := Kept(), SamplingConfig(share=1, routes=["billing"]), count=5)
    assert other.kept == []


def test_a_database_that_is_away_costs_samples_and_nothing_else() -> None:
    assert taken(Kept(is_broken=True), SamplingConfig(share=1), count=3) == 3
