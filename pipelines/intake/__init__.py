"""Intake: raw/ on its way into the database. The data package is read, every file is checked, and its text is loaded."""
