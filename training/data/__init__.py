"""The pictures: read, split, augmented, corrupted."""
