"""One conversation, one key; and what staying with one target is worth."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from pilothouse.core.answer import Usage
from pilothouse.core.ports import Priced
from pilothouse.core.prompt_prefix import PrefixSaving, conversation_key, prefix_saving
from pilothouse.core.request import Message, Request, Tool
from pilothouse.core.route import Target

TARGET = Target(name="t", provider="p", model="m")
FIRST = Request(
    model="m",
    messages=(Message.of_text("system", "Be brief."), Message.of_text("user", "Hello")),
    tools=(Tool(name="find"),),
)


def then(request: Request, *turns: tuple[str, str]) -> Request:
    added = tuple(Message.of_text(role, text) for role, text in turns)  # type: ignore[arg-type]
    return replace(request, messages=request.messages + added)


def test_later_turns_have_the_key_of_the_first() -> None:
    later = then(FIRST, ("assistant", "Hi"), ("user", "And now?"))
    assert conversation_key(later) == conversation_key(FIRST)
    assert conversation_key(replace(later, temperature=1.0, model="other")) == conversation_key(
        FIRST
    )


def test_another_beginning_is_another_conversation() -> None:
    others = [
        replace(FIRST, tools=()),
        replace(FIRST, messages=FIRST.messages[1:]),
        replace(FIRST, messages=(FIRST.messages[0], Message.of_text("user", "Hello!"))),
        replace(FIRST, messages=(Message.of_text("assistant", "Welcome"), *FIRST.messages)),
    ]
    keys = {conversation_key(request) for request in [FIRST, *others]}
    assert len(keys) == len(others) + 1


def test_without_a_user_turn_there_is_none() -> None:
    assert conversation_key(replace(FIRST, messages=FIRST.messages[:1])) is None


def price(target: Target, usage: Usage, at_us: int) -> Priced:
    fresh = usage.input_tokens - usage.cached_input_tokens
    return Priced(Decimal(fresh) / 1000 + Decimal(usage.cached_input_tokens) / 10_000)


def test_what_staying_saves_is_the_cached_part_of_every_later_turn() -> None:
    found = prefix_saving(TARGET, price, 0, turn_tokens=(2000, 3000), shares=(0.5, 0.5))
    assert found == PrefixSaving(
        moving_usd=Decimal("4.1"),  # 2 + the mean of 3 and of 1 + 0.2
        sticky_usd=Decimal("3.2"),
    )
    assert isinstance(found, PrefixSaving) and found.saved_usd == Decimal("0.9")


def test_a_route_with_one_target_saves_nothing_by_it() -> None:
    found = prefix_saving(TARGET, price, 0, turn_tokens=(2000, 3000), shares=(1.0,))
    assert isinstance(found, PrefixSaving) and found.saved_usd == 0


def test_a_prefix_too_short_to_be_kept_saves_nothing() -> None:
    found = prefix_saving(TARGET, price, 0, turn_tokens=(500, 900), shares=(0.5, 0.5))
    assert isinstance(found, PrefixSaving) and found.saved_usd == 0


def test_without_a_price_it_says_why() -> None:
    def none(target: Target, usage: Usage, at_us: int) -> Priced:
        return Priced(None, 'not priced: unknown model "m"')

    assert prefix_saving(TARGET, none, 0, turn_tokens=(9,), shares=(1.0,)) == (
        'not priced: unknown model "m"'
    )
