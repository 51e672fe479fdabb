"""The pipeline of the e-government warehouse: validate, load, transform, publish.

One module a room, in the order in which the data walks through them; `egov` (cli.py) calls them and does nothing else.
Business rules live in the SQL models, never here.
"""
