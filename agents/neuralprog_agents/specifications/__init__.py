"""What programs must achieve, and the world of calls that this makes: shared by agents."""
