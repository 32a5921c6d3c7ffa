"""`neuralprog benchmark compare`: every agent on every task, in one table."""
