"""Policy search: a table of situations and actions; changes that are paid for stay."""
