"""The tape family: memory-tape algorithms on the NRAM's machine."""
