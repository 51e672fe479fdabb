"""Transform: dbt builds the models in the database of a draft and runs all tests on it."""
