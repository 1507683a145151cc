"""A learned router in a route: conversations stay, tools are not interrupted, exploration is by chance and says so."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from learned_tables import skills
from msgspec.structs import replace

from pilothouse import registry
from pilothouse.core.facts import Facts, with_content
from pilothouse.core.request import Message, Request, TextPart, ToolCallPart, ToolResultPart
from pilothouse.core.route import Live, RouteSpec, Target
from pilothouse.learned.chooser import LearnedChooser
from pilothouse.learned.decide import Decider, Dial
from pilothouse.route.fit import fit

CHEAP, DEAR, SPARE = (Target(name=n, provider="p", model=n) for n in ("small", "dear", "spare"))
SUM = "Please add 31 and 48 and say the result."
PROOF = (
    "Prove that for every whole number n the number 12n + 24n divides 36n, and explain each step."
)


@pytest.fixture(scope="module")
def decider() -> Decider:
    return Decider(fit(skills(300)))


@pytest.fixture(scope="module")
def by_words() -> Decider:
    return Decider(fit(skills(300, tagged=False)))


def chooser(decider: Decider, explore: float = 0.0, **dial: float) -> LearnedChooser:
    return LearnedChooser(decider, Dial(**{"tolerance": 0.1, **dial}), {"cheap": "small"}, explore)


def said(*texts: str, **more: Any) -> Facts:
    return Facts(request_id="id", model="r", user_texts=texts, **more)


def test_each_question_goes_where_it_is_answered_well_enough(decider: Decider) -> None:
    spec = RouteSpec(
        name="r", policy="learned", targets=(SPARE, DEAR, CHEAP), learned=chooser(decider)
    )
    policy = registry.plugin("policies", "learned")
    easy = policy(said(SUM, tag="sums"), spec, Live())
    assert [t.name for t in easy.targets] == ["small", "dear", "spare"]
    assert "learned: small, P(good) 0." in easy.why and "where dear has" in easy.why
    hard = policy(said(PROOF, tag="proofs"), spec, Live())
    assert [t.name for t in hard.targets] == ["dear", "small", "spare"]
    assert easy.propensity is None
    bare = policy(said(SUM), replace(spec, learned=None), Live())
    assert bare.targets == spec.targets


def test_pictures_and_unknown_tasks_go_to_the_reference(decider: Decider) -> None:
    learned = chooser(decider)
    targets = (DEAR, CHEAP)
    assert learned.choose(said(SUM, tag="sums"), targets).targets[0] == CHEAP
    assert learned.choose(said(SUM, tag="sums", has_images=True), targets).targets[0] == DEAR
    choice = learned.choose(said(SUM, tag="poems"), targets)
    assert choice.targets[0] == DEAR and choice.why.endswith("unfamiliar, not routed")
    assert learned.choose(said(SUM), targets).targets[0] == DEAR, (
        "all that was learned from had a tag"
    )


def test_a_conversation_moves_only_for_a_reason(by_words: Decider) -> None:
    learned = chooser(by_words)
    targets = (DEAR, CHEAP)

    def goes(*texts: str) -> str:
        return learned.choose(said(*texts), targets).targets[0].name

    assert (goes(SUM), goes(PROOF)) == ("small", "dear")
    assert goes(SUM, PROOF) == "dear", "the cheap model is not tolerated for it"
    money = [replace(m, usd_per_char=0.001) for m in by_words.artefact.money]
    dear_to_read = Decider(replace(by_words.artefact, money=tuple(money)))
    held = chooser(dear_to_read).choose(said(PROOF, SUM), targets)
    assert held.targets[0] == DEAR and held.why.endswith("the conversation stays")
    assert goes(PROOF, SUM) == "small", "reading again is nearly free here"


def test_a_tools_answer_never_moves_a_conversation(decider: Decider) -> None:
    learned = chooser(decider)
    question = Message.of_text("user", SUM)
    call = ToolCallPart(id="t", name="add", arguments="{}")
    asks = Message(role="assistant", parts=(call,))
    result = ToolResultPart(call_id="t", parts=(TextPart(PROOF),))
    tells = Message(role="tool", parts=(result,))
    before = with_content(said(), Request(model="r", messages=(question,)), texts=True)
    within = with_content(said(), Request(model="r", messages=(question, asks, tells)), texts=True)
    assert before.user_texts == within.user_texts == (SUM,)
    targets = (DEAR, CHEAP)
    assert learned.choose(before, targets).targets == learned.choose(within, targets).targets


def test_exploring_takes_the_share_that_it_says_and_only_what_is_tolerated(
    decider: Decider,
) -> None:
    learned = chooser(decider, explore=0.2, tolerance=0.3)
    prompts = [p for p in skills(3_000, seed=21).prompts if p.startswith("Please")]
    choices = [learned.choose(said(p, tag="sums"), (DEAR, CHEAP)) for p in set(prompts)]
    counts = Counter(c.targets[0].name for c in choices)
    propensities = {c.targets[0].name: c.propensity for c in choices}
    assert propensities == {"small": pytest.approx(0.9), "dear": pytest.approx(0.1)}
    share = counts["dear"] / len(choices)
    assert abs(share - 0.1) < 3 * (0.09 / len(choices)) ** 0.5
    hard = [learned.choose(said(PROOF, tag="proofs"), (DEAR, CHEAP)) for _ in range(3)]
    assert {c.targets[0] for c in hard} == {DEAR} and {c.propensity for c in hard} == {1.0}
    again = learned.choose(said(prompts[0], tag="sums"), (DEAR, CHEAP))
    more = learned.choose(said(prompts[0], prompts[0], tag="sums"), (DEAR, CHEAP))
    assert again.targets[0] == more.targets[0] and again.propensity == more.propensity


def test_a_target_that_is_not_in_the_route_is_not_chosen(decider: Decider) -> None:
    assert chooser(decider).choose(said(PROOF, tag="proofs"), (CHEAP,)).targets == (CHEAP,)
