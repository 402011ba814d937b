"""The one exception whose text is meant for the person at the terminal."""


class TrainingError(Exception):
    """Something the user can put right; the message says what and how, and the command exits with 1."""
