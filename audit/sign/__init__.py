"""Sign and verify statements about artifacts."""
