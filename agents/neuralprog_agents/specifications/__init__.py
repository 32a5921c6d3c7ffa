"""Specifications of programs, and a model of calls that follow them; for several agents."""
