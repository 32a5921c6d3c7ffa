"""One folder for each agent, with a README; ``neuralprog_agents.registry`` has a row for each."""
