"""Memory that is free but still the process's: glibc keeps some of it unless told (malloc_trim(3))."""

import ctypes


def trim() -> None:
    """Give the system what nothing here uses."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
