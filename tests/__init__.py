"""Tests by room: importers, pipeline, products, targets and models; second readings in published/, SQL tests in dbt/."""
