"""What every agent's training shares: checkpoints, run folders, metrics, restarts."""
