"""The lesson plan as the page that the service shows: HTML from ``docs/lesson-plan*.md``."""

import re
from pathlib import Path

from markdown_it import MarkdownIt

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER.parent / "service" / "web" / "templates" / "lessons"

SOURCES = {"en": FOLDER / "lesson-plan.md", "es": FOLDER / "lesson-plan.es.md"}
"""The Markdown by language."""

_SERVED = re.compile(r'href="http://127\.0\.0\.1:8080/([^"]*)"')
_BESIDE = re.compile(r'<a href="[^":]*\.md">(.*?)</a>')


def as_template(markdown: str) -> str:
    """Write a plan as a part of a template; links to documents, which the service does not have, become plain text."""
    html = str(MarkdownIt().render(markdown))
    html = _SERVED.sub(lambda found: f"""href="{{{{ view.page("{found[1].replace("&amp;", "&")}") }}}}\"""", html)
    return _BESIDE.sub(r"\1", html)
