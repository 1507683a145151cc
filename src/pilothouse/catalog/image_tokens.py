"""Input tokens of an image by each vendor's published rule; where no rule is published, a refusal that says so.

Pages, seen in stored copies on 2026-11-24:
OpenAI https://platform.openai.com/docs/guides/images-vision (tiles: 85 + 170 a 512 px tile; patches of 32 px),
Anthropic https://platform.claude.com/docs/en/build-with-claude/vision (width x height / 750, at most 1568 px),
Google https://ai.google.dev/gemini-api/docs/tokens (258 a 768 px tile).
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Literal

from pilothouse.catalog.openai_tokens import openai_name
from pilothouse.catalog.token_count import TokenCount, estimated, exact
from pilothouse.core.errors import InvalidInput

Detail = Literal["low", "high", "auto"]

_TILES: tuple[tuple[str, int, int], ...] = (  # model, base, a tile
    (r"^gpt-4o-mini", 2833, 5667),
    (r"^gpt-4\.1(?!-(?:mini|nano))|^gpt-4o|^gpt-4\.5|^chatgpt-4o|^gpt-4-(?:turbo|vision)", 85, 170),
    (r"^o[13](?:-pro)?(?:-\d|$)", 75, 150),
    (r"^gpt-5(?:-chat|-2025|$)", 70, 140),
    (r"^computer-use-preview", 65, 129),
)
_PATCHES: tuple[tuple[str, str, str], ...] = (  # model, published multiplier, billed by reports
    (r"^gpt-4\.1-mini", "1.62", "1.62"),
    (r"^gpt-4\.1-nano", "2.46", "2.46"),
    (r"^o4-mini|^codex-mini", "1.72", "1.72"),
    (r"^gpt-5-mini", "1.62", "1.2"),
    (r"^gpt-5-nano", "2.46", "1.5"),
)
_PATCH_PX = 32
_MOST_PATCHES = 1536
_GEMINI_1_2 = re.compile(r"gemini-(?:1\.5|2\.\d)")
_CLAUDE_SIZED = re.compile(r"claude-(?:3|(?:opus|sonnet|haiku)-4(?:-[0156](?!\d)|-\d{8}|$))")


def image_tokens(model: str, width: int, height: int, detail: Detail = "auto") -> TokenCount:
    """Input tokens of one image of `width` x `height` pixels.

    `auto` is read as `high`, the dearer one. Raises `InvalidInput` for a size below 1 pixel and for a model whose
    rule is not published or not known here.
    """
    if width < 1 or height < 1:
        raise InvalidInput(f"an image of {width}x{height} pixels: both sides must be 1 or more")
    name = openai_name(model)
    for pattern, base, tile in _TILES:
        if re.search(pattern, name):
            tokens = base if detail == "low" else base + tile * tiles_512(width, height)
            return exact(tokens, f"OpenAI's tiles: {base} and {tile} a tile of 512 px")
    for pattern, published, billed in _PATCHES:
        if re.search(pattern, name):
            return _patched(width, height, published, billed)
    plain = model.strip().lower()
    if _CLAUDE_SIZED.search(plain.replace(".", "-")):
        return _claude(width, height)
    if _GEMINI_1_2.search(plain):
        tokens = 258 * tiles_768(width, height)
        basis = "Google's 258 tokens a tile of up to 768 px; how it crops is not published"
        return estimated(tokens, min(258, tokens), tokens, basis)
    raise InvalidInput(
        f'image tokens of "{model}" are not known: no published rule for it is held here. Known: OpenAI GPT-4o to '
        "GPT-5 and o series, Claude 3 to 4.6, Gemini 1.5 to 2.5 (docs/tokens.md)"
    )


def tiles_512(width: int, height: int) -> int:
    """Tiles after fitting into 2048 x 2048 and bringing the short side down to 768 px.

    Sides are rounded to whole pixels: 2049 x 513 is billed 8 tiles and 2050 x 513 only 4
    (community.openai.com/t/1281361).
    """
    scale = min(Fraction(1), Fraction(2048, max(width, height)))
    scale = min(scale, Fraction(768, min(width, height)))
    return _whole_tiles(width * scale) * _whole_tiles(height * scale)


def patches_32(width: int, height: int) -> int:
    """Patches of 32 px, the image scaled down until at most 1,536 cover it."""
    across, down = math.ceil(width / _PATCH_PX), math.ceil(height / _PATCH_PX)
    if across * down <= _MOST_PATCHES:
        return across * down
    scale = math.sqrt(_MOST_PATCHES * _PATCH_PX**2 / (width * height))
    across_f, down_f = width * scale / _PATCH_PX, height * scale / _PATCH_PX
    whole = [math.floor(side) / side for side in (across_f, down_f) if side >= 1]
    scale *= min(whole, default=1.0)
    across = math.ceil(round(width * scale / _PATCH_PX, 6))
    down = math.ceil(round(height * scale / _PATCH_PX, 6))
    return min(_MOST_PATCHES, across * down)


def tiles_768(width: int, height: int) -> int:
    """One when both sides are at most 384 px, else tiles of 768 px that cover the image."""
    if max(width, height) <= 384:
        return 1
    return math.ceil(width / 768) * math.ceil(height / 768)


def _whole_tiles(side: Fraction) -> int:
    return max(1, math.ceil(round(side) / 512))


def _patched(width: int, height: int, published: str, billed: str) -> TokenCount:
    """Exact where nothing is scaled; a scaled image was seen billed at the cap (4000 x 1474)."""
    patches = patches_32(width, height)
    high = math.ceil(patches * Fraction(published))
    if math.ceil(width / _PATCH_PX) * math.ceil(height / _PATCH_PX) > _MOST_PATCHES:
        low = math.ceil(patches * Fraction(billed))
        cap = math.ceil(_MOST_PATCHES * Fraction(published))
        basis = f"OpenAI's patches, scaled to at most {_MOST_PATCHES}: {patches} x {published}"
        return estimated(high, low, cap, basis)
    if billed == published:
        return exact(high, f"OpenAI's patches of {_PATCH_PX} px: {patches} x {published}")
    low = math.ceil(patches * Fraction(billed))
    basis = f"OpenAI's patches: {patches} x {published} published, x {billed} reported as billed"
    return estimated(high, low, high, basis)


def _claude(width: int, height: int) -> TokenCount:
    scale = min(1.0, 1568 / max(width, height))
    tokens = math.ceil(width * height * scale * scale / 750)
    if tokens > 1600:
        tokens = 1600
    basis = "Anthropic's width x height / 750 after fitting 1568 px and about 1,600 tokens"
    return estimated(tokens, max(1, math.floor(tokens * 0.93)), math.ceil(tokens * 1.05) + 5, basis)
