"""What pages say in each language: sentences by their English, and numbers as the language writes them.

Two folders have one file a language, ``{"English": "translation"}``: ``service/web/static/messages/`` what the page's
JavaScript says, which browsers load, and ``service/web/messages/`` what only templates say. A sentence that neither has
stays English.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from service.outputs.files import WEB

ENGLISH = "en"
LANGUAGES = (ENGLISH, "es")
"""What pages are written in, the default first: ISO 639-1 codes."""

NAMES = {ENGLISH: "English", "es": "Español"}
"""What each language calls itself."""

_DECIMAL_MARKS = {ENGLISH: ".", "es": ","}
# Spanish writes numbers of four digits in one, and longer ones in groups with a space that does not break (RAE).
_GROUPING = {ENGLISH: (",", 4), "es": ("\u202f", 5)}


@cache
def messages(language: str) -> Mapping[str, str]:
    """Read a language's catalogue; English is what the others translate, and has none."""
    if language == ENGLISH:
        return {}
    folders = (WEB / "messages", WEB / "static" / "messages")
    of_templates, of_scripts = (orjson.loads((folder / f"{language}.json").read_bytes()) for folder in folders)
    return {**of_templates, **of_scripts}


@dataclass(frozen=True)
class Language:
    """One language's sentences and numbers.

    Attributes:
        code: one of ``LANGUAGES``.
        of_bundle: translations that the bundle brings along, of its report's sentences.

    """

    code: str
    of_bundle: Mapping[str, str]

    def translate(self, english: str) -> str:
        """Translate a sentence; one that no catalogue has stays as it is. A percent sign keeps to its number."""
        found = messages(self.code).get(english) or self.of_bundle.get(english, english)
        return found.replace(" %", "\u00a0%")

    def decimal(self, value: float, digits: int = 2, sign: str = "") -> str:
        """Write a number with so many digits after the decimal mark; with ``sign="+"`` a plus before positive ones."""
        return f"{value:{sign}.{digits}f}".replace(".", _DECIMAL_MARKS[self.code])

    def count(self, value: int) -> str:
        """Write a whole number, with its digits in groups of three where the language groups them."""
        separator, least_digits = _GROUPING[self.code]
        return f"{value:,}".replace(",", separator) if len(str(abs(value))) >= least_digits else str(value)

    def percent(self, share: float, digits: int = 2) -> str:
        """Write a share as a percentage."""
        return f"{self.decimal(share * 100, digits)}\u00a0%"

    def filters(self) -> dict[str, Any]:
        """What templates call these by: ``{{ 0.912 | percent }}``."""
        return {"decimal": self.decimal, "count": self.count, "percent": self.percent, "translated": self.translate}
