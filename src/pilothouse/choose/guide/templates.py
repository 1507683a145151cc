"""A need file for each of the guide's ten use cases, to start from."""

from __future__ import annotations

from importlib import resources

from pilothouse.core.errors import InvalidInput, did_you_mean


def template_names() -> list[str]:
    """Names as on the command line, e.g. `legal-document-analysis`."""
    folder = resources.files("pilothouse.data").joinpath("templates")
    return sorted(
        f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")
    )


def template_text(name: str) -> str:
    """The file's text. Raises `InvalidInput` with the nearest name."""
    names = template_names()
    if name not in names:
        hint = did_you_mean(name, names) or f" Known: {', '.join(names)}."
        raise InvalidInput(f'--template: there is no template "{name}".{hint}')
    file = resources.files("pilothouse.data").joinpath("templates", f"{name}.yaml")
    return file.read_text(encoding="utf-8")
