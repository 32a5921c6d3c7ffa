"""The entry points of the tape family."""

from neuralprog_envs.entry_points import make, make_vec

__all__ = ["make", "make_vec"]
