"""Intake: the way of raw/ into the database: read the data package, check every file, load the text of each."""
