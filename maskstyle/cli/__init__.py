"""The command line: talks to people, catches errors in one place, and computes nothing."""
