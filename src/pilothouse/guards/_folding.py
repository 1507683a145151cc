"""Text as a reader sees it: compatibility forms, case and invisible characters make no difference."""

from __future__ import annotations

import unicodedata
from itertools import chain

_INVISIBLE = dict.fromkeys(
    chain(
        (0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0),
        range(0x180B, 0x1810),
        range(0x200B, 0x2010),
        range(0x202A, 0x202F),
        range(0x2060, 0x2070),
        range(0xFE00, 0xFE10),
        range(0xE0000, 0xE01F0),
    )
)
"""Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties), which show nothing."""


def folded(text: str) -> str:
    """Unicode's caseless matching of compatible text (NFKC_Casefold, Unicode 3.13 D146).

    `é` and `e` stay apart, and so do letters of other scripts that look alike.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).casefold()
        text = unicodedata.normalize("NFKC", text)
    return text.casefold()
