"""What of a request a target's format could not say, and whether the answer depends on it.

A loss is a path in our nouns as dialects write it (`Written.lost`): `seed`, `tools[0].strict`,
`messages[2].parts[0]: audio`. The hints below change what an answer costs, how quickly it comes or how it is
labelled; without them it is as right as with them. Everything else is a real loss, also what is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

HINTS: dict[str, str] = {
    "thinking.budget_tokens": "how much to think; the model thinks as much as it likes",
    "thinking.is_adaptive": "that the model may choose how much to think",
    "thinking.is_shown": "whether thinking is shown beside the answer",
    "thinking.effort": "how hard to think, where the format has no such word or fewer steps",
    "output.name": "what a schema is called",
    "output.description": "what a schema is said to be for",
    "subject": "whom the vendor may block",
    "user": "whom the vendor may block",
    "safety_identifier": "whom the vendor may block",
    "metadata": "labels for the vendor's own logs",
    "store": "whether the vendor keeps a copy",
    "service_tier": "how quickly the vendor serves, and at what price",
    "prompt_cache_key": "which cache of the vendor's is used",
    "prompt_cache_retention": "how long the vendor's cache is kept",
}
"""Fields of the request, with or without `extra.` before them, and what is lost with each."""

HINTS_UNDER: dict[str, str] = {
    "cache": "a mark for the vendor's cache: it saves money and time",
    "name": "the file name of a medium, or the speaker's name beside the role",
    "mime": "the type of a medium that the vendor fetches and looks at itself",
    "detail": "at which resolution an image is looked at",
    "id": "the vendor's own handle of a block of thinking",
}
"""Fields of a message, a part or a tool."""

# Not among them: `strict` (without it arguments may break the schema), thinking and its signatures (a model
# that forgets what it thought goes another way), `parallel_tool_calls`, `seed`, `stop`, and every medium.

_UNDER = re.compile(r"^(?:messages\[\d*\]|tools\[\d+\])(?:\.parts\[\d+\])*\.(\w+)$")


def is_hint(loss: str) -> bool:
    """Whether the answer is as right without it."""
    path = loss.partition(":")[0].strip()
    if path.removeprefix("extra.") in HINTS:
        return True
    under = _UNDER.match(path)
    return under is not None and under[1] in HINTS_UNDER


def real_losses(lost: Iterable[str]) -> tuple[str, ...]:
    """Those that the answer depends on, in order."""
    return tuple(loss for loss in lost if not is_hint(loss))
