"""`poc.yaml`: what is asked of whom, how it is graded, and what counts as success."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from pilothouse.core.criterion import Criterion, parse_criterion
from pilothouse.core.errors import BadRequest, InvalidInput, did_you_mean
from pilothouse.core.request import Thinking, Tool
from pilothouse.core.route import Target
from pilothouse.dialects.openai_chat import plugin as openai_chat
from pilothouse.documents.strict import Document, load
from pilothouse.prove.cases.source import CasesFrom, CaseSource, open_cases
from pilothouse.prove.models import JudgeSpec
from pilothouse.prove.schedule import Schedule, schedule_problem
from pilothouse.prove.template import PromptTemplate, Turn, read_messages
from pilothouse.providers import kinds
from pilothouse.providers._config import ProviderConfig, anchored
from pilothouse.scorers._choice import AnyScorer, Options, asked_judges, choose_scorer, place

ScorerOptions = dict[str, Options]
MAIN = "accuracy"
"""What criteria call the main scorer's mean."""
EXPECTED_OUTPUT_TOKENS = 200
"""The middle length of recorded answers with reasoning: four tasks, 7 to 16 models each (bench/estimate.py)."""


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


class EarlyStopping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a candidate need not be asked to the end. Cases are then asked in a shuffled order."""

    confidence: Annotated[float, Meta(gt=0.5, lt=1)] = 0.95
    at_least: Annotated[int, Meta(ge=1)] = 50
    """Answers before anything is decided."""


class PocFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as written."""

    name: str
    cases: str | CasesFrom
    """`builtin:gsm8k`, `suite:NAME`, a file or a folder; or a mapping that says more (docs/cases.md)."""
    providers: dict[str, ProviderConfig]
    candidates: Annotated[list[Candidate], Meta(min_length=1, max_length=20)]
    criteria: dict[str, str]
    scorer: ScorerOptions
    """The main scorer's name to its options, e.g. `{number: {take: last}}`: what `accuracy` means here."""
    scorers: dict[str, ScorerOptions] = {}
    """Other scorers over the same answers, under names that criteria may use."""
    judges: dict[str, JudgeSpec] = {}
    """Models that scorers may ask, by the name that their options use."""
    exclude_tag: str | None = None
    prompt: str = "{prompt}"
    """What is sent for a case; `file:prompt.md` for a text of its own."""
    messages: list[Turn] = []
    """Instead of `prompt`: turns with a role each, a system turn among them."""
    baseline: str | None = None
    """The candidate that the others are compared with; the first one if not said."""
    repeats: Annotated[int, Meta(ge=1, le=100)] = 1
    schedule: Schedule | None = None
    early_stopping: EarlyStopping | bool = False
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 16
    """Questions at once, of each provider."""
    attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    """Tries for one answer. The failure rate is of first ones."""
    budget_usd: Decimal | None = None
    expected_output_tokens: Annotated[int, Meta(ge=1)] = EXPECTED_OUTPUT_TOKENS
    """For the estimate before the run, when nothing better is known."""
    max_output_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    thinking: Thinking | None = None
    stream: bool = False
    """Answers are streamed, so that time to first token and tokens per second are measured."""
    tools: list[dict[str, Any]] = []
    """In OpenAI's form, for all cases that name none."""


class NamedScorer(Struct, frozen=True):
    """A scorer of the file."""

    name: str
    words: str
    """With its options, for a reader."""
    scorer: AnyScorer


class Poc(Struct, frozen=True, kw_only=True):
    """The file with every name resolved."""

    file: PocFile
    folder: Path
    scorers: tuple[NamedScorer, ...]
    """The main one first; it is called `accuracy`."""
    criteria: tuple[Criterion, ...]
    baseline: str
    template: PromptTemplate
    tools: tuple[Tool, ...] = ()

    @property
    def providers(self) -> dict[str, ProviderConfig]:
        """The providers, their files found from the folder of `poc.yaml`."""
        return {n: anchored(config, self.folder) for n, config in self.file.providers.items()}

    def open_cases(self) -> CaseSource:
        """The cases, as the file names them. Raises `InvalidInput`, `NotFound`."""
        return open_cases(self.file.cases, self.folder, exclude_tag=self.file.exclude_tag)

    @property
    def early(self) -> EarlyStopping | None:
        """None = every candidate is asked to the end."""
        given = self.file.early_stopping
        if given is True:
            return EarlyStopping()
        return given or None


