"""The HTTP routes, a module for each group of users."""

import sys

# FastAPI asks of each route's types whether they are pydantic 1's, which it imports for that, and which takes a tenth
# of the start and 5 MB. None is Python's way to say that there is no such module, and FastAPI is content with that.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]
