"""Traces as pages for the browser, and as moving pictures."""
