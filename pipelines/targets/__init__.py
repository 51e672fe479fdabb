"""Targets: places outside the warehouse folder to which the current release is published."""
