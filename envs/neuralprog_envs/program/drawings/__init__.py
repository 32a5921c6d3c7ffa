"""How the pads of program tasks are drawn, one file a way; a task names one in its own file.

Each has a function ``drawing(world, moment)`` that returns a drawing at most ``WIDTH`` wide, whose
height depends on the world alone.
"""

WIDTH = 452.0
"""The room for a pad, in units; the calls stand at its right."""
