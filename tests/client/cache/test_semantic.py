"""Questions that say nearly the same: found by likeness, kept apart by their details, switched on by evidence."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import registry
from pilothouse.client.cache.answers import AnswerCache
from pilothouse.client.cache.control import Control
from pilothouse.client.cache.semantic.details import details
from pilothouse.client.cache.semantic.embedder import PluginEmbedder, TargetEmbedder
from pilothouse.client.cache.semantic.gate import read_measured, shipped, why_refused
from pilothouse.client.cache.semantic.index import NearIndex
from pilothouse.client.cache.semantic.measure import Measured, Pair, Rate, measured
from pilothouse.client.cache.semantic.nearby import Nearby
from pilothouse.core.embedding import EmbeddingAnswer, EmbeddingRequest
from pilothouse.core.errors import InvalidInput, ProviderError
from pilothouse.core.route import Route, Target
from pilothouse.core.route_settings import CacheSettings, SemanticSettings

from .make import ROUTE, Clock, a_cache, a_holder, a_spec, an_ask, kept

LEXICAL = registry.plugin("embedders", "lexical")
NEAR = SemanticSettings(threshold=0.6)
SPEC = a_spec(CacheSettings(ttl_s=60, semantic=NEAR))
ASKED = "How do I reset the password of my account?"
REWORDED = "How can I reset the password of my account?"


def a_near_cache(
    clock: Clock, settings: SemanticSettings = NEAR, *, most_bytes: int = 1_000_000
) -> AnswerCache:
    nearby = Nearby(settings, PluginEmbedder(LEXICAL), NearIndex(most_bytes))
    return a_cache(clock, nearby={"support": nearby})


async def near(cache: AnswerCache, text: str, *, route: Route = ROUTE, **options: Any) -> str:
    control, holder = options.pop("control", Control()), options.pop("holder", None)
    with await cache.look(an_ask(text, **options), route, SPEC, holder, control) as looked:
        if looked.entry is None:
            return looked.status
        return "near" if looked.similarity is not None else "same"


def test_a_reworded_question_gets_the_answer_and_says_how_like_it_was() -> None:
    async def body() -> None:
        cache = a_near_cache(Clock())
        assert await kept(cache, an_ask(ASKED), spec=SPEC)
        with await cache.look(an_ask(REWORDED), ROUTE, SPEC) as looked:
            assert looked.similarity is not None and 0.6 < looked.similarity < 1
            assert "x-pilothouse-cache: hit\r\n" in looked.headers
            assert f"x-pilothouse-cache-similarity: {looked.similarity:.4f}\r\n" in looked.headers
            assert looked.saved is not None and looked.saved.is_near
        assert await near(cache, ASKED) == "same"

    asyncio.run(body())


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0, "seed": 1},
        {"max_completion_tokens": 5},
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {
            "messages": [
                {"role": "system", "content": "Be rude."},
                {"role": "user", "content": REWORDED},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": REWORDED},
                {"role": "assistant", "content": "?"},
            ]
        },
        {"holder": a_holder("other")},
        {"route": Route(name="support", targets=ROUTE.targets, arm="new")},
        {"control": Control(no_cache=True)},
    ],
    ids=["seed", "length", "tools", "system", "turn", "tenant", "arm", "no-cache"],
)
def test_everything_but_the_last_turn_must_be_equal(options: dict[str, Any]) -> None:
    async def body() -> None:
        cache = a_near_cache(Clock())
        await kept(cache, an_ask(ASKED), spec=SPEC)
        assert await near(cache, REWORDED) == "near"
        assert await near(cache, REWORDED, **options) == "miss"

    asyncio.run(body())


def test_a_near_answer_has_the_age_of_its_own_and_goes_with_it() -> None:
    async def body() -> None:
        clock = Clock()
        cache = a_near_cache(clock)
        await kept(cache, an_ask(ASKED), spec=SPEC)
        clock.forward(30)
        assert await near(cache, REWORDED, control=Control(max_age_s=20)) == "miss"
        assert await near(cache, REWORDED) == "near"
        clock.forward(31)
        assert await near(cache, REWORDED) == "miss"

    asyncio.run(body())


def test_a_near_hit_is_not_kept_as_if_it_were_the_answer() -> None:
    async def body() -> None:
        cache = a_near_cache(Clock())
        await kept(cache, an_ask(ASKED), spec=SPEC)
        with await cache.look(an_ask(REWORDED), ROUTE, SPEC) as looked:
            assert not looked.wants
        assert await near(cache, REWORDED) == "near"

    asyncio.run(body())


def test_without_a_vector_the_question_is_asked() -> None:
    async def body() -> None:
        async def broken(target: Target, request: EmbeddingRequest) -> EmbeddingAnswer:
            raise ProviderError("timeout", "slow")

        embedder = TargetEmbedder(Target(name="e", provider="p", model="m"), broken)
        cache = a_cache(Clock(), nearby={"support": Nearby(NEAR, embedder, NearIndex(10_000))})
        await kept(cache, an_ask(ASKED), spec=SPEC)
        assert await near(cache, REWORDED) == "miss"
        assert await near(cache, ASKED) == "same"
        assert embedder.failures == 2

    asyncio.run(body())


def test_a_targets_vectors_serve_whatever_their_length_or_form() -> None:
    async def body() -> None:
        answers = {ASKED: (3.0, 4.0), REWORDED: "AADAQAAAgEA=", "Else?": (-4.0, 3.0)}

        async def embed(target: Target, request: EmbeddingRequest) -> EmbeddingAnswer:
            return EmbeddingAnswer(vectors=(answers[str(request.inputs[0])],))

        embedder = TargetEmbedder(Target(name="e", provider="p", model="m"), embed)
        cache = a_cache(Clock(), nearby={"support": Nearby(NEAR, embedder, NearIndex(10_000))})
        await kept(cache, an_ask(ASKED), spec=SPEC)
        assert await near(cache, REWORDED) == "near"
        assert await near(cache, "Else?") == "miss"

    asyncio.run(body())


# Details


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Convert 15 EUR to USD", "Convert 50 EUR to USD"),
        ("Convert 15 EUR to USD", "Convert 15 USD to EUR"),
        ("flights from Oslo to Rome", "flights from Rome to Oslo"),
        ("Is aspirin safe?", "Is aspirin not safe?"),
        ("You can reset it, can't you?", "You can reset it, can you?"),
        ("the highest mountain", "the lowest mountain"),
        ("what comes before it?", "what comes after it?"),
        ('translate "cat"', 'translate "dog"'),
        ("give me three ideas", "give me four ideas"),
        ("who leads Norway?", "who leads Sweden?"),
        ("is -5 cold?", "is 5 cold?"),
        ("version 1.2", "version 1.3"),
    ],
)
def test_questions_that_differ_in_a_detail_are_never_the_same(one: str, two: str) -> None:
    assert details(one) != details(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (ASKED, REWORDED),
        ("What is a monad?", "what is a monad"),
        ("Explain photosynthesis to me.", "Could you explain photosynthesis?"),
        ("give me three ideas", "Give me 3 ideas"),
        ("I think I know", "i think I know"),
    ],
)
def test_rewording_changes_no_detail(one: str, two: str) -> None:
    assert details(one) == details(two)


def test_the_guard_can_be_left_off() -> None:
    async def body() -> None:
        text = "Please convert 15 euros to dollars for me, as of today"
        other = text.replace("15", "50")
        for guards, found in ((True, "miss"), (False, "near")):
            cache = a_near_cache(Clock(), SemanticSettings(threshold=0.6, guards=guards))
            await kept(cache, an_ask(text), spec=SPEC)
            assert await near(cache, other) == found

    asyncio.run(body())


# The index


def test_the_nearest_that_passes_the_guard_is_found_behind_nearer_ones() -> None:
    index = NearIndex(1_000_000)
    index.add(b"g", b"a", [1.0, 0.0], details("1"))
    index.add(b"g", b"b", [0.9, 0.4358899], details("2"))
    assert index.nearest(b"g", [1.0, 0.0], details("2"), 0.8) == (b"b", pytest.approx(0.9))
    assert index.nearest(b"g", [1.0, 0.0], details("2"), 0.95) is None
    assert index.nearest(b"other", [1.0, 0.0], details("1"), 0.5) is None


def test_vectors_of_another_length_are_nothing_like_it() -> None:
    index = NearIndex(1_000_000)
    index.add(b"g", b"a", [1.0, 0.0], details(""))
    index.add(b"g", b"b", [1.0, 0.0, 0.0], details(""))
    assert len(index) == 1
    assert index.nearest(b"g", [1.0, 0.0, 0.0], None, 0.1) is None


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.booleans()), max_size=60))
def test_the_index_stays_within_its_bytes_and_loses_the_oldest(
    steps: list[tuple[int, int, bool]],
) -> None:
    index = NearIndex(5_000)
    for group, number, is_dropped in steps:
        key = bytes([group, number])
        if is_dropped:
            index.drop(key)
        else:
            index.add(bytes([group]), key, [1.0, number / 9], details(""))
        assert index.bytes <= 5_000
        assert index.bytes == len(index) * (1000 + 16)


# Measured


def a_measured(**rates: tuple[int, int]) -> Measured:
    return Measured(
        set="pairs",
        embedding="lexical/1",
        guards=True,
        rates=tuple(
            Rate(threshold=float(t[1:]) / 100, same=10, hits=5, near_misses=n, false_hits=k)
            for t, (k, n) in rates.items()
        ),
    )


def test_pairs_are_counted_on_both_sides_of_a_threshold() -> None:
    pairs = [
        (Pair(a="a", b="b", same=True), 0.9),
        (Pair(a="a 1", b="b 2", same=True), 0.9),
        (Pair(a="a", b="b", same=False), 0.8),
        (Pair(a="a 1", b="b 2", same=False), 0.99),
    ]
    found = measured("x", "lexical/1", pairs, (0.9, 0.5), guards=False)
    assert [(r.threshold, r.hits, r.false_hits) for r in found.rates] == [(0.5, 2, 2), (0.9, 2, 1)]
    guarded = measured("x", "lexical/1", pairs, (0.5,), guards=True)
    assert (guarded.rates[0].hits, guarded.rates[0].false_hits) == (1, 1)
    with pytest.raises(ValueError, match="no false hit could be seen"):
        measured("x", "lexical/1", pairs[:1], (0.5,), guards=True)


def test_a_threshold_is_refused_by_its_upper_bound_not_by_its_rate() -> None:
    few, many = a_measured(t90=(0, 100)), a_measured(t90=(0, 1000))
    settings = SemanticSettings(threshold=0.9, most_false_hits=0.01)
    assert "up to 2.95% of them" in (why_refused(settings, "lexical/1", [few]) or "")
    assert why_refused(settings, "lexical/1", [many]) is None


def test_the_worst_set_decides() -> None:
    good, bad = a_measured(t90=(0, 1000)), a_measured(t90=(50, 1000))
    settings = SemanticSettings(threshold=0.95)
    assert "50 of 1000" in (why_refused(settings, "lexical/1", [good, bad]) or "")


def test_what_counts_is_measured_at_or_below_the_threshold_that_is_set() -> None:
    known = [a_measured(t80=(50, 1000), t90=(0, 1000))]
    assert why_refused(SemanticSettings(threshold=0.89), "lexical/1", known)
    assert why_refused(SemanticSettings(threshold=0.9), "lexical/1", known) is None
    assert "nobody has counted" in (
        why_refused(SemanticSettings(threshold=0.7), "lexical/1", known) or ""
    )


def test_an_embedding_that_nobody_measured_is_refused_unless_told() -> None:
    known = shipped()
    settings = SemanticSettings(threshold=0.99, embedding="vectors")
    assert "pilothouse cache measure" in (why_refused(settings, "text-embedding-x", known) or "")
    told = SemanticSettings(threshold=0.1, embedding="vectors", despite_false_hits=True)
    assert why_refused(told, "text-embedding-x", known) is None


@pytest.mark.parametrize(
    ("threshold", "guards", "is_refused"),
    [(0.85, True, True), (0.9, True, False), (0.9, False, True), (0.95, False, False)],
)
def test_what_is_shipped_allows_090_with_the_guard_and_095_without(
    threshold: float, guards: bool, is_refused: bool
) -> None:
    settings = SemanticSettings(threshold=threshold, guards=guards)
    assert (why_refused(settings, "lexical/1", shipped()) is not None) == is_refused


def test_a_file_that_is_no_measurement_says_so() -> None:
    with pytest.raises(InvalidInput, match=r"m\.json: not a measurement"):
        read_measured(b'{"a": 1}', "m.json")
