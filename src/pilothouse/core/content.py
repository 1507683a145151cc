"""Guesses about a text, by marks that can be named. None of them understands it, and none claims to."""

from __future__ import annotations

from collections.abc import Iterable

from pilothouse.core.request import MediaPart

_LOOKED_AT = 8000
"""Characters from the end of a text that are looked at."""
_CODE = (
    *("```", "#include <", "Traceback (most recent call last)", "</", "=> {", "();", "){"),
    *("console.log", "public static ", "std::", "#!/", "(self", "self._", "SELECT * "),
    *("\ndef ", "\nimport "),
    *("git rebase", "npm ", "pip install", "docker ", "kubectl ", "NullPointerException"),
)
"""One of these is enough."""
_WRITING = ("write ", "implement ", "create ", "develop ")
_WRITTEN = (
    *("a function", "a regex", "a unit test", "unit tests", "code ", "a python", "python"),
    *("a c++", "c++", "an sql", "a sql", "sql", "a bash", "bash", "a shell script"),
)
"""One of these right after one of those is enough: "write a function"."""
_ABOUT_CODE = (
    *("python", "javascript", "typescript", "java ", " rust ", "golang", "c++", "sql", "bash"),
    *("function", "refactor", "regex", "compile", "unit test", "stack trace", "debug", " bug"),
    *("source code", "codebase", "my code", "this code", "endpoint", " api ", "json", "html"),
    *("css", "algorithm", "class method", "exception", "variable", "repository", "pull request"),
)
"""Two different ones of these are enough."""
_SCRIPTS = (
    (0x0370, 0x03FF, "greek"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0590, 0x05FF, "hebrew"),
    (0x0600, 0x077F, "arabic"),
    (0x0900, 0x0DFF, "indic"),
    (0x0E00, 0x0E7F, "thai"),
    (0x1100, 0x11FF, "hangul"),
    (0x3040, 0x30FF, "kana"),
    (0x3400, 0x9FFF, "han"),
    (0xAC00, 0xD7AF, "hangul"),
)


def text_tokens(text: str) -> int:
    """Tokens, roughly: UTF-8 bytes over 4, rounded up. Other scripts have more bytes, and more tokens."""
    size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    return -(-size // 4)


def has_media(media: Iterable[MediaPart], *kinds: str) -> bool:
    """Whether any is of one of `kinds`."""
    return any(part.kind in kinds for part in media)


def looks_like_code(text: str) -> bool:
    """A mark that only code has, a request to write some, or two words that people use about code."""
    end = "\n" + text[-_LOOKED_AT:]
    if any(mark in end for mark in _CODE):
        return True
    words = end.lower()
    if any(_asks_for_code(words, verb) for verb in _WRITING):
        return True
    return sum(word in words for word in _ABOUT_CODE) >= 2


def _asks_for_code(words: str, verb: str) -> bool:
    at = words.find(verb)
    while at >= 0:
        at += len(verb)
        if words.startswith(_WRITTEN, at):
            return True
        at = words.find(verb, at)
    return False


def script_of(text: str) -> str | None:
    """The script of most letters among the last 400 characters; None without letters."""
    counts: dict[str, int] = {}
    for letter in text[-400:]:
        if letter.isalpha():
            name = _script(ord(letter))
            counts[name] = counts.get(name, 0) + 1
    return max(counts, key=counts.__getitem__) if counts else None


def _script(code: int) -> str:
    if code < 0x0370:
        return "latin"
    return next((name for low, high, name in _SCRIPTS if low <= code <= high), "other")
