"""Pictures of clothing that are not from the dataset, and ``python -m benchmarks.pictures``."""
