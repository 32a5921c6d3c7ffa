"""Programs that call programs: a scratch pad, pointers and a call stack (NPI)."""
