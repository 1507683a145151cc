"""What follows from other facts of a model: its purpose, licence class, places, the end of an undated id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seed import GUIDE, LICENCES, PREVIEW, PURPOSES

from pilothouse.catalog.trust import OURS
from pilothouse.core.model import Claim

RUNS_ON = ["huggingface", "ollama", "vllm", "tgi", "llama.cpp"]
EDGE_B = 4.0
"""Billions of parameters that fit a phone or a small board when quantised."""


def derived(model_id: str, claims: Iterable[Claim]) -> Iterator[Claim]:
    """Only fields of which nobody else says anything."""
    said = {c.field: c for c in claims}
    purpose = _purpose(model_id)
    if purpose and "purpose" not in said:
        yield _claim("purpose", purpose, model_id, "by its id")
    if PREVIEW.search(model_id.lower()) and "is_preview" not in said:
        yield _claim("is_preview", True, model_id, "by its id")
    licence = said.get("licence")
    if licence is not None and "licence_class" not in said:
        text = str(licence.value).lower()
        found = next((kind for start, kind in LICENCES.items() if text.startswith(start)), None)
        if found:
            yield _claim("licence_class", found, model_id, f"from its licence, {licence.value}")
    if said.get("is_open_weights") is not None and said["is_open_weights"].value is True:
        if "has_fine_tuning" not in said:
            yield _claim("has_fine_tuning", True, model_id, "its weights are open")
        if model_id in GUIDE and "kind" not in said:
            yield _claim("runs_on", RUNS_ON, model_id, "guide, lines 464-470")
    if "deployments" not in said and (weights := said.get("is_open_weights")):
        places = ["api"] if "price_input_per_mtok" in said else []
        if weights.value is True:
            size = said.get("parameters_b")
            is_small = size is not None and float(str(size.value)) <= EDGE_B
            places += ["self_hosted", "on_premises", "offline", *(["edge"] if is_small else [])]
            yield _claim("deployments", places, model_id, "its weights are open")


def _claim(field: str, value: str | bool | list[str], key: str, note: str) -> Claim:
    return Claim(field=field, value=value, source=OURS, key=key, note=note, confidence="derived")


def _purpose(model_id: str) -> str | None:
    for part, purpose in PURPOSES.items():
        at = model_id.lower().find(part)
        if at >= 0 and (at == 0 or model_id[at - 1] == "-"):
            end = at + len(part)
            if end == len(model_id) or model_id[end] in "-.":
                return purpose
    return None
