"""What all three families share: protocols, addressed instances, random draws, events."""
