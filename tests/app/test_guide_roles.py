"""`roles:` of the guide's routers: what each reads, and what is refused at the start, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.app.config import load_config
from pilothouse.core.errors import InvalidInput
from pilothouse.core.route import GuideRoles, RouteSpec

ROUTER = "policy: guide_router, targets: [small], roles: {fast: small, smart: big, long: big}"
URGENCY = (
    "policy: guide_urgency, targets: [small], roles: {fast: small, balanced: eyes, smart: big,"
    " simple_under_tokens: 200, urgency: high}"
)


def loaded(folder: Path, route: str) -> RouteSpec:
    path = folder / "p.yaml"
    path.write_text(
        "providers: {v: {kind: openai_compatible, base_url: 'https://v.example/v1', key_env: HOME}}\n"
        "targets: {small: {provider: v, model: s}, eyes: {provider: v, model: e}, big: {provider: v, model: b}}\n"
        f"routes:\n  guided:\n    {{{route}}}\n",
        encoding="utf-8",
    )
    return load_config(path).routes["guided"]


def names(roles: GuideRoles) -> list[str]:
    return ["".join(t.name for t in role) for role in (roles.fast, roles.balanced, roles.smart)]


def test_roles_and_their_lines_are_read_and_content_with_them(tmp_path: Path) -> None:
    spec = loaded(tmp_path, URGENCY)
    roles = spec.roles
    assert roles is not None
    assert names(roles) == ["small", "eyes", "big"]
    assert (roles.simple_under_tokens, roles.high_from_tokens) == (200, 2000)
    assert roles.urgency == "high"
    assert spec.reads_content


@pytest.mark.parametrize(
    ("route", "before", "after", "message"),
    [
        (ROUTER, ", roles: {fast: small, smart: big, long: big}", "", "policy: the policy guide_router needs roles (fast, smart, code"),
        (ROUTER, "long: big", "balanced: big", "roles.balanced: the policy guide_router does not ask it: say policy: guide_tiers or"),
        (ROUTER, "guide_router", "guide_tiers", "roles.long: the policy guide_tiers does not ask it: say policy: guide_router"),
        (URGENCY, "guide_urgency", "guide_urgently", 'policy: unknown policy "guide_urgently". Did you mean "guide_urgency"?'),
        (URGENCY, "guide_urgency", "fallback", "roles: the policy fallback does not read roles: say policy: guide_router or guide_tiers"),
        (URGENCY, "guide_urgency", "guide_tiers", "roles.urgency: the policy guide_tiers does not read urgency: say policy: guide_urgency"),
        (URGENCY, "balanced: eyes, ", "", "roles.balanced: the policy guide_urgency needs it: name a target"),
        (URGENCY, "balanced: eyes", "balanced: eye", 'roles.balanced: unknown target "eye". Did you mean "eyes"?'),
        (URGENCY, "balanced: eyes", "balancd: eyes", 'roles.balancd: unknown key "balancd". Did you mean "balanced"?'),
        (URGENCY, "smart: big,", "", 'roles: the key "smart" is missing'),
        (URGENCY, "simple_under_tokens: 200", "simple_under_tokens: 2000", "roles.high_from_tokens: not above simple_under_tokens (2000)"),
        (URGENCY, "simple_under_tokens: 200", "high_from_tokens: 0", "roles.high_from_tokens: "),
        (URGENCY, "urgency: high}", "urgency: hihg}", "roles.urgency: "),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_at_its_place(
    tmp_path: Path, route: str, before: str, after: str, message: str
) -> None:
    assert before in route
    with pytest.raises(InvalidInput) as caught:
        loaded(tmp_path, route.replace(before, after))
    said = str(caught.value)
    assert f"p.yaml:5: routes.guided.{message}" in said, said
