"""Plan files: TOML files that describe a run completely, so that it can be repeated."""
