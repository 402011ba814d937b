"""Where the files of the web pages are."""

from pathlib import Path

WEB = Path(__file__).parent.parent / "web"
