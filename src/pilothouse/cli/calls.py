"""`pilothouse calls`: every attempt to get an answer, filtered; or one request's whole story."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click
import msgspec

from pilothouse.app.stores import open_store
from pilothouse.cli.output import print_table
from pilothouse.cli.store_option import call_filters, filter_from, store_option
from pilothouse.core.call import Call
from pilothouse.core.errors import NotFound

_HEADER = (
    *("time (UTC)", "request", "try", "source", "route", "arm", "target", "status"),
    *("ms", "in", "out", "USD"),
)


@click.command()
@call_filters
@click.option("--status", type=click.Choice(["ok", "error"]), help="Only attempts that ended so.")
@click.option("--error-class", metavar="NAME", help="Only this class, e.g. rate_limited.")
@click.option(
    "--request", "request_id", metavar="ID", help="All attempts of one request, in order."
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many."
)
@store_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    store: Path, request_id: str | None, limit: int, as_json: bool, **given: str | None
) -> int:
    """Every attempt to get an answer, newest first.

    \b
    Example:
      pilothouse calls --status error --since 1h
      pilothouse calls --route support --limit 5 --json
    """
    opened = open_store(store, must_exist=True)
    try:
        where = filter_from({**given, "request_id": request_id}, opened.keys)
        calls = opened.calls(where, limit=None if request_id else limit + 1)
    finally:
        opened.close()
    if request_id is not None:
        if not calls:
            raise NotFound(
                f'{store}: no call of a request "{request_id}" (list them: pilothouse calls)'
            )
        calls.sort(key=lambda call: (call.attempt, call.at_us))
        limit = len(calls)
    if as_json:
        for call in calls[:limit]:
            click.echo(msgspec.json.encode(call))
    elif not calls:
        click.echo(f"No calls match in {store}.")
    elif request_id is not None:
        _tell(calls)
    else:
        print_table(_HEADER, [_cells(call) for call in calls[:limit]])
        if len(calls) > limit:
            click.echo(f"(the newest {limit}; more with --limit)")
    return 0


def _cells(call: Call) -> tuple[object, ...]:
    is_ok = call.status == "ok"
    return (
        f"{call.at:%Y-%m-%d %H:%M:%S}",
        call.request_id,
        call.attempt,
        call.source,
        call.route,
        call.arm,
        call.target,
        "ok" if is_ok else call.error_class or "error",
        None if call.latency_ms is None else f"{call.latency_ms:.1f}",
        _tokens(call, call.input_tokens),
        _tokens(call, call.output_tokens),
        _money(call.cost_usd) if call.cost_usd is not None or not is_ok else "not priced",
    )


def _tokens(call: Call, count: int | None) -> str | None:
    if count is None:
        return None
    return f"~{count}" if call.is_usage_estimated else str(count)


def _money(cost_usd: Decimal | None) -> str | None:
    return None if cost_usd is None else f"{cost_usd:f}"


def _tell(calls: list[Call]) -> None:
    """The story of one request: each attempt, why it failed, what it cost."""
    first = calls[0]
    click.echo(
        f"request {first.request_id}  route {first.route}  arm {first.arm}  ({first.source})"
    )
    whose = {"key": first.key_id, "team": first.team, "tag": first.tag}
    if any(whose.values()):
        click.echo("  ".join(f"{name} {value}" for name, value in whose.items() if value))
    for call in calls:
        latency = "not recorded" if call.latency_ms is None else f"{call.latency_ms:.1f} ms"
        ttft = "" if call.ttft_ms is None else f", first token after {call.ttft_ms:.1f} ms"
        click.echo(
            f"{call.attempt}. {call.at:%Y-%m-%d %H:%M:%S.%f}  {call.target} "
            f"({call.model} at {call.provider}){' streamed' if call.is_stream else ''}"
        )
        if call.status == "error":
            status = f", HTTP {call.http_status}" if call.http_status is not None else ""
            click.echo(f"   failed: {call.error_class}{status}: {call.error}")
        else:
            click.echo(f"   ok: {call.finish_reason or 'finish reason not recorded'}")
        click.echo(f"   latency: {latency}{ttft}")
        counted = [
            _tokens(call, n) or "not counted" for n in (call.input_tokens, call.output_tokens)
        ]
        click.echo(
            f"   tokens: {counted[0]} in, {counted[1]} out ({call.cached_input_tokens} cached)"
        )
        cost = "not priced" if call.cost_usd is None else f"{_money(call.cost_usd)} USD"
        click.echo(f"   cost: {cost}{f' ({call.cost_note})' if call.cost_note else ''}")
        if call.saved_usd is not None:
            click.echo(f"   saved: {_money(call.saved_usd)} USD ({call.cache} hit)")
