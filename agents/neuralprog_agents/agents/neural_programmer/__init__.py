"""The Neural Programmer: selects table operations; learned from answers alone."""
