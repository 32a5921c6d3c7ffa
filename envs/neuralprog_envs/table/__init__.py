"""The Neural Programmer's family: a table, a row selection, a scalar and a lookup output."""
