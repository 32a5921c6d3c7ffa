"""Agents that learn programs, and the commands to train, score and apply them."""
