"""A registry on loopback for tests: honest by default, as hostile as a test makes it."""
