"""What is trained, and how: the registry, the trainer, the records of its runs."""
