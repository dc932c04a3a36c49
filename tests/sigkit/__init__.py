"""What the tests of signing share: a fixed key, and bundles made wrong on purpose."""
