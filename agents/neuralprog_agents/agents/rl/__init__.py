"""Reinforcement learning with Stable-Baselines3, and behaviour cloning with the same networks."""
