"""The Neural Programmer-Interpreter's network: learning frames, acting by calls, being proven."""
