"""The Neural Programmer: soft selection of table operations, learned from answers alone."""
