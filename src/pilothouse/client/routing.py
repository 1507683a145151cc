"""One request's facts to its route: a running rollout first, else the route's policy, then who is fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from pilothouse.core.facts import Facts
from pilothouse.core.route import Live, Policy, Route, RouteSpec, Split, Target
from pilothouse.core.standing import standing


class Router:
    """Routes by name and by alias. Holds no state; a new configuration is a new router.

    `policy_of` gives a policy by name.
    """

    def __init__(
        self,
        routes: Mapping[str, RouteSpec],
        policy_of: Callable[[str], Policy],
        *,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self._specs = dict(routes)
        self._specs.update({alias: routes[name] for alias, name in (aliases or {}).items()})
        self._policies = {spec.name: policy_of(spec.policy) for spec in routes.values()}
        self._split = policy_of("sticky_split")

    @property
    def names(self) -> tuple[str, ...]:
        """All that callers may name as `model`."""
        return tuple(self._specs)

    def spec(self, model: str) -> RouteSpec | None:
        """The route that callers mean by `model`; None when there is none."""
        return self._specs.get(model)

    def route(self, facts: Facts, spec: RouteSpec, live: Live) -> Route:
        """Where the request goes, in order of trial. Every target of the choice stays in it.

        Under a rollout the order is the arm's, whatever the targets' health: a broken new model that nobody
        asks would look well to the guards, and never be rolled back. An arm that is a route orders its targets
        itself.
        """
        if live.split is not None:
            return self._within(live.split, facts, spec, live)
        route = self._policies[spec.name](facts, spec, live)
        if len(route.targets) < 2 or not live.health:
            return route
        stand = standing(route.targets, live.health, live.now_s, live.health_rules)
        if not stand.why:
            return route
        is_as_drawn = stand.targets[0] is route.targets[0]
        return replace(
            route,
            targets=stand.targets,
            final=route.targets[-1],
            propensity=route.propensity if is_as_drawn else None,
            why=f"{route.why}; {stand.why}",
        )

    def _within(self, split: Split, facts: Facts, spec: RouteSpec, live: Live) -> Route:
        route = self._split(facts, spec, live)
        arm = split.new if route.arm == "new" else split.old
        if isinstance(arm, Target):
            return route
        decided = self._policies[arm.name](facts, arm, replace(live, split=None))
        return replace(
            route,
            targets=decided.targets,
            propensity=decided.propensity,
            why=f"{route.why}; {arm.name}: {decided.why}",
        )
