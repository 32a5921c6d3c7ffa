"""Library learning: a sequence of tasks, each of whose programs may call those before."""
