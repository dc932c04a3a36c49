"""Allow or deny a release."""
