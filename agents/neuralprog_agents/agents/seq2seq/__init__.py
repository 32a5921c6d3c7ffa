"""Sequence to sequence: networks that read an instance as a text and write its answer."""
