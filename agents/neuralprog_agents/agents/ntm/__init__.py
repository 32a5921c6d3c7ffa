"""The Neural Turing Machine (Graves et al. 2014): tapes as bits in, answers as bits out."""
