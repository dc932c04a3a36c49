"""Fingerprint a dataset."""
