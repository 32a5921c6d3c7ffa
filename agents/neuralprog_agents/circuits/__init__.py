"""Tables of circuits on the hard machine, compiled: run, score, change, anneal, simplify."""
