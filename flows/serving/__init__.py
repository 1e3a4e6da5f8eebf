"""A Prefect server and what is deployed on it: of one command, of `nianbao serve`, or of a team."""
