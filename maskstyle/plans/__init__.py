"""Plan files: one TOML file that says all of a run, checked line by line, and written from results."""
