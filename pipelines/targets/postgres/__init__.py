"""PostgreSQL as a target, for BI tools with many users.

Raises EgovError on import if the driver is not installed.
"""

from __future__ import annotations

from importlib.util import find_spec

from pipelines.project import EgovError

if find_spec("psycopg") is None:
    raise EgovError("the PostgreSQL driver is not installed: pip install 'egov-warehouse[postgres]'")
