"""The Neural Programmer-Interpreter's network: training on frames, inference, and proofs."""
