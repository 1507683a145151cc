"""Is a text in that language? By script, and for languages that share one by their commonest words.

The published evaluation asks the package langdetect. This looks at less and needs no package; a text too short to
tell passes, as theirs does when detection fails.
"""

from __future__ import annotations

from pilothouse.core.content import script_of
from pilothouse.scorers._words import words

_SCRIPT = {
    "ru": "cyrillic", "bg": "cyrillic", "uk": "cyrillic", "el": "greek", "he": "hebrew",
    "ar": "arabic", "ur": "arabic", "fa": "arabic", "hi": "indic", "bn": "indic", "mr": "indic",
    "ne": "indic", "gu": "indic", "pa": "indic", "ta": "indic", "te": "indic", "kn": "indic",
    "th": "thai", "ko": "hangul", "ja": "kana", "zh": "han",
}  # fmt: skip
_COMMON = {
    "en": "the of and to in is that for it with as was on are be this you have not at from",
    "de": "der die und das ist nicht ein eine mit den von zu auf für sich des dem wir ich sie",
    "fr": "le la les et des est une un que pas pour dans ce qui sur il avec vous nous je",
    "es": "el la los de que y en es un una por con para no se las del su lo como",
    "it": "il di che e la un una per non è con del sono le dei si da come anche più",
    "pt": "o a de que e do da em um uma para com não os as por no na mais como",
    "nl": "de het een en van is dat niet op te zijn voor met die aan er ik je",
    "sv": "och att det som en på är av för med den inte ett om har jag till",
    "fi": "ja on ei se että oli hän mutta kun niin myös kuin ovat joka",
    "pl": "i w nie na się z do to jest że jak o po co ale za od",
    "vi": "và của là không có được cho trong với các những một người này",
    "sw": "na ya wa ni kwa za katika la hii kuwa yake watu hiyo",
    "tr": "ve bir bu için ile da de ne gibi olarak daha çok",
}
_LEAST = 5
"""Words below which nothing is told."""


def is_language(text: str, code: str) -> bool:
    """`code` as ISO 639-1. A language that is not known passes."""
    script = script_of(text)
    if script is None:
        return True
    wanted = _SCRIPT.get(code)
    if wanted is not None:
        return script == wanted or (code == "ja" and script == "han")
    if script != "latin":
        return False
    if code not in _COMMON:
        return True
    said = words(text)
    if len(said) < _LEAST:
        return True
    hits = {name: sum([w in common for w in said]) for name, common in _SETS.items()}
    return hits[code] == max(hits.values())


_SETS = {name: frozenset(common.split()) for name, common in _COMMON.items()}
