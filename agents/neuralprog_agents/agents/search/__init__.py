"""Stochastic program search over the discretised NRAM controller."""
