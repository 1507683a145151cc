"""The report as one HTML file: nothing is fetched, the plots are inline, the script only sorts and unfolds."""

from __future__ import annotations

from pilothouse.prove.render.html.page import page

__all__ = ["page"]
