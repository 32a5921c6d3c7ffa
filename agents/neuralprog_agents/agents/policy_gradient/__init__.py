"""Policy gradients over whole programs: each is sampled, and run on all pairs."""
