"""Neural Programmer-Interpreters; see README.md."""
