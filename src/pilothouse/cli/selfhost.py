"""`pilothouse selfhost`: memory, capacity and break-even of running a model on machines of your own."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from pilothouse.catalog.catalog import Catalog
from pilothouse.choose.dollars import usd
from pilothouse.cli.catalog_option import catalog_option, open_catalog
from pilothouse.cli.output import bold, print_json, print_table, say
from pilothouse.cli.same_weights import Served, middle, request_usd, same_weights
from pilothouse.cli.situation import today
from pilothouse.core.errors import InvalidInput
from pilothouse.money.break_even import BreakEven, Fleet, break_even
from pilothouse.money.capacity import SECONDS_A_MONTH, Curve, held_out_errors, load
from pilothouse.money.hardware import architecture, curves, gpu, load_hardware
from pilothouse.money.vram import BYTES, memory

_EXPONENTS = (2.0, 2.5, 3.0, 4.0, 6.0, 8.0)
_json = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
_lengths = (
    click.option("--input-tokens", type=click.IntRange(1), default=1000, show_default=True),
    click.option("--output-tokens", type=click.IntRange(1), default=300, show_default=True),
)


@click.group()
def command() -> None:
    """Running a model on machines of your own: does it fit, what can it answer, when does it pay.

    \b
    Example:
      pilothouse selfhost break-even llama-3.1-8b --gpu h100 --against gpt-4o-mini
    """


@command.command()
@click.argument("model")
@click.option("--gpu", "gpu_name", default="h100", show_default=True)
@click.option(
    "--context",
    type=click.IntRange(1, 100_000_000),
    default=8192,
    show_default=True,
    help="Tokens of a sequence.",
)
@click.option("--concurrency", type=click.IntRange(1), default=1, show_default=True)
@click.option("--quantisation", type=click.Choice(list(BYTES)), default="fp16", show_default=True)
@click.option(
    "--kv",
    type=click.Choice(["fp16", "fp8"]),
    default="fp16",
    show_default=True,
    help="Of keys and values.",
)
@_json
def vram(
    model: str,
    gpu_name: str,
    context: int,
    concurrency: int,
    quantisation: str,
    kv: str,
    as_json: bool,
) -> int:
    """How much GPU memory MODEL needs, and how many GPUs hold it.

    \b
    Example:
      pilothouse selfhost vram mixtral-8x7b --context 32768 --concurrency 16 --quantisation fp8
    """
    card = gpu(gpu_name)
    found = memory(
        architecture(model),
        gpu_gib=card.memory_gib,
        tokens=context,
        sequences=concurrency,
        weights=quantisation,
        kv_bytes=BYTES[kv],
    )
    if as_json:
        print_json(found)
        return 0
    print_table(
        ["what", "GiB"],
        [
            [f"weights, {quantisation}", f"{found.weights_gib:.1f}"],
            [f"keys and values, {concurrency} x {context:,} tokens", f"{found.kv_gib:.1f}"],
        ],
    )
    click.echo(
        f"\n{found.kv_per_token_kib:.0f} KiB a token, {found.kv_per_sequence_gib:.2f} GiB a sequence"
    )
    click.echo(
        f"{bold(f'{found.gpus} x {gpu_name}')} ({card.memory_gib} GiB each, a tenth kept by the engine); "
        f"room for {found.most_sequences} such sequences"
    )
    return 0


@command.command()
@click.argument("model")
@click.option("--gpu", "gpu_name", default="h100", show_default=True)
@click.option("--requests-per-month", type=click.IntRange(1), required=True)
@_lengths[0]
@_lengths[1]
@click.option("--peak-to-average", type=click.FloatRange(1), default=1.0, show_default=True)
@click.option(
    "--spare",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Replicas beyond need (N+1: 1).",
)
@_json
def capacity(
    model: str,
    gpu_name: str,
    requests_per_month: int,
    input_tokens: int,
    output_tokens: int,
    peak_to_average: float,
    spare: int,
    as_json: bool,
) -> int:
    """How many replicas of MODEL a load needs, from measured throughput. Nothing is guessed.

    \b
    Example:
      pilothouse selfhost capacity llama-3.1-8b --requests-per-month 20000000 --peak-to-average 10 --spare 1
    """
    gpu(gpu_name)
    curve = _nearest(model, gpu_name, input_tokens, output_tokens)
    found = load(
        curve,
        requests_per_s=requests_per_month / SECONDS_A_MONTH,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        peak_to_average=peak_to_average,
        spare_replicas=spare,
    )
    if as_json:
        print_json({"load": found, "curve": curve})
        return 0
    click.echo(
        f"{bold(f'{found.replicas} replicas')} of {curve.gpus} x {curve.gpu}, {found.utilisation:.1%} busy on "
        f"average, {found.tokens_per_s:,.0f} output tokens a second"
    )
    _print_basis(curve, found.is_extrapolated)
    return 0


@command.command("break-even")
@click.argument("model")
@click.option("--gpu", "gpu_name", default="h100", show_default=True)
@click.option(
    "--against",
    required=True,
    help="The model at an API; `host/model` for the same weights elsewhere.",
)
@_lengths[0]
@_lengths[1]
@click.option(
    "--contract", default="on_demand", show_default=True, help="on_demand, reserved_3y or owned."
)
@click.option("--gpu-hour-usd", help="Your own price of a GPU for an hour.")
@click.option("--staff-usd-month", default="0", show_default=True)
@click.option("--peak-to-average", type=click.FloatRange(1), default=1.0, show_default=True)
@click.option("--spare", type=click.IntRange(0), default=0, show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), help="Write a picture (.svg or .png).")
@catalog_option
@_json
def break_even_command(
    model: str,
    gpu_name: str,
    against: str,
    input_tokens: int,
    output_tokens: int,
    contract: str,
    gpu_hour_usd: str | None,
    staff_usd_month: str,
    peak_to_average: float,
    spare: int,
    plot: Path | None,
    own: Path | None,
    as_json: bool,
) -> int:
    """What own machines and the API cost a month over the number of requests, and where they cross.

    Exit 0: they cross; 1: own machines never cost less up to a billion requests.

    \b
    Example:
      pilothouse selfhost break-even llama-3.3-70b --against gpt-4o --peak-to-average 10 --spare 1
    """
    hour = _price_of_hour(gpu_name, contract, gpu_hour_usd)
    curve = _nearest(model, gpu_name, input_tokens, output_tokens)
    catalog = open_catalog(own)
    request = _request_usd(catalog, against, input_tokens, output_tokens)
    fleet = Fleet(
        curve=curve,
        gpu_hour_usd=hour,
        staff_usd_month=_money("--staff-usd-month", staff_usd_month),
        spare_replicas=spare,
        peak_to_average=peak_to_average,
    )
    found = break_even(
        fleet, api_request_usd=request, input_tokens=input_tokens, output_tokens=output_tokens
    )
    served = same_weights(catalog, model, input_tokens, output_tokens, today())
    same = [
        (one, break_even(fleet, api_request_usd=one.request_usd, input_tokens=input_tokens,
                         output_tokens=output_tokens))
        for one in ([served[0], middle(served)] if len(served) > 1 else served)
    ]  # fmt: skip
    if plot is not None:
        other = (f"the same weights at {same[-1][0].id}", same[-1][1]) if same else None
        _draw(found, f"{model} on {gpu_name}", against, other, plot)
    if as_json:
        print_json(
            {
                "break_even": found,
                "own_cheaper": found.own_cheaper,
                "capacity_binds_first": found.capacity_binds_first,
                "same_weights": [{"offer": one, "own_cheaper": it.own_cheaper} for one, it in same],
                "curve": curve,
                "gpu_hour_usd": hour,
            }
        )
        return 0 if found.crossings else 1
    rows: list[list[object]] = []
    for p in found.points[::6]:
        cheaper = "own machines" if p.is_own_cheaper else "API"
        requests = f"{p.requests_per_month:,}"
        rows.append([requests, p.replicas, usd(p.own_usd), usd(p.api_usd), cheaper])
    print_table(["requests a month", "replicas", "own machines", against, "cheaper"], rows)
    _print_break_even(found)
    _print_same_weights(same, len(served), model)
    _print_basis(curve, found.is_extrapolated)
    return 0 if found.crossings else 1


def _draw(
    found: BreakEven, own: str, api: str, other: tuple[str, BreakEven] | None, plot: Path
) -> None:
    from pilothouse.plots.money import plot_break_even  # matplotlib is heavy, and optional
    from pilothouse.plots.write import write

    write(plot_break_even(found, own, api, other), plot)


def _print_same_weights(same: Sequence[tuple[Served, BreakEven]], count: int, model: str) -> None:
    for word, (one, it) in zip(("cheapest", "median"), same, strict=False):
        say(
            f"the same weights at {one.id}, the {word} of {count} priced hosts: "
            f"{usd(one.request_usd)} a request; {_where_cheaper(it)}"
        )
    if not same:
        click.echo(f"nobody in the catalogue has a price for the weights of {model} at an API")


def _print_break_even(found: BreakEven) -> None:
    click.echo(f"\none replica pays for itself at {found.price_alone_at:,} requests a month")
    click.echo(
        f"one replica is full at {found.first_replica_full_at:,} requests a month at this peak"
    )
    if found.capacity_binds_first:
        click.echo(
            f"{bold('capacity binds before price')}: a second replica is needed before the first has paid"
        )
    else:
        click.echo("price binds before capacity: the first replica has paid before it is full")
    click.echo(_where_cheaper(found))


def _where_cheaper(found: BreakEven) -> str:
    """In words; of many stretches, which steps near parity make, the first two and the last."""
    parts = [
        f"from {start:,} on" if end is None else f"{start:,} to {end:,}"
        for start, end in found.own_cheaper
    ]
    if len(parts) > 3:
        parts = [*parts[:2], f"... ({len(parts) - 3} more)", parts[-1]]
    if not parts:
        return "own machines never cost less up to a billion requests a month"
    return f"own machines cost less: {'; '.join(parts)}"


@command.command()
@_json
def validate(as_json: bool) -> int:
    """How far the capacity model is off on measured runs that it has not seen.

    Each run is predicted without itself, with a rounding chosen on other configurations.

    \b
    Example:
      pilothouse selfhost validate
    """
    measured = [c for c in load_hardware().curves if len(c.runs) > 1]
    errors = sorted(held_out_errors(measured, _EXPONENTS))
    figures = {
        "runs": len(errors),
        "median": round(errors[len(errors) // 2], 4),
        "p90": round(errors[int(0.9 * len(errors))], 4),
        "worst": round(errors[-1], 4),
    }
    if as_json:
        print_json(figures)
    else:
        rows = [[k, v if k == "runs" else f"{v:.1%}"] for k, v in figures.items()]
        print_table(["relative error", "held out"], rows)
    return 0


def _nearest(model: str, gpu_name: str, input_tokens: int, output_tokens: int) -> Curve:
    """The curve whose lengths are nearest, of those the one with most output a GPU."""
    found = curves(model, gpu_name.lower())
    return min(
        found,
        key=lambda c: (
            abs(c.input_tokens - input_tokens) + abs(c.output_tokens - output_tokens),
            -c.capacity_tokens_per_s / c.gpus,
        ),
    )


def _price_of_hour(gpu_name: str, contract: str, given: str | None) -> Decimal:
    if given is not None:
        return _money("--gpu-hour-usd", given)
    prices = gpu(gpu_name).usd_hour
    if contract not in prices:
        raise InvalidInput(
            f"--contract: no {contract} price of {gpu_name} (there is {', '.join(prices)}); "
            "or give --gpu-hour-usd"
        )
    return prices[contract]


def _request_usd(catalog: Catalog, name: str, input_tokens: int, output_tokens: int) -> Decimal:
    cost = request_usd(catalog, catalog.find(name), input_tokens, output_tokens, today())
    if cost is None:
        raise InvalidInput(f"--against: nobody says what {name} costs")
    return cost


def _money(option: str, text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise InvalidInput(f'{option}: "{text}" is not an amount') from None
    if not amount.is_finite() or amount < 0:
        raise InvalidInput(f"{option}: {text} is not an amount")
    if option == "--gpu-hour-usd" and not 0 < amount < 1000:
        raise InvalidInput(f"{option}: {text} USD for a GPU and an hour?")
    return amount


def _print_basis(curve: Curve, is_extrapolated: bool) -> None:
    click.echo(
        f"basis: {curve.model} {curve.precision} on {curve.gpus} x {curve.gpu} with {curve.engine}, "
        f"{curve.input_tokens}/{curve.output_tokens} tokens: at most "
        f"{curve.capacity_tokens_per_s:,.0f} output tokens a second ({curve.source})"
    )
    if is_extrapolated:
        click.echo(
            "take care: measured at other lengths; throughput changes with them up to twelvefold"
        )
