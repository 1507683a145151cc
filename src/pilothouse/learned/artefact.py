"""The one file a learned router is: JSON, versioned, with a checksum over what it says.

Weights are kept in full; what they mean is in `decide.py`, how they are found in `pilothouse.route.fit`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.learned.surface import SURFACE

FORMAT = 1


class Heads(Struct, frozen=True, kw_only=True):
    """Linear forms of log-odds, one a model: how likely is a good answer. Calibration is folded in."""

    bias: tuple[float, ...]
    surface: tuple[tuple[float, ...], ...]
    """By model, then by feature of `SURFACE` (centred and scaled, then cut to [-4, 4])."""
    prior: tuple[float, ...]
    """Of the standardised prior score."""
    tags: dict[str, tuple[float, ...]] = {}


class Look(Struct, frozen=True, kw_only=True):
    """How surface features and the prior score were scaled where the router learned."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    prior: tuple[float, ...]
    """The shipped prior's weights, of the raw features."""
    prior_mean: float
    prior_scale: float


class Shape(Struct, frozen=True, kw_only=True):
    """How prompts that were learned from look together: an unlike one is far from their middle.

    The squared length of `rows . x - offsets`, where x are the raw surface features (cut as heads see them) and
    the coverage (more than usual counts as usual): Mahalanobis' distance along the directions in which the prompts vary least.
    """

    rows: tuple[tuple[float, ...], ...]
    offsets: tuple[float, ...]
    farthest: float
    """Of a prompt that counts as alike."""
    usual_coverage: float


class Money(Struct, frozen=True, kw_only=True):
    """What an answer of one model is expected to take."""

    usd: float
    """At no input; None of it is known = 0 for all models, and `has_costs` of the artefact is false."""
    usd_per_char: float
    latency_ms: float
    tag_usd: dict[str, float] = {}
    """Factors on the cost, shrunk to 1."""
    tag_latency: dict[str, float] = {}


class Certificate(Struct, frozen=True, kw_only=True):
    """At most `epsilon` of requests are harmed, with confidence 1 - `delta`, on traffic like the sample.

    Harmed: the reference would have answered well, and the chosen model does not. The bound is one-sided
    Clopper-Pearson, the tolerances were tried in a fixed order from "never" on (fixed-sequence testing).
    """

    epsilon: float
    delta: float
    quality_usd: float = 0.0
    """What a good answer was said to be worth; the choice among the tolerated depends on it."""
    tolerance: float | None
    """The largest that holds; None = not one does, and everything goes to the reference."""
    cases: int
    """Of the calibration sample, used for nothing else."""
    harmed: int
    upper_bound: float
    routed_share: float
    """Of requests that do not go to the reference."""
    chance: float | None = None
    """How likely as many requests, drawn at random, would harm as few: small = it knows which to take."""
    saving: float | None = None
    """1 - cost with routing / cost of the reference, on the sample; None = costs are not known."""
    saving_low: float | None = None
    saving_high: float | None = None
    cases_for_next: int | None = None
    """How many labelled cases the next tolerance would need, at the harm seen."""
    at_us: int = 0


class Artefact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A learned router."""

    format: int
    learned_from: str
    """A proof's id or a file's name."""
    at_us: int
    models: tuple[str, ...]
    reference: int
    """The model that answers when nothing is known: the best single one."""
    cases: int
    mean: tuple[float, ...]
    """Of the score, by model."""
    look: Look
    full: Heads
    plain: Heads
    """Without words: for prompts that are not like those learned from."""
    terms: dict[str, tuple[float, ...]]
    """A term's inverse document frequency, then its weight in each of `full`."""
    unknown_idf: float
    """Of a term that was never seen."""
    tag_counts: dict[str, int]
    """Cases of each; where every case had one, a request without is not like them."""
    shape: Shape
    has_costs: bool
    money: tuple[Money, ...]
    certificates: tuple[Certificate, ...] = ()
    advice: str = "route"
    """`route` or `do not route`."""
    why: str = ""
    checksum: str = ""


def usual_promise(certificates: Sequence[Certificate]) -> Certificate | None:
    """What is kept to without a word: the largest that holds up to 5 %, else the smallest that does."""
    kept = [c for c in certificates if c.tolerance is not None]
    usual = [c for c in kept if c.epsilon <= 0.05]
    return usual[-1] if usual else kept[0] if kept else None


def sealed(artefact: Artefact) -> bytes:
    """As it is written, with its checksum."""
    checksum = _checksum(artefact)
    return msgspec.json.encode(msgspec.structs.replace(artefact, checksum=checksum))


def read_artefact(path: Path) -> Artefact:
    """Raises `InvalidInput`: no file, cut off, of another format, or changed by hand."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    return artefact_of(content, str(path))


def artefact_of(content: bytes, where: str) -> Artefact:
    """Of a file's content; `where` for the error. Raises `InvalidInput`."""
    again = "learn it again: pilothouse route learn RUN"
    try:
        head = msgspec.json.decode(content, type=_Head)
    except msgspec.DecodeError as error:
        raise InvalidInput(
            f"{where}: not a learned router, or cut off ({error}): {again}"
        ) from None
    if head.format != FORMAT:
        age = "an older" if head.format < FORMAT else "a newer"
        raise InvalidInput(
            f"{where}: of {age} format ({head.format}; this version reads {FORMAT}): {again}"
        )
    try:
        artefact = msgspec.json.decode(content, type=Artefact)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"{where}: {error}: {again}") from None
    if artefact.checksum != _checksum(artefact):
        raise InvalidInput(
            f"{where}: its checksum is wrong, it was changed after learning: {again}"
        )
    _check(artefact, where)
    return artefact


class _Head(Struct):
    format: int


def _checksum(artefact: Artefact) -> str:
    bare = msgspec.json.encode(msgspec.structs.replace(artefact, checksum=""))
    return hashlib.sha256(bare).hexdigest()


def _check(artefact: Artefact, where: str) -> None:
    """The shapes; a file that passes the checksum was written by a program, perhaps not by ours."""
    models = len(artefact.models)
    heads = (artefact.full, artefact.plain)
    is_whole = (
        models > 0
        and 0 <= artefact.reference < models
        and len(artefact.money) == len(artefact.mean) == models
        and len(artefact.look.mean) == len(artefact.look.scale) == len(SURFACE)
        and all(len(h.bias) == len(h.surface) == len(h.prior) == models for h in heads)
        and all(len(row) == len(SURFACE) for h in heads for row in h.surface)
        and all(len(w) == models for h in heads for w in h.tags.values())
        and all(len(w) == models + 1 for w in artefact.terms.values())
        and len(artefact.shape.rows) == len(artefact.shape.offsets)
        and all(len(row) == len(SURFACE) + 1 for row in artefact.shape.rows)
    )
    if not is_whole:
        raise InvalidInput(f"{where}: its parts do not fit together: learn it again")
