"""Deploys the images to Amazon SageMaker AI, and takes away again what it made: ``python -m deploy --help``."""
