"""The parts of a case that are more than text: earlier turns, tools and images.

Turns and tools are written as OpenAI's chat format writes them and read by the gateway's own reader.
"""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import structs

from pilothouse.core.errors import BadRequest, InvalidInput
from pilothouse.core.request import MediaPart, Message, Request, TextPart, Tool
from pilothouse.dialects.openai_chat import plugin as openai_chat

MAX_IMAGE_BYTES = 20_000_000
"""The largest image that a vendor takes inline (Gemini, 20 MB for the whole request)."""
_ASKED: list[dict[str, Any]] = [{"role": "user", "content": "-"}]


def read_conversation(
    messages: list[dict[str, Any]], prompt: str | None, folder: Path
) -> tuple[tuple[Message, ...], str]:
    """The turns before the prompt, and the prompt: the one given, or the last turn when it is a user's.

    A last turn of text and images keeps its images as a turn before the prompt; one whose texts stand
    between its images stays whole, and the prompt is empty.
    """
    read = _read({"messages": messages}, "messages").messages
    read = tuple(_with_files(message, folder, i) for i, message in enumerate(read))
    if prompt is not None:
        return read, prompt
    last = read[-1]
    if last.role == "tool":
        return read, ""
    if last.role != "user":
        raise InvalidInput(
            f"messages[{len(read) - 1}]: the conversation ends with a turn of the {last.role}: "
            "end it with the user's, or give a `prompt`"
        )
    texts = [part for part in last.parts if isinstance(part, TextPart)]
    others = tuple(part for part in last.parts if not isinstance(part, TextPart))
    if not others:
        return read[:-1], last.text
    if len(texts) != 1 or isinstance(last.parts[0], TextPart) == isinstance(
        last.parts[-1], TextPart
    ):
        return read, ""
    return (*read[:-1], Message(role="user", parts=others)), texts[0].text


def read_tools(tools: list[dict[str, Any]]) -> tuple[Tool, ...]:
    """Raises `InvalidInput` with the tool at fault."""
    for i, tool in enumerate(tools):
        function: Any = tool.get("function")
        if not isinstance(function, dict) or not cast("dict[str, Any]", function).get("name"):
            raise InvalidInput(
                f'tools[{i}]: a tool is {{"type": "function", "function": {{"name": ..., "parameters": ...}}}}'
            )
    return _read({"messages": _ASKED, "tools": tools}, "tools").tools


def read_images(images: Sequence[str], folder: Path) -> Message:
    """A user turn of images: addresses as they are, files of `folder` as base64."""
    parts = tuple(_image(image, folder, f"images[{i}]") for i, image in enumerate(images))
    return Message(role="user", parts=parts)


def _read(body: dict[str, Any], what: str) -> Request:
    try:
        return openai_chat.read_request(msgspec.json.encode({"model": "-", **body}))
    except BadRequest as error:
        where = error.param or what
        said = str(error)
        raise InvalidInput(said if where in said else f"{where}: {said}") from None


def _with_files(message: Message, folder: Path, index: int) -> Message:
    """Images that are files stand in the message itself then."""
    parts = tuple(
        _image(part.url, folder, f"messages[{index}]")
        if isinstance(part, MediaPart)
        and part.kind == "image"
        and part.url
        and "://" not in part.url
        else part
        for part in message.parts
    )
    return message if parts == message.parts else structs.replace(message, parts=parts)


def _image(image: str, folder: Path, where: str) -> MediaPart:
    if image.startswith(("https://", "http://")):
        return MediaPart(kind="image", url=image)
    if image.startswith("data:"):
        head, comma, data = image[5:].partition(",")
        if not comma or not head.endswith(";base64"):
            raise InvalidInput(f"{where}: a data URL is `data:image/png;base64,...`")
        return MediaPart(kind="image", mime=head.removesuffix(";base64"), data=data)
    path = folder / image
    mime = mimetypes.guess_type(path.name)[0]
    if mime is None or not mime.startswith("image/"):
        raise InvalidInput(
            f'{where}: "{image}" does not end as an image does (.png, .jpg, .gif, .webp)'
        )
    try:
        size = path.stat().st_size
        if size > MAX_IMAGE_BYTES:
            raise InvalidInput(
                f"{where}: {path} has {size:,} bytes; the most is {MAX_IMAGE_BYTES:,}"
            )
        data = base64.b64encode(path.read_bytes()).decode()
    except FileNotFoundError:
        raise InvalidInput(f"{where}: {path}: there is no such file") from None
    except OSError as error:
        raise InvalidInput(f"{where}: {path}: cannot be read: {error.strerror}") from None
    return MediaPart(kind="image", mime=mime, data=data, name=path.name)
