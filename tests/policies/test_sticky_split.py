"""The same subject stays on its arm, and never comes back from the new one as the share grows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.facts import Facts
from pilothouse.core.place import position
from pilothouse.core.route import Live, RouteSpec, Split, Target
from pilothouse.policies.sticky_split import plugin

OLD, NEW, LAST = (Target(name=n, provider="p", model=n) for n in ("old", "new", "last"))
SPEC = RouteSpec(name="r", policy="sticky_split", targets=(OLD, LAST))


def split(share: float) -> Live:
    return Live(split=Split(rollout_id="x", old=OLD, new=NEW, share=share))


def facts(subject: str | None) -> Facts:
    return Facts(request_id="id", model="r", subject=subject)


@given(st.text(max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_arms_are_sticky_and_monotone_in_the_share(subject: str, a: float, b: float) -> None:
    low, high = sorted((a, b))
    at_low = plugin(facts(subject or None), SPEC, split(low))
    at_high = plugin(facts(subject or None), SPEC, split(high))
    assert at_low == plugin(facts(subject or None), SPEC, split(low))
    assert at_low.arm == "old" or at_high.arm == "new"


def test_the_new_arm_falls_back_to_the_old_and_never_the_other_way() -> None:
    new = plugin(facts("u"), SPEC, split(1.0))
    old = plugin(facts("u"), SPEC, split(0.0))
    assert [t.name for t in new.targets] == ["new", "old", "last"]
    assert [t.name for t in old.targets] == ["old", "last"]
    assert (new.share, new.rollout_id, old.arm) == (1.0, "x", "old")


def test_without_a_rollout_the_configured_targets_stand() -> None:
    assert plugin(facts("u"), SPEC, Live()).targets == SPEC.targets


def test_the_share_is_kept_over_many_subjects() -> None:
    count = sum(position("x", f"user-{i}") < 0.25 for i in range(20_000))
    assert 0.24 < count / 20_000 < 0.26


def test_an_arm_that_is_a_route_has_its_own_targets_alone() -> None:
    route = RouteSpec(name="next", policy="rules", targets=(LAST, NEW))
    for old, new, share, names in (
        (OLD, route, 1.0, ["last", "new"]),
        (OLD, route, 0.0, ["old", "last"]),
        (route, NEW, 1.0, ["new", "old", "last"]),
        (route, NEW, 0.0, ["last", "new"]),
    ):
        live = Live(split=Split(rollout_id="x", old=old, new=new, share=share))
        assert [t.name for t in plugin(facts("u"), SPEC, live).targets] == names
