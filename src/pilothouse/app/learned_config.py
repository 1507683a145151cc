"""`learned:` of a route as written, and the router that it means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.learned.artefact import Artefact, Certificate, read_artefact, usual_promise
from pilothouse.learned.chooser import LearnedChooser
from pilothouse.learned.decide import Decider, Dial

Share = Annotated[float, Meta(ge=0, le=1)]


class LearnedConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of `pilothouse route learn`, and what is wanted of it."""

    file: str
    promise: Share | None = None
    """At most this share harmed: the certificate that is kept to."""
    tolerance: Annotated[float, Meta(ge=-1, le=1)] | None = None
    """In place of a promise: how much less likely a good answer may be."""
    quality_usd: Annotated[float, Meta(ge=0)] = 0.0
    slowness_usd_per_s: Annotated[float, Meta(ge=0)] = 0.0
    explore: Annotated[float, Meta(ge=0, le=0.2)] = 0.0
    """Share of conversations that take any model within the tolerance, to learn from."""
    models: dict[str, str] = {}
    """The file's names for models to this route's targets, where they differ."""


def chooser_of(config: LearnedConfig, folder: Path) -> LearnedChooser:
    """No problems left."""
    artefact = read_artefact(folder / config.file)
    certificate = _certificate(config, artefact)
    tolerance = config.tolerance
    if tolerance is None:
        assert certificate is not None and certificate.tolerance is not None
        tolerance = certificate.tolerance
    dial = Dial(
        tolerance=tolerance,
        quality_usd=config.quality_usd,
        slowness_usd_per_s=config.slowness_usd_per_s,
    )
    return LearnedChooser(Decider(artefact), dial, config.models, config.explore)


def learned_problems(
    at: str, config: LearnedConfig, targets: list[str], folder: Path
) -> Iterator[tuple[str, str]]:
    """What is wrong with it, each with its key path."""
    try:
        artefact = read_artefact(folder / config.file)
    except InvalidInput as error:
        yield f"{at}.file", str(error)
        return
    for model in config.models:
        if model not in artefact.models:
            yield (
                f"{at}.models.{model}",
                f"the file knows no such model.{did_you_mean(model, artefact.models)}",
            )
    for model in artefact.models:
        name = config.models.get(model, model)
        if name not in targets:
            hint = did_you_mean(name, targets)
            message = f'its model "{model}" is no target of this route.{hint} Name it: models: {{"{model}": TARGET}}'
            yield f"{at}.models", message
    if config.tolerance is not None and config.promise is not None:
        yield f"{at}.tolerance", "stands in place of a promise: keep one of them"
    if config.tolerance is not None:
        return
    if artefact.advice != "route":
        yield (
            f"{at}.file",
            f"it was learned, and says: do not route ({artefact.why}). To use it all the same, without "
            "a promise, say tolerance: 0.05",
        )
    elif _certificate(config, artefact) is None:
        kept = ", ".join(f"{c.epsilon:g}" for c in artefact.certificates if c.tolerance is not None)
        yield f"{at}.promise", f"{config.promise:g} is not certified (there are: {kept})"
    certificate = _certificate(config, artefact)
    if certificate is not None and certificate.quality_usd != config.quality_usd:
        yield (
            f"{at}.quality_usd",
            f"the promise was made for {certificate.quality_usd:g}: learn again with --quality-usd "
            f"{config.quality_usd:g}, or say tolerance in place of promise",
        )
    elif certificate is not None and config.slowness_usd_per_s:
        yield (
            f"{at}.slowness_usd_per_s",
            "the promise was made without it: say tolerance in place of promise",
        )


def _certificate(config: LearnedConfig, artefact: Artefact) -> Certificate | None:
    """The one that is asked for; without a word the largest up to 5 %, else the smallest there is."""
    kept = [c for c in artefact.certificates if c.tolerance is not None]
    if config.promise is not None:
        return next((c for c in kept if c.epsilon == config.promise), None)
    return usual_promise(kept)
