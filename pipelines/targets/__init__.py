"""Targets: places beyond the warehouse folder into which the current release is published."""
