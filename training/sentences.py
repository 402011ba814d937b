"""Sentences of the report in two languages, formed from the same numbers at once.

``say`` gives the English sentence, as an ordinary string that remembers its Spanish. The catalogue is
``training/messages/es.json``: ``{"English with {values}": "Spanish with {values}"}``.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

MINUS = "\N{MINUS SIGN}"
_CATALOGUE = Path(__file__).parent / "messages" / "es.json"
_LEAST_DIGITS_GROUPED = 5  # Spanish writes numbers of four digits in one (RAE)


class Sentence(str):
    """An English sentence that knows its Spanish.

    Attributes:
        spanish: the same, with decimal commas.

    """

    __slots__ = ("spanish",)
    spanish: str

    def __new__(cls, english: str, spanish: str) -> "Sentence":
        """Pair the two."""
        sentence = super().__new__(cls, english)
        sentence.spanish = spanish
        return sentence

    def __str__(self) -> str:
        """Stay a sentence where others ask for a string, as Matplotlib does of its labels."""
        return self

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """What a copy or a pickle is made from."""
        return "".join(self), self.spanish


def say(template: str, **values: object) -> Sentence:
    """Form a sentence in both languages.

    Args:
        template: English, with ``str.format``'s fields, such as ``{difference:+.2f}``; the catalogue's key.
        values: numbers, and words, which may be sentences themselves.

    """
    return Sentence(_InEnglish().format(template, **values), _InSpanish().format(in_spanish(template), **values))


def joined(separator: str, parts: Iterable[str]) -> Sentence:
    """Join sentences; the separator is the same in both languages."""
    found = list(parts)
    return Sentence(separator.join(found), separator.join(map(in_spanish, found)))


def in_spanish(english: str) -> str:
    """Translate a sentence that was said, or a constant that the catalogue has; anything else stays as it is."""
    return english.spanish if isinstance(english, Sentence) else _catalogue().get(english, english)


def translations(content: Any) -> dict[str, str]:
    """Collect the Spanish of every string of a report that has one.

    Args:
        content: what becomes JSON: mappings, lists, strings and numbers.

    Returns:
        Spanish by English.

    """
    pairs = ((english, in_spanish(english)) for english in _strings(content))
    return {english: spanish for english, spanish in pairs if english != spanish}


def _strings(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _strings(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _strings(value)


class _InEnglish(Formatter):
    """Formats numbers with a minus sign, where Python writes a hyphen."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        written = format(value, format_spec)
        return re.sub("^-", MINUS, written) if isinstance(value, int | float) else written


class _InSpanish(_InEnglish):
    """Formats numbers with Spanish marks, too, and words by their Spanish."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        if isinstance(value, str):
            return format(in_spanish(value), format_spec)
        written = super().format_field(value, format_spec)
        if not isinstance(value, int | float):
            return written
        whole, point, decimals = written.partition(".")
        digits = sum(character.isdigit() for character in whole)
        return (
            whole.replace(",", "\u202f" if digits >= _LEAST_DIGITS_GROUPED else "") + point.replace(".", ",") + decimals
        )


@cache
def _catalogue() -> dict[str, str]:
    found: dict[str, str] = json.loads(_CATALOGUE.read_text(encoding="utf-8"))
    return found
