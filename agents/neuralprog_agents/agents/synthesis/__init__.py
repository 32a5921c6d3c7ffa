"""Synthesis: bodies of programs found by search from what each must achieve, without traces."""
