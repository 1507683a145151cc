"""`pilothouse tokens`: how many tokens a text, images and audio have for a model."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import cast

import click

from pilothouse.catalog.audio_tokens import audio_tokens, video_tokens
from pilothouse.catalog.image_tokens import Detail, image_tokens
from pilothouse.catalog.token_count import TokenCount, count_text, total
from pilothouse.cli.output import print_json, print_table
from pilothouse.core.errors import InvalidInput

_IMAGE = re.compile(r"(\d{1,6})x(\d{1,6})(?::(low|high|auto))?")


@click.command()
@click.argument("model")
@click.argument("file", required=False)
@click.option("--text", help="The text itself, instead of a file.")
@click.option("--image", "images", multiple=True, metavar="WxH[:detail]", help="An image's size.")
@click.option("--audio", type=float, metavar="SECONDS", help="Seconds of audio.")
@click.option("--video", type=float, metavar="SECONDS", help="Seconds of video.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(
    model: str,
    file: str | None,
    text: str | None,
    images: tuple[str, ...],
    audio: float | None,
    video: float | None,
    as_json: bool,
) -> int:
    """Count the tokens of a text (FILE, or - for standard input), images and audio for MODEL.

    Exact and offline for OpenAI's models; an interval with its basis for every other one. What a request adds
    around its texts is not counted.

    \b
    Example:
      pilothouse tokens gpt-4o --text "How do I return a parcel?"
      pilothouse tokens claude-sonnet-4-5 README.md --image 1024x768
    """
    parts: list[tuple[str, TokenCount]] = []
    if text is not None and file is not None:
        raise InvalidInput("give a FILE or --text, not both")
    if text is not None or file is not None:
        given = text if text is not None else _read(str(file))
        parts.append(("text", count_text(model, given)))
    for image in images:
        parts.append((f"image {image}", _image(model, image)))
    if audio is not None:
        parts.append((f"audio {audio:g} s", audio_tokens(model, audio)))
    if video is not None:
        parts.append((f"video {video:g} s", video_tokens(model, video)))
    if not parts:
        raise InvalidInput("nothing to count: give a FILE, -, --text, --image, --audio or --video")
    _print(model, parts, as_json)
    return 0


def _read(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read: {error.strerror}") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file}: not UTF-8 text (byte {error.start})") from error


def _image(model: str, given: str) -> TokenCount:
    found = _IMAGE.fullmatch(given)
    if found is None:
        raise InvalidInput(f'--image "{given}": write it as 1024x768 or 1024x768:low')
    return image_tokens(model, int(found[1]), int(found[2]), cast(Detail, found[3] or "auto"))


def _print(model: str, parts: list[tuple[str, TokenCount]], as_json: bool) -> None:
    whole = total(count for _, count in parts)
    if as_json:
        named = [{"part": name, "count": count} for name, count in parts]
        print_json({"model": model, "total": whole, "parts": named})
        return
    rows = [(name, f"{c.tokens:,}", _interval(c), c.method) for name, c in parts]
    if len(parts) > 1:
        rows.append(("together", f"{whole.tokens:,}", _interval(whole), whole.method))
    print_table(["what", "tokens", "between", "how"], rows)
    click.echo(f"({whole.basis})")


def _interval(count: TokenCount) -> str:
    return "" if count.method == "exact" else f"{count.low:,} and {count.high:,}"
