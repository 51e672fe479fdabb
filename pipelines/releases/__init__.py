"""Releases: how a release is made, published, compared, read and rolled back."""
