"""Puts the service on a SageMaker endpoint, and takes it away again: ``python docker/deployment --help``."""
