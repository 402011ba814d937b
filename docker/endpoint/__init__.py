"""Deploys the images to Amazon SageMaker AI, and takes away again what it made: ``python docker/endpoint --help``.

Run by its path, not as a module: a package called ``docker`` would hide PyPI's, which the SDK imports.
"""
