"""The commands of ``neuralprog``, one module each."""
