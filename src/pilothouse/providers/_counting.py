"""Asking a provider how many tokens a question has: the formats it can be asked in, and the body."""

from __future__ import annotations

from msgspec.structs import replace

from pilothouse import registry
from pilothouse.core.counting import CountAsk, CountingDialect
from pilothouse.core.errors import PilothouseError
from pilothouse.providers._endpoint import Line, at_fault
from pilothouse.providers._fit import fitted
from pilothouse.providers._rows import ProviderRow


def count_formats(row: ProviderRow, only: str | None) -> list[str]:
    """Those with an address for it whose dialect can say it, the preferred one first; `only`: or none."""
    return [
        name
        for name, endpoint in row.endpoints.items()
        if endpoint.count_path is not None
        and only in (None, name)
        and isinstance(registry.plugin("dialects", name), CountingDialect)
    ]


def count_body(line: Line, dialect: CountingDialect, ask: CountAsk, model: str) -> bytes:
    """What is sent. Raises `ProviderError` (caller)."""
    endpoint = line.endpoint
    if "{model}" not in (endpoint.count_path or ""):
        endpoint = replace(
            endpoint, omits=()
        )  # where the path does not name the model, the body must
    try:
        body = dialect.with_counted_model(ask.written(dialect), line.row.model_id(model))
        return fitted(body, endpoint)[0]
    except PilothouseError as error:
        raise at_fault(error) from None
