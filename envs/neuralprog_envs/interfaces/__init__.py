"""Views of one task: a Gymnasium environment, a vector environment, a dataset, traces."""
