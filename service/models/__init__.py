"""From pixels to answers."""
