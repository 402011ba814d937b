"""How fast, how large, how many."""
