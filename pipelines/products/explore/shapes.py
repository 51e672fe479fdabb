"""Shapes: makes world.json, the shapes of the world map, from the npm package world-atlas.

    npm pack world-atlas@2.0.2 && tar xf world-atlas-2.0.2.tgz
    python -m pipelines.products.explore.shapes package

The shapes are Natural Earth's at 1:110 million, in TopoJSON, identified by their M49 codes. A country that is too small to have
a shape at that scale becomes a dot, at the centroid of its largest polygon at 1:10 million. Antarctica is left out.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any

from pipelines.project import EgovError

WORLD = Path(__file__).parent / "world.json"
COARSE, FINE = "countries-110m.json", "countries-10m.json"
ANTARCTICA = "010"
Ring = list[tuple[float, float]]


def world(package: Path) -> dict[str, Any]:
    """What world.json holds, made from the unpacked npm package.

    Returns `about` (package, version, licences, SHA-256 of each input), `topology` (TopoJSON; an identifier is an M49 code) and
    `dots` (M49 code -> longitude and latitude in degrees, two decimals). Raises EgovError if a file of the package is missing.
    """
    inputs = {}
    for name in ("package.json", COARSE, FINE):
        if not (package / name).is_file():
            raise EgovError(f"{package / name} is missing: expected the unpacked npm package world-atlas")
        inputs[name] = (package / name).read_bytes()
    stated = json.loads(inputs["package.json"])
    coarse, fine = json.loads(inputs[COARSE]), json.loads(inputs[FINE])
    drawn = [shape for shape in coarse["objects"]["countries"]["geometries"] if shape.get("id") != ANTARCTICA]
    for shape in drawn:
        del shape["properties"]
    small = {
        shape["id"]: shape
        for shape in fine["objects"]["countries"]["geometries"]
        if "id" in shape and shape["type"] and shape["id"] not in {ANTARCTICA, *(other.get("id") for other in drawn)}
    }
    return {
        "about": {
            "package": stated["name"],
            "version": stated["version"],
            "licence": f"{stated['license']} (package), public domain (shapes: Natural Earth)",
            "sha256": {name: sha256(inputs[name]).hexdigest() for name in (COARSE, FINE)},
        },
        "topology": {
            "type": "Topology",
            "transform": coarse["transform"],
            "arcs": coarse["arcs"],
            "objects": {"countries": {"type": "GeometryCollection", "geometries": drawn}},
        },
        "dots": {code: _centre(fine, small[code]) for code in sorted(small)},
    }


def _centre(topology: dict[str, Any], shape: dict[str, Any]) -> list[float]:
    """The centroid of the largest polygon of a shape, in degrees. At this size, a degree may be taken as flat."""
    polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
    _, longitude, latitude = max(_area_and_centroid(_ring(topology, polygon[0])) for polygon in polygons)
    return [round(longitude, 2), round(latitude, 2)]


def _ring(topology: dict[str, Any], arcs: list[int]) -> Ring:
    """The points of a ring of a TopoJSON polygon, in degrees. A negative number means an arc in reverse (its complement)."""
    points: Ring = []
    for number in arcs:
        steps = topology["arcs"][number if number >= 0 else ~number]
        xs, ys = accumulate(step[0] for step in steps), accumulate(step[1] for step in steps)
        arc = list(zip(xs, ys, strict=True))
        points += arc if number >= 0 else arc[::-1]
    (scale_x, scale_y), (move_x, move_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    return [(x * scale_x + move_x, y * scale_y + move_y) for x, y in points]


def _area_and_centroid(ring: Ring) -> tuple[float, float, float]:
    """The area of a ring in square degrees, and the longitude and latitude of its centroid (shoelace formula)."""
    left, bottom = ring[0]  # near the ring, so that small differences of large numbers keep their digits
    edges = [(a - left, b - bottom, c - left, d - bottom) for (a, b), (c, d) in zip(ring, ring[1:] + ring[:1], strict=True)]
    twice = sum(a * d - c * b for a, b, c, d in edges)
    if twice == 0:
        return 0.0, left, bottom
    longitude = left + sum((a + c) * (a * d - c * b) for a, b, c, d in edges) / (3 * twice)
    latitude = bottom + sum((b + d) * (a * d - c * b) for a, b, c, d in edges) / (3 * twice)
    return abs(twice) / 2, longitude, latitude


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("expected one argument: the folder of the unpacked npm package world-atlas")
    try:
        text = json.dumps(world(Path(sys.argv[1])), separators=(",", ":"))
    except EgovError as error:
        sys.exit(str(error))
    WORLD.write_text(text + "\n", encoding="utf-8")
