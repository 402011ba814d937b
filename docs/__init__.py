"""The pages, and ``python -m docs``, which writes their generated parts."""
