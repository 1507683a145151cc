"""What the commands that learn, judge and certify routers have in common."""

from __future__ import annotations

import click

from pilothouse.core.errors import InvalidInput

scorer_option = click.option(
    "--scorer", help="What says that an answer is good.  [default: the run's first]"
)
confidence_option = click.option(
    "--confidence",
    type=click.FloatRange(0.5, 0.9999),
    default=0.95,
    show_default=True,
    help="Of each promise.",
)


def extra_missing(error: ImportError) -> InvalidInput:
    """Learning was asked for, and what it needs is not installed."""
    return InvalidInput(
        f"learning needs numpy and scipy: pip install 'pilothouse[route]' ({error.name} is not there)"
    )
