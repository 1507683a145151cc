"""`pilothouse tco`: what a choice costs in all, with its uncertainty, and what would save."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click
from msgspec import Struct

from pilothouse.catalog.catalog import Catalog
from pilothouse.catalog.prices import Rates, rates
from pilothouse.choose.dollars import usd
from pilothouse.cli.catalog_option import catalog_option, open_catalog
from pilothouse.cli.output import bold, print_json, print_table
from pilothouse.cli.situation import today
from pilothouse.core.errors import InvalidInput, NotFound
from pilothouse.documents.strict import Document, load
from pilothouse.money.levers import Lever, Stack, Usage, pull, tier_of
from pilothouse.money.tco import DRAWS, Plan, Prices, Total, totals


class Candidate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model, its plan, and the levers to look at."""

    model: str
    plan: Plan
    levers: list[Lever] = []
    cheaper_model: str | None = None
    """For routing and right_size."""


class TcoFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as written."""

    months: int
    candidates: dict[str, Candidate]


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--draws", type=click.IntRange(100, 200_000), default=DRAWS, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), help="Write a picture (.svg or .png).")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(
    path: Path, draws: int, seed: int, plot: Path | None, own: Path | None, as_json: bool
) -> int:
    """API + development + maintenance + infrastructure, each low, likely and high, by Monte-Carlo.

    The file gives every candidate's plan; prices come from the catalogue. The same seed gives the same figures.

    \b
    Example:
      pilothouse tco examples/tco/support.yaml
    """
    document = load(path, TcoFile)
    catalog = open_catalog(own)
    _check(document, catalog)
    file = document.value
    priced = {
        name: (c.plan, _per_token(_rates(c.model, catalog))) for name, c in file.candidates.items()
    }
    found = totals(priced, file.months, draws=draws, seed=seed)
    stacks = {n: _stack(c, catalog) for n, c in file.candidates.items() if c.levers}
    if plot is not None:
        from pilothouse.plots.money import plot_tco  # matplotlib is heavy, and optional
        from pilothouse.plots.write import write

        write(plot_tco(found), plot)
    if as_json:
        print_json({"totals": found, "levers": stacks})
        return 0
    _print(found, stacks)
    return 0


def _check(document: Document[TcoFile], catalog: Catalog) -> None:
    problems: list[str] = []
    file = document.value
    if not 1 <= file.months <= 120:
        problems.append(str(document.error("months", f"{file.months} is not 1 to 120 months")))
    if not file.candidates:
        problems.append(str(document.error("candidates", "name at least one")))
    for name, candidate in file.candidates.items():
        key = f"candidates.{name}"
        for field in Plan.__struct_fields__:
            span = getattr(candidate.plan, field)
            if not 0 <= span.low <= span.likely <= span.high:
                text = "write 0 <= low <= likely <= high"
                problems.append(str(document.error(f"{key}.plan.{field}", text)))
        for i, lever in enumerate(candidate.levers):
            if not 0 <= lever.share <= 1:
                text = f"{lever.share} is not a share between 0 and 1"
                problems.append(str(document.error(f"{key}.levers[{i}].share", text)))
        for field, model in (
            ("model", candidate.model),
            ("cheaper_model", candidate.cheaper_model),
        ):
            try:
                if model is not None:
                    _rates(model, catalog)
            except (NotFound, InvalidInput) as error:
                problems.append(str(document.error(f"{key}.{field}", str(error))))
    if problems:
        raise InvalidInput("\n".join(problems))


def _rates(model: str, catalog: Catalog, service: str | None = None) -> Rates:
    winning = {c.field: c for c in reversed(catalog.claims(catalog.find(model), as_of=today()))}
    found = rates(winning, service)
    if found is None:
        raise InvalidInput(
            f"nobody says what {model} costs" + (f" as {service}" if service else "")
        )
    return found


def _per_token(found: Rates) -> Prices:
    base = found.tiers[-1]
    return Prices(per_input=float(base.per_input), per_output=float(base.per_output))


def _stack(candidate: Candidate, catalog: Catalog) -> Stack:
    plan = candidate.plan
    try:
        in_batch = _rates(candidate.model, catalog, "batch")
    except InvalidInput:
        in_batch = None
    usage = Usage(
        requests=int(plan.requests_per_day.likely * 30),
        input_tokens=int(plan.input_tokens.likely),
        output_tokens=int(plan.output_tokens.likely),
        rates=_rates(candidate.model, catalog),
        batch_rates=in_batch,
        cheaper_rates=_rates(candidate.cheaper_model, catalog) if candidate.cheaper_model else None,
    )
    return pull(usage, candidate.levers)


def _print(found: list[Total], stacks: dict[str, Stack]) -> None:
    rows: list[list[object]] = []
    for one in found:
        parts = [usd(one.parts[p].p50) for p in one.parts]
        spread = f"{usd(one.total.p10)} - {usd(one.total.p90)}"
        rows.append([one.name, usd(one.total.p50), spread, *parts])
    print_table(["candidate", "median", "p10 - p90", *found[0].parts], rows)
    click.echo(f"\nUSD over {found[0].months} months; parts are medians and do not add up exactly")
    for one in found:
        month: Decimal = one.likely_month_usd
        click.echo(f"\n{bold(one.name)}: likely {usd(month)} a month, {tier_of(month)}")
        for other, share in one.cheaper_than.items():
            click.echo(f"  cheaper than {other} in {share:.0%} of the draws")
        for swing in one.tornado[:4]:
            click.echo(
                f"  {swing.name.replace('_', ' ')}: {usd(swing.low_usd)} to {usd(swing.high_usd)}"
            )
        if one.name in stacks:
            _print_stack(stacks[one.name])


def _print_stack(stack: Stack) -> None:
    click.echo(
        f"  API bill {usd(stack.month_usd)} a month; with every lever {usd(stack.together_usd)}"
    )
    for saved in stack.alone:
        what = saved.kind.replace("_", " ")
        saves = "not priced" if saved.saves_usd is None else f"saves {usd(saved.saves_usd)}"
        click.echo(f"    {what} {saved.share:.0%}: {saves} (if {saved.needs})")
