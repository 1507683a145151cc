"""`pilothouse guide`: the guide's tree and tables, with who sits where on a day, and what to take care of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import click

from pilothouse.catalog.catalog import load_bundled
from pilothouse.choose.guide.book import WRITTEN_ON, Guide, load_guide
from pilothouse.choose.guide.matrix import star_vectors
from pilothouse.choose.guide.seats import Occupant, occupants, warnings
from pilothouse.choose.guide.tree import Walk, walk
from pilothouse.choose.ranking import shares
from pilothouse.cli.output import bold, print_json, print_table, say
from pilothouse.cli.situation import today
from pilothouse.core.errors import InvalidInput, did_you_mean

TABLES = (
    "matrix",
    "shortcuts",
    "use-cases",
    "orderings",
    "guidance",
    "classes",
    "budgets",
    "trade-offs",
    "warnings",
    "stars",
    "roles",
)


@click.command()
@click.argument("table", required=False)
@click.option(
    "--yes", "answered", multiple=True, metavar="QUESTION", help="This holds; repeatable."
)
@click.option("--then", "then", metavar="ANSWER", help="The answer to the second question.")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Who sits where on this day; today."
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(
    table: str | None,
    answered: tuple[str, ...],
    then: str | None,
    as_of: datetime | None,
    as_json: bool,
) -> int:
    """Walk the guide's nine questions, or print one of its tables.

    Without options the questions are asked one by one. QUESTION is privacy, very_long_input, latency, code,
    voice, cost, max_reasoning or high_volume_simple. TABLE is matrix, shortcuts, use-cases, orderings,
    guidance, classes, budgets, trade-offs, warnings, stars or roles. As of 2025-12-31 the answer is the guide's
    own, word for word.

    \b
    Example:
      pilothouse guide --yes latency --then yes --as-of 2025-12-31
    """
    guide = load_guide()
    day = as_of.date() if as_of else today()
    if table is not None:
        return _roles(guide, day, as_json) if table == "roles" else _table(guide, table, as_json)
    answers: dict[str, str | bool] = dict.fromkeys(answered, True)
    if not answered:
        answers = _asked(guide) if not as_json else {}
    elif then is not None:
        first = next((n.id for n in guide.tree if answers.get(n.id)), answered[0])
        answers[f"{first}.then"] = then
    found = walk(guide, answers)
    names = occupants(guide, load_bundled(), found.advice.models, day)
    told = warnings(guide, [*found.advice.models, found.node, *(["tree"] if found.also else [])])
    if as_json:
        print_json({"as_of": day, "walk": found, "models": names, "warnings": told})
        return 0
    print_walk(found, names, day)
    for warning in told:
        say(f"take care: {warning.says}", "  ")
    return 0


def _roles(guide: Guide, day: date, as_json: bool) -> int:
    """Each role with its occupant on the day, and everybody who ever had it."""
    catalog = load_bundled()
    found: list[dict[str, Any]] = []
    for seat in guide.seats:
        [now] = occupants(guide, catalog, [seat.guide], day)
        past = [f"{one.model} from {one.since}" for one in seat.then]
        found.append({"role": seat.role, "now": now, "line": [f"{seat.guide} (the guide)", *past]})
    if as_json:
        print_json({"as_of": day, "roles": found})
        return 0
    rows = [[one["role"], one["now"].model, "; ".join(one["line"])] for one in found]
    print_table(["role", f"on {day}", "one after another"], rows)
    return 0


def _asked(guide: Guide) -> dict[str, str | bool]:
    answers: dict[str, str | bool] = {}
    for node in guide.tree[:-1]:
        hint = f" ({node.hint})" if node.hint else ""
        if click.confirm(f"{node.question}{hint}", default=False):
            answers[node.id] = True
            if node.then is not None:
                choices = click.Choice(list(node.then.answers))
                answers[f"{node.id}.then"] = click.prompt(node.then.question, type=choices)
            break
    return answers


def print_walk(found: Walk, names: Sequence[Occupant], day: date) -> None:
    """The path, the models at its end, and where they run."""
    for step in found.path:
        where = f"node {step.node}, lines {step.lines[0]}-{step.lines[1]}"
        click.echo(f"{step.question} {bold(step.answer)}  ({where})")
    click.echo()
    if names:
        by = "the guide" if day <= WRITTEN_ON else f"the guide's advice as of {day}"
        click.echo(f"{bold('Models')}, by {by}: {', '.join(n.model for n in names)}")
    for one in names:
        if one.why:
            click.echo(f"  {one.why}")
        elif one.retired_on is not None:
            click.echo(f"  {one.model} retires {one.retired_on}")
    if found.advice.place:
        click.echo(f"  where: {found.advice.place}")
    for note in found.advice.notes:
        click.echo(f"  {note}")
    if found.also:
        say(
            f"The tree stops at its first yes and never came to {', '.join(found.also)}: "
            "write the limits into a need and ask `pilothouse choose`, which keeps all of them.",
            "  ",
        )


def _table(guide: Guide, name: str, as_json: bool) -> int:
    if name not in TABLES:
        hint = did_you_mean(name, TABLES) or f" Known: {', '.join(TABLES)}."
        raise InvalidInput(f'the guide has no table "{name}".{hint}')
    key = {"classes": "latency_classes"}.get(name, name.replace("-", "_"))
    rows: Sequence[Any] = getattr(guide, key)
    if as_json:
        print_json(rows)
        return 0
    header, lines = _ROWS[name](guide)
    print_table(header, lines)
    return 0


def _models(models: Sequence[str], notes: Sequence[str] = ()) -> str:
    return ", ".join(models) + (f" ({'; '.join(notes)})" if notes else "")


def _stars(guide: Guide) -> tuple[list[str], list[list[object]]]:
    paid = [s for s in guide.stars if s.cost in ("$", "$$", "$$$")]
    won = shares(star_vectors([_plain(s) for s in paid]), 5)
    header = ["line", "model", "context", "reasoning", "code", "speed", "cost", "reads", "wins"]
    rows: list[list[object]] = []
    for s in guide.stars:
        row: list[object] = [s.line, s.model, f"{s.context_tokens:,}", s.reasoning, s.code, s.speed]
        wins = f"{won[s.model]:.0%}" if s.model in won else None
        rows.append([*row, s.cost, s.reads, wins])
    return header, rows


def _plain(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


_ROWS: dict[str, Callable[[Guide], tuple[list[str], list[list[object]]]]] = {
    "matrix": lambda g: (
        ["line", "when", "models"],
        [[r.line, " and ".join(r.when), _models(r.models, r.notes)] for r in g.matrix],
    ),
    "shortcuts": lambda g: (
        ["line", "when", "models"],
        [[s.line, s.when, _models(s.models, s.notes)] for s in g.shortcuts],
    ),
    "use-cases": lambda g: (
        ["lines", "use case", "best", "others"],
        [
            [
                f"{u.lines[0]}-{u.lines[1]}",
                u.id,
                _models(u.best.models)
                or "; ".join(f"{k}: {_models(a.models)}" for k, a in u.parts.items()),
                "; ".join(f"{o.when}: {_models(o.models)}" for o in u.others),
            ]
            for u in g.use_cases
        ],
    ),
    "orderings": lambda g: (
        ["line", "about", "order"],
        [
            [o.line, o.id, o.note or (" > " if o.op == "gt" else ", ").join(
                " = ".join(t) if o.op != "set" else ", ".join(t) for t in o.tiers
            )]
            for o in g.orderings
        ],
    ),
    "guidance": lambda g: (
        ["line", "models", "when"],
        [[r.line, _models(r.models), r.when] for r in g.guidance],
    ),
    "classes": lambda g: (
        ["class", "below", "models", "uses"],
        [
            [c.id, f"{c.below_ms} ms" if c.below_ms else "hours", _models(c.models), ", ".join(c.uses)]
            for c in g.latency_classes
        ],
    ),
    "budgets": lambda g: (
        ["budget", "from USD a month", "to", "advice"],
        [[b.id, b.from_usd, b.to_usd, b.advice] for b in g.budgets],
    ),
    "trade-offs": lambda g: (
        ["lines", "trade-off", "sides"],
        [
            [f"{t.lines[0]}-{t.lines[1]}", t.id, "; ".join(f"{k}: {v}" for k, v in t.sides.items())]
            for t in g.trade_offs
        ],
    ),
    "warnings": lambda g: (
        ["about", "kind", "what"],
        [[", ".join(w.topics), "measured" if w.is_measured else "in itself", w.says] for w in g.warnings],
    ),
    "stars": _stars,
}  # fmt: skip
