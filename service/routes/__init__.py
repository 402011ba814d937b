"""The HTTP routes, a module for each group of users."""

import sys

# FastAPI asks of each route's types whether they are pydantic 1's, which it imports for that
# at each start. None is Python's way to say that there is no such module, and FastAPI is content with that.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]
