"""The online half: a small REST service over the bundle that ``training`` releases. Imports no TensorFlow."""

__version__ = "1.0.0"
