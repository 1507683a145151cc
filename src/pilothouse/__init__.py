"""Pilothouse: choose, prove, serve, migrate and watch the AI models your team runs on.

The public Python API. Names are imported when they are first used, so that `import pilothouse`
stays light.

    >>> import pilothouse
    >>> catalog = pilothouse.load_catalog()
    >>> catalog.find("gpt-4-1106-preview").id
    'gpt-4-1106-preview'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pilothouse._version import __version__

if TYPE_CHECKING:
    from pilothouse.app.compose import open_client as open_client
    from pilothouse.app.config import load_config as load_config
    from pilothouse.catalog.catalog import load_bundled as load_catalog
    from pilothouse.core.call import Call as Call
    from pilothouse.core.errors import PilothouseError as PilothouseError
    from pilothouse.core.request import Message as Message
    from pilothouse.core.request import Request as Request
    from pilothouse.core.route import Route as Route
    from pilothouse.core.route import Target as Target

_WHERE = {
    "Call": ("pilothouse.core.call", "Call"),
    "Message": ("pilothouse.core.request", "Message"),
    "PilothouseError": ("pilothouse.core.errors", "PilothouseError"),
    "Request": ("pilothouse.core.request", "Request"),
    "Route": ("pilothouse.core.route", "Route"),
    "Target": ("pilothouse.core.route", "Target"),
    "load_catalog": ("pilothouse.catalog.catalog", "load_bundled"),
    "load_config": ("pilothouse.app.config", "load_config"),
    "open_client": ("pilothouse.app.compose", "open_client"),
}

__all__ = [
    "Call",
    "Message",
    "PilothouseError",
    "Request",
    "Route",
    "Target",
    "__version__",
    "load_catalog",
    "load_config",
    "open_client",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'pilothouse' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(import_module(module), attribute)
