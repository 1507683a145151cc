"""`pilothouse`: every command is one module of this package, imported only when it is used."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from pilothouse._version import __version__
from pilothouse.core.errors import PilothouseError, did_you_mean

COMMANDS = {
    "choose": "From a need to a shortlist of 2-3 models, with every exclusion explained.",
    "guide": "The model selection guide: its tree and tables, with who sits where today.",
    "compare": "Models side by side: limits, abilities, policies, prices, benchmarks.",
    "whatif": "The same need after a price change, an outage, a retirement.",
    "decisions": "Saved decisions against today's catalogue; exit 1 when one no longer holds.",
    "price": "What a call costs in every dimension, on any day, or why nobody can say.",
    "tco": "What a choice costs in all, with its uncertainty, and what would save.",
    "selfhost": "Machines of your own: memory, capacity, and when they pay.",
    "catalog": "Lists read, compared and doubted; your own models and prices; how old facts are.",
    "models": "What the catalogue knows, and who says so.",
    "providers": "Vendors and servers that are known: addresses, keys, formats, abilities.",
    "cases": "Test sets: sampled from live traffic, read in any form, checked.",
    "suites": "Standard benchmarks: protocols, items, what was published, what a score says.",
    "prove": "Run a proof of concept and judge it against its success criteria.",
    "judge": "Judges compared with people, a rate corrected for their errors, candidates ranked.",
    "runs": "Proofs that are kept: list them, read one again, compare two, export, import.",
    "review": "People compare or grade answers, blind, by keyboard; how far they agree.",
    "regress": "Is the current model worse than the baseline? A verdict for CI, every week.",
    "serve": "Start the gateway.",
    "reload": "A running gateway reads its configuration again.",
    "jobs": "Requests that may wait: list them, read one, cancel.",
    "work": "Answer queued requests in a process of its own, on any machine.",
    "keys": "Virtual keys: make, limit, rotate, revoke, and what they spent.",
    "cache": "What a request is to the answer cache, and how often a near answer is wrong.",
    "guards": "What looks at questions and answers, and what it would do to a text.",
    "check": "Validate a configuration without starting anything.",
    "route": "Routes: list them, explain a choice, replay calls; learn one, plan a cascade, judge it.",
    "migrate": "Plan, rehearse, run and read rollouts from one model to another.",
    "calls": "Every attempt to get an answer, filtered.",
    "tokens": "How many tokens a text, images or audio have for a model.",
    "costs": "Requests, errors, latency, tokens and money by model, route, arm and day.",
}

_ALSO = {"routes": "route"}
"""Names that commands had before."""


class _Lazy(click.Group):
    """Imports `pilothouse.cli.<name>` and takes its `command` when the name is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        cmd_name = _ALSO.get(cmd_name, cmd_name)
        if cmd_name not in COMMANDS:
            return None
        return import_module(f"pilothouse.cli.{cmd_name}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in {*COMMANDS, *_ALSO} and not args[0].startswith("-"):
            ctx.fail(f'no command "{args[0]}".{did_you_mean(args[0], COMMANDS)}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pilothouse")
def cli() -> None:
    """Choose, prove, serve, migrate and watch the AI models your team runs on.

    \b
    Example:
      pilothouse choose need.yaml
    """


def main() -> None:
    """The entry point: 0 done, 1 the answer is "no", 2 wrong use, 130 interrupted."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except PilothouseError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if os.environ.get("PILOTHOUSE_DEBUG"):
            raise
        click.echo(f"internal error: {type(error).__name__}: {error}", err=True)
        click.echo("This is a bug in Pilothouse. PILOTHOUSE_DEBUG=1 shows where.", err=True)
        sys.exit(70)
    sys.exit(code if isinstance(code, int) else 0)
