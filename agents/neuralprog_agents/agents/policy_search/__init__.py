"""Policy search: a table of situations and actions, learned by simulated annealing."""
