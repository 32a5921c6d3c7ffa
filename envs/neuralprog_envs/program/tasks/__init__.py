"""One file a task; ``registry.py`` has a row for each."""
