"""One way to score every agent, and to apply one to a user's own input."""
