"""The command line: options, messages and exit codes. It computes nothing."""
