"""The Neural Programmer for real tables: programs from answers, chosen with attention."""
