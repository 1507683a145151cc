"""IFEval's instructions, one check each. Source: google-research/instruction_following_eval, read and written anew."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from pilothouse.scorers._ifeval_language import is_language
from pilothouse.scorers._json_in import json_in
from pilothouse.scorers._words import sentences

Check = Callable[[str, dict[str, Any], str], bool]
"""The answer, the instruction's options, the prompt."""
_WORD = re.compile(r"\w+")
_CONSTRAINED = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def _related(count: int, options: dict[str, Any], wanted: int) -> bool:
    relation = options.get("relation") or "at least"
    return count < wanted if relation == "less than" else count >= wanted


def _keywords(text: str, o: dict[str, Any], prompt: str) -> bool:
    return all(re.search(re.escape(k), text, re.IGNORECASE) for k in o["keywords"])


def _frequency(text: str, o: dict[str, Any], prompt: str) -> bool:
    found = re.findall(re.escape(o["keyword"]), text, re.IGNORECASE)
    return _related(len(found), o, o["frequency"])


def _forbidden(text: str, o: dict[str, Any], prompt: str) -> bool:
    return not any(
        re.search(rf"\b{re.escape(w)}\b", text, re.IGNORECASE) for w in o["forbidden_words"]
    )


def _letters(text: str, o: dict[str, Any], prompt: str) -> bool:
    count = Counter(text.lower())[str(o["letter"]).lower()]
    relation = {"relation": o.get("let_relation")}
    return _related(count, relation, o["let_frequency"])


def _language(text: str, o: dict[str, Any], prompt: str) -> bool:
    return is_language(text, o["language"])


def _sentences(text: str, o: dict[str, Any], prompt: str) -> bool:
    return _related(len(sentences(text)), o, o["num_sentences"])


def _paragraphs(text: str, o: dict[str, Any], prompt: str) -> bool:
    """Divided by `***`; an empty one is allowed only at an end."""
    parts = re.split(r"\s?\*\*\*\s?", text)
    count = len(parts)
    for i, part in enumerate(parts):
        if not part.strip():
            if 0 < i < len(parts) - 1:
                return False
            count -= 1
    return count == o["num_paragraphs"]


def _words(text: str, o: dict[str, Any], prompt: str) -> bool:
    return _related(len(_WORD.findall(text)), o, o["num_words"])


def _nth_paragraph(text: str, o: dict[str, Any], prompt: str) -> bool:
    parts = [p for p in re.split(r"\n\n", text) if p.strip()]
    nth = o["nth_paragraph"]
    if len(parts) != o["num_paragraphs"] or nth > len(parts):
        return False
    first = re.match(r"[\W_]*(\w+)", parts[nth - 1])
    return first is not None and first[1].lower() == str(o["first_word"]).lower()


def _placeholders(text: str, o: dict[str, Any], prompt: str) -> bool:
    return len(re.findall(r"\[.*?\]", text)) >= o["num_placeholders"]


def _postscript(text: str, o: dict[str, Any], prompt: str) -> bool:
    marker = str(o["postscript_marker"])
    pattern = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}.get(
        marker, re.escape(marker.lower())
    )
    return re.search(rf"(?m)^\s*{pattern}.*$|\s{pattern}.*$", text.lower()) is not None


def _bullets(text: str, o: dict[str, Any], prompt: str) -> bool:
    stars = re.findall(r"(?m)^\s*\*[^\*].*$", text)
    dashes = re.findall(r"(?m)^\s*-.*$", text)
    return len(stars) + len(dashes) == o["num_bullets"]


def _constrained(text: str, o: dict[str, Any], prompt: str) -> bool:
    return any(one in text for one in _CONSTRAINED)


def _highlights(text: str, o: dict[str, Any], prompt: str) -> bool:
    single = [h for h in re.findall(r"\*[^\n\*]*\*", text) if h.strip("*").strip()]
    double = [h for h in re.findall(r"\*\*[^\n\*]*\*\*", text) if h[2:-2].strip()]
    return len(single) + len(double) >= o["num_highlights"]


def _sections(text: str, o: dict[str, Any], prompt: str) -> bool:
    found = re.findall(rf"\s?{re.escape(o['section_spliter'])}\s?\d+\s?", text)
    return len(found) >= o["num_sections"]


def _json(text: str, o: dict[str, Any], prompt: str) -> bool:
    bare = text.strip()
    for fence in ("```json", "```Json", "```JSON", "```"):
        bare = bare.removeprefix(fence)
    try:
        json_in(bare.removesuffix("```"), only_whole=True)
    except ValueError:
        return False
    return True


def _title(text: str, o: dict[str, Any], prompt: str) -> bool:
    return any(t.strip("<>").strip() for t in re.findall(r"<<[^\n]+>>", text))


def _repeat(text: str, o: dict[str, Any], prompt: str) -> bool:
    wanted = str(o["prompt_to_repeat"])
    return text.strip().lower().startswith(wanted.strip().lower())


def _two_answers(text: str, o: dict[str, Any], prompt: str) -> bool:
    parts = text.split("******")
    if any(not p.strip() for p in parts[1:-1]):
        return False
    said = [p.strip() for p in parts if p.strip()]
    return len(said) == 2 and said[0] != said[1]


def _capitals(text: str, o: dict[str, Any], prompt: str) -> bool:
    return text.isupper() and is_language(text.lower(), "en")


def _lower(text: str, o: dict[str, Any], prompt: str) -> bool:
    return text.islower() and is_language(text, "en")


def _capital_words(text: str, o: dict[str, Any], prompt: str) -> bool:
    count = len([w for w in re.findall(r"[^\s]+", text) if w.isupper()])
    relation = {"relation": o.get("capital_relation")}
    return _related(count, relation, o["capital_frequency"])


def _ending(text: str, o: dict[str, Any], prompt: str) -> bool:
    return text.strip().strip('"').lower().endswith(str(o["end_phrase"]).strip().lower())


def _quotation(text: str, o: dict[str, Any], prompt: str) -> bool:
    bare = text.strip()
    return len(bare) > 1 and bare[0] == '"' and bare[-1] == '"'


def _no_comma(text: str, o: dict[str, Any], prompt: str) -> bool:
    return "," not in text


CHECKS: dict[str, Check] = {
    "keywords:existence": _keywords,
    "keywords:frequency": _frequency,
    "keywords:forbidden_words": _forbidden,
    "keywords:letter_frequency": _letters,
    "language:response_language": _language,
    "length_constraints:number_sentences": _sentences,
    "length_constraints:number_paragraphs": _paragraphs,
    "length_constraints:number_words": _words,
    "length_constraints:nth_paragraph_first_word": _nth_paragraph,
    "detectable_content:number_placeholders": _placeholders,
    "detectable_content:postscript": _postscript,
    "detectable_format:number_bullet_lists": _bullets,
    "detectable_format:constrained_response": _constrained,
    "detectable_format:number_highlighted_sections": _highlights,
    "detectable_format:multiple_sections": _sections,
    "detectable_format:json_format": _json,
    "detectable_format:title": _title,
    "combination:two_responses": _two_answers,
    "combination:repeat_prompt": _repeat,
    "startend:end_checker": _ending,
    "startend:quotation": _quotation,
    "change_case:capital_word_frequency": _capital_words,
    "change_case:english_capital": _capitals,
    "change_case:english_lowercase": _lower,
    "punctuation:no_comma": _no_comma,
}
