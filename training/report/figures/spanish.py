"""A figure's words in Spanish: every text of it that was said in two languages, and decimal commas on its axes."""

import re

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator, ScalarFormatter

from training.sentences import in_spanish


def translate(figure: Figure) -> None:
    """Change a figure's words to Spanish, in place."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            formatter = axis.get_major_formatter()
            if type(formatter) is ScalarFormatter:
                axis.set_major_formatter(_WithCommas())
            elif isinstance(axis.get_major_locator(), FixedLocator):
                labels = [formatter(place, number) for number, place in enumerate(axis.get_majorticklocs())]
                axis.set_major_formatter(FixedFormatter([_broken_alike(label) for label in labels]))
    for text in figure.findobj(Text):
        if isinstance(text, Text) and text.get_text():
            text.set_text(_broken_alike(text.get_text()))


class _WithCommas(ScalarFormatter):
    def __call__(self, x: float, pos: int | None = None) -> str:
        return super().__call__(x, pos).replace(".", ",")


def _number(english: str) -> str:
    whole, point, decimals = english.partition(".")
    digits = whole.replace(",", "")
    # Spanish writes numbers of four digits in one (RAE).
    return (digits if len(digits) <= 4 else whole.replace(",", "\u202f")) + point.replace(".", ",") + decimals


def _broken_alike(english: str) -> str:
    """Translate a label; one of two lines gets its break where it leaves the lines most alike."""
    if re.fullmatch(r"[\d,]+(\.\d+)?", english):
        return _number(english)
    if "\n" not in english:
        return in_spanish(english)
    spanish = in_spanish(english.replace("\n", " "))
    spaces = [index for index, character in enumerate(spanish) if character == " "]
    if not spaces:
        return spanish
    middle = min(spaces, key=lambda index: abs(index - len(spanish) / 2))
    return f"{spanish[:middle]}\n{spanish[middle + 1 :]}"