def load_poc(path: Path) -> Poc:
    """Read and check. Raises `InvalidInput` with file, line and key, all problems at once."""
    return resolved(load(path, PocFile), path.parent)


def resolved(document: Document[PocFile], folder: Path) -> Poc:
    """Every name of the document looked up. Raises `InvalidInput`, all problems at once."""
    file = document.value
    problems: list[InvalidInput] = []
    names = [c.name for c in file.candidates]
    _check_candidates(document, names, problems)
    _check_providers(document, problems)
    criteria = _criteria(document, problems)
    if file.baseline is not None and file.baseline not in names:
        hint = did_you_mean(file.baseline, names)
        problems.append(document.error("baseline", f'no candidate "{file.baseline}".{hint}'))
    template = _template(document, folder, problems)
    if file.budget_usd is not None and file.budget_usd <= 0:
        problems.append(document.error("budget_usd", "a budget is more than nothing"))
    if file.schedule is not None and (why := schedule_problem(file.schedule, file.repeats)):
        problems.append(document.error("schedule", why))
    scorers = _scorers(document, folder, problems)
    tools = _tools(document, problems)
    if problems:
        raise InvalidInput("\n".join(str(p) for p in problems))
    return Poc(
        file=file,
        folder=folder,
        scorers=scorers,
        criteria=criteria,
        baseline=file.baseline or names[0],
        template=template,
        tools=tools,
    )


def _check_candidates(
    document: Document[PocFile], names: list[str], problems: list[InvalidInput]
) -> None:
    file = document.value
    for i, name in enumerate(names):
        if name in names[:i]:
            message = f'"{name}" is a candidate already'
            problems.append(document.error(f"candidates[{i}].name", message))
    places = [(f"candidates[{i}]", c.provider) for i, c in enumerate(file.candidates)]
    places += [(f"judges.{name}", judge.provider) for name, judge in file.judges.items()]
    for where, provider in places:
        if provider not in file.providers:
            hint = did_you_mean(provider, file.providers)
            message = f'unknown provider "{provider}".{hint}'
            problems.append(document.error(f"{where}.provider", message))


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
            found.append(parse_criterion(metric, text, list(document.value.scorers)))
        except InvalidInput as error:
            problems.append(document.error(f"criteria.{metric}", str(error)))
    return tuple(found)


def _template(
    document: Document[PocFile], folder: Path, problems: list[InvalidInput]
) -> PromptTemplate:
    file = document.value
    key = "messages" if file.messages else "prompt"
    turns = file.messages or [Turn(role="user", content=file.prompt)]
    try:
        if file.messages and file.prompt != "{prompt}":
            raise InvalidInput("give either `messages` or `prompt`")
        template = read_messages(turns, folder)
    except InvalidInput as error:
        said = str(error)
        said = said if key == "messages" else said.removeprefix("messages[0].content: ")
        problems.append(document.error(key, said))
        return PromptTemplate(())
    if not template.names:
        problems.append(document.error(key, "the template does not use {prompt} or any variable"))
    return template


def _scorers(
    document: Document[PocFile], folder: Path, problems: list[InvalidInput]
) -> tuple[NamedScorer, ...]:
    found: list[NamedScorer] = []
    file = document.value
    wanted = [("scorer", MAIN, file.scorer)]
    wanted += [(f"scorers.{name}", name, given) for name, given in file.scorers.items()]
    for where, name, given in wanted:
        if where != "scorer" and name == MAIN:
            problems.append(document.error(where, f'"{MAIN}" is what the main scorer is called'))
        try:
            words, scorer = choose_scorer(given, folder)
        except InvalidInput as error:
            problems.append(document.error(place(where, given), str(error)))
            continue
        for judge in asked_judges(scorer):
            if judge not in file.judges:
                hint = did_you_mean(judge, file.judges)
                message = f'no judge "{judge}".{hint} Name it under judges:'
                problems.append(document.error(place(where, given), message))
        found.append(NamedScorer(name, words, scorer))
    return tuple(found)


def _tools(document: Document[PocFile], problems: list[InvalidInput]) -> tuple[Tool, ...]:
    if not document.value.tools:
        return ()
    body = {"model": "m", "messages": [], "tools": document.value.tools}
    try:
        return openai_chat.read_request(msgspec.json.encode(body)).tools
    except BadRequest as error:
        problems.append(document.error("tools", str(error)))
        return ()
