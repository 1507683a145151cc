"""A guard of your own: project names stay inside, and nobody asks for legal advice."""

from pilothouse.core.guard import Blocked


def guard(text: str, *, names: list[str]) -> str | Blocked | None:
    """None = nothing to say; another text = go on with that; `Blocked` = stop."""
    if "legal advice" in text.lower():
        return Blocked(reason="no legal advice here: ask the lawyers", code="legal_advice")
    for name in names:
        text = text.replace(name, "[project]")
    return text
