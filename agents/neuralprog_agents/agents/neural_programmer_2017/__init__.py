"""The Neural Programmer of 2017, for real tables: learned from answers alone, with attention."""
