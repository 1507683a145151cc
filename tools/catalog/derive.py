"""What follows from other facts of a model: its purpose, licence class, places, the end of an undated id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from seed import CLOSED, FAMILIES, GUIDE, LICENCES, PREVIEW, PURPOSES

from pilothouse.catalog.trust import OURS
from pilothouse.core.model import Claim

RUNS_ON = ["huggingface", "ollama", "vllm", "tgi", "llama.cpp"]
SEED = "tools/catalog/seed.py"
EDGE_B = 4.0
"""Billions of parameters that fit a phone or a small board when quantised."""


def derived(model_id: str, claims: Iterable[Claim]) -> Iterator[Claim]:
    """Only fields of which nobody else says anything."""
    said = {c.field: c for c in claims}
    yield from _named(model_id, said)
    yield from _served_only(model_id, said)
    purpose = _purpose(model_id)
    if purpose and "purpose" not in said:
        yield _claim("purpose", purpose, model_id, "by its id", url=SEED)
    if PREVIEW.search(model_id.lower()) and "is_preview" not in said:
        yield _claim("is_preview", True, model_id, "by its id", url=SEED)
    licence = said.get("licence")
    if licence is not None and "licence_class" not in said:
        text = str(licence.value).lower()
        found = next((kind for start, kind in LICENCES.items() if text.startswith(start)), None)
        if found:
            why = f"from its licence, {licence.value}, said by {licence.source}"
            yield _claim("licence_class", found, model_id, why, url=licence.url or SEED)
    if said.get("is_open_weights") is not None and said["is_open_weights"].value is True:
        if "has_fine_tuning" not in said:
            why = f"its weights are open, says {said['is_open_weights'].source}"
            yield _claim("has_fine_tuning", True, model_id, why, url=said["is_open_weights"].url)
        if model_id in GUIDE and "kind" not in said:
            yield _claim("runs_on", RUNS_ON, model_id, "guide, lines 464-470", url=SEED)
    if "deployments" not in said and (weights := said.get("is_open_weights")):
        places = ["api"] if "price_input_per_mtok" in said else []
        if weights.value is True:
            size = said.get("parameters_b")
            is_small = size is not None and float(str(size.value)) <= EDGE_B
            places += ["self_hosted", "on_premises", "offline", *(["edge"] if is_small else [])]
            why = f"its weights are open, says {weights.source}"
            yield _claim("deployments", places, model_id, why, url=weights.url)


def _named(model_id: str, said: Mapping[str, Claim]) -> Iterator[Claim]:
    """The family that the id says."""
    if "family" in said:
        return
    for start, family in FAMILIES:
        if re.match(start, model_id.lower()):
            yield _claim("family", family, model_id, "by its id", url=SEED)
            return


def _served_only(model_id: str, said: Mapping[str, Claim]) -> Iterator[Claim]:
    """Closed weights of vendors who give none of that line away, and the class that follows."""
    vendor = said.get("vendor")
    pattern, terms = CLOSED.get(str(vendor.value) if vendor else "", ("", ""))
    is_closed = "is_open_weights" in said and said["is_open_weights"].value is False
    if "is_open_weights" not in said and pattern and re.match(pattern, model_id.lower()):
        is_closed = True
        yield _claim("is_open_weights", False, model_id, "its vendor only serves it", url=terms)
    if is_closed and "licence_class" not in said and "licence" not in said:
        url = terms or said["is_open_weights"].url if "is_open_weights" in said else terms
        why = "its weights are not given away: a service under its vendor's terms"
        yield _claim("licence_class", "proprietary", model_id, why, url=url)


def _claim(
    field: str, value: str | bool | list[str], key: str, note: str, *, url: str | None
) -> Claim:
    return Claim(
        field=field, value=value, source=OURS, key=key, note=note, confidence="derived", url=url
    )


def _purpose(model_id: str) -> str | None:
    for part, purpose in PURPOSES.items():
        at = model_id.lower().find(part)
        if at >= 0 and (at == 0 or model_id[at - 1] == "-"):
            end = at + len(part)
            if end == len(model_id) or model_id[end] in "-.":
                return purpose
    return None
