"""``python -m docs``: write the generated parts of the pages.

The settings come from ``service/settings.py``, the figures from the JSON files that the benchmarks wrote. A part stands
between ``<!-- generated: NAME -->`` and ``<!-- end of generated -->``. A test fails where a page is not what this
command would write. The lesson plans become parts of the service's templates.
"""

import argparse
import re
from pathlib import Path

from benchmarks import tables
from benchmarks.speed import capacity
from docs import lesson
from docs.settings import table

FOLDER = Path(__file__).parent

_BLOCK = re.compile(r"(?<=<!-- generated: )(?P<name>\w+)(?P<close> -->\n).*?(?=<!-- end of generated -->)", re.DOTALL)


def main() -> None:
    """Write every page anew."""
    argparse.ArgumentParser(prog="python -m docs", description=(__doc__ or "").split("\n\n")[1]).parse_args()
    for path in sorted(FOLDER.glob("*.md")):
        old = path.read_text(encoding="utf-8")
        new = renewed(old)
        if new != old:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(FOLDER.parent)}: written anew")
    for language, source in lesson.SOURCES.items():
        written = lesson.as_template(source.read_text(encoding="utf-8"))
        (lesson.TEMPLATES / f"{language}.html").write_text(written, encoding="utf-8")


def renewed(page: str) -> str:
    """Write the generated parts of a page anew.

    Raises:
        KeyError: the page names a part that nothing generates.

    """
    return _BLOCK.sub(
        lambda found: "\n".join([found["name"] + found["close"], *_lines(found["name"]), "", ""]),
        page,
    )


def _lines(name: str) -> list[str]:
    if name == "settings":
        return table()
    if name == "capacity":
        return capacity.block()
    return tables.block(name)


if __name__ == "__main__":
    main()
