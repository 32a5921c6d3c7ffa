"""Measurements that are published: `neuralprog benchmark`."""
