"""The pipeline of the e-government warehouse: validate, load, transform, publish.

Each subpackage is one stage on the way of the data. The command `egov` (cli.py) only calls them.
Business rules belong in the SQL models, never here.
"""
