"""`poc.yaml`: what is asked of whom, how it is graded, and what counts as success."""

from __future__ import annotations

import string
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from pilothouse.core.criterion import Criterion, parse_criterion
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.grade import Scorer
from pilothouse.core.route import Target
from pilothouse.documents.strict import Document, load
from pilothouse.providers import kinds
from pilothouse.providers._config import ProviderConfig, anchored
from pilothouse.scorers._choice import Options, looking_scorer, place


class Candidate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model at a provider, under a name for the report."""

    name: str
    provider: str
    model: str
    catalog_model: str | None = None

    @property
    def target(self) -> Target:
        """Where its attempts go."""
        return Target(
            name=self.name,
            provider=self.provider,
            model=self.model,
            catalog_model=self.catalog_model,
        )


class PocFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as written."""

    name: str
    cases: str
    """`builtin:gsm8k`, or a JSON-lines file: id, prompt, expected, tags."""
    providers: dict[str, ProviderConfig]
    candidates: Annotated[list[Candidate], Meta(min_length=1, max_length=20)]
    criteria: dict[str, str]
    scorer: dict[str, Options]
    """One scorer's name to its options, e.g. `{number: {take: last}}`."""
    also_scored_by: list[dict[str, Options]] = []
    """Other scorers over the same answers, for the report only."""
    exclude_tag: str | None = None
    prompt: str = "{prompt}"
    baseline: str | None = None
    """The candidate that the others are compared with; the first one if not said."""
    repeats: Annotated[int, Meta(ge=1, le=100)] = 1
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 16
    budget_usd: Decimal | None = None
    expected_output_tokens: Annotated[int, Meta(ge=1)] = 300
    """For the estimate before the run, when nothing better is known."""
    max_output_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: float | None = None


class Poc(Struct, frozen=True, kw_only=True):
    """The file with every name resolved."""

    file: PocFile
    folder: Path
    scorer_name: str
    scorer: Scorer
    also: tuple[tuple[str, Scorer], ...]
    criteria: tuple[Criterion, ...]
    baseline: str

    @property
    def providers(self) -> dict[str, ProviderConfig]:
        """The providers, their files found from the folder of `poc.yaml`."""
        return {n: anchored(config, self.folder) for n, config in self.file.providers.items()}


def load_poc(path: Path) -> Poc:
    """Read and check. Raises `InvalidInput` with file, line and key, all problems at once."""
    document = load(path, PocFile)
    file = document.value
    problems: list[InvalidInput] = []
    names = [c.name for c in file.candidates]
    _check_candidates(document, names, problems)
    _check_providers(document, problems)
    criteria = _criteria(document, problems)
    if file.baseline is not None and file.baseline not in names:
        hint = did_you_mean(file.baseline, names)
        problems.append(document.error("baseline", f'no candidate "{file.baseline}".{hint}'))
    _check_prompt(document, problems)
    if file.budget_usd is not None and file.budget_usd <= 0:
        problems.append(document.error("budget_usd", "a budget is more than nothing"))
    scorers = [_scorer(document, "scorer", file.scorer, problems)]
    for i, given in enumerate(file.also_scored_by):
        scorers.append(_scorer(document, f"also_scored_by[{i}]", given, problems))
    if problems:
        raise InvalidInput("\n".join(str(p) for p in problems))
    (main_name, main), *also = [s for s in scorers if s is not None]
    return Poc(
        file=file,
        folder=path.parent,
        scorer_name=main_name,
        scorer=main,
        also=tuple(also),
        criteria=criteria,
        baseline=file.baseline or names[0],
    )


def _check_candidates(
    document: Document[PocFile], names: list[str], problems: list[InvalidInput]
) -> None:
    for i, candidate in enumerate(document.value.candidates):
        if candidate.name in names[:i]:
            message = f'"{candidate.name}" is a candidate already'
            problems.append(document.error(f"candidates[{i}].name", message))
        if candidate.provider not in document.value.providers:
            hint = did_you_mean(candidate.provider, document.value.providers)
            message = f'unknown provider "{candidate.provider}".{hint}'
            problems.append(document.error(f"candidates[{i}].provider", message))


def _check_providers(document: Document[PocFile], problems: list[InvalidInput]) -> None:
    for name, provider in document.value.providers.items():
        problems += [
            document.error(f"providers.{name}.{key}" if key else f"providers.{name}", message)
            for key, message in kinds.problems(provider, None)
        ]


def _criteria(document: Document[PocFile], problems: list[InvalidInput]) -> tuple[Criterion, ...]:
    found: list[Criterion] = []
    if not document.value.criteria:
        problems.append(document.error("criteria", "at least one criterion is needed"))
    for metric, text in document.value.criteria.items():
        try:
            found.append(parse_criterion(metric, text))
        except InvalidInput as error:
            problems.append(document.error(f"criteria.{metric}", str(error)))
    return tuple(found)


def _check_prompt(document: Document[PocFile], problems: list[InvalidInput]) -> None:
    try:
        variables = {
            f[1] for f in string.Formatter().parse(document.value.prompt) if f[1] is not None
        }
    except ValueError as error:
        problems.append(document.error("prompt", f"not a template: {error}"))
        return
    for name in sorted(variables - {"prompt"}):
        message = f'unknown variable "{{{name}}}": a template knows {{prompt}}'
        problems.append(document.error("prompt", message))
    if "prompt" not in variables:
        problems.append(document.error("prompt", "the template does not use {prompt}"))


def _scorer(
    document: Document[PocFile], where: str, given: dict[str, Options], problems: list[InvalidInput]
) -> tuple[str, Scorer] | None:
    try:
        return looking_scorer(given)
    except InvalidInput as error:
        problems.append(document.error(place(where, given), str(error)))
        return None
