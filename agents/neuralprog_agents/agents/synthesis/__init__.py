"""Synthesis: search for the bodies of programs from their specifications, without traces."""
