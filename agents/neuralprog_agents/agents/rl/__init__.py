"""Reinforcement learning with Stable-Baselines3, and imitation with the same networks."""
