"""Releases: how one is made, published, compared, read and taken back."""
