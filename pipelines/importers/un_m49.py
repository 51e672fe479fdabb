"""UN M49: the code list of countries, from the lists of the UN and from Unicode CLDR.

This importer writes a code list, not an edition of a series. Its command takes two files and is defined in cli.py.
"""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

from pipelines.importers.layout import Findings, house_rows, read_official
from pipelines.importers.write import day_of_copy, note_newest_copy, write_all
from pipelines.intake.package import editing, file_hash, read_package
from pipelines.project import Project

COUNTRY_FLAGS = {"is_landlocked": "landlocked", "is_lldc": "lldc", "is_ldc": "ldc", "is_sids": "sids"}
AREA_FLAGS = {
    "is_lldc": "Land Locked Developing Countries (LLDC)",
    "is_ldc": "Least Developed Countries (LDC)",
    "is_sids": "Small Island Developing States (SIDS)",
}


def import_countries(project: Project, members: Path, areas: Path, accessed: str | None) -> int:
    """Write raw/codes/countries.csv from the UN's M49 lists. Returns the number of countries.

    `accessed` is the day, YYYY-MM-DD, on which the copies were taken: the files do not state it.

    `members` lists the member states of the UN with their flags, `areas` all ISO 3166 areas with their English and Russian
    names. Kazakh names, and Russian names missing from the list, come from Unicode CLDR.
    raw/codes/country_name_corrections.csv replaces names that the copies get wrong, and raw/codes/further_economies.csv adds
    economies without an ISO code. Raises Refused for a bad file, and EgovError (exit code 3) if another command keeps writing
    in raw/.
    """
    from babel import Locale

    day = day_of_copy(members, accessed)
    cldr = {language: Locale(language).territories for language in ("kk", "ru")}
    _, member_lines = read_official(
        members, ["iso3", "iso2", "m49", "m49_name", "region", "subregion", *COUNTRY_FLAGS.values()]
    )
    _, area_lines = read_official(
        areas,
        [
            "ISO3166-1-Alpha-3",
            "ISO3166-1-Alpha-2",
            "M49",
            "official_name_en",
            "official_name_ru",
            "Region Name",
            "Sub-region Name",
            *AREA_FLAGS.values(),
        ],
    )
    findings = Findings()
    by_code = {}
    for number, line in area_lines:
        code = findings.country(number, line["ISO3166-1-Alpha-3"] or None, line["official_name_en"])
        iso2 = line["ISO3166-1-Alpha-2"]
        by_code[code] = {
            "country_code": code,
            "country_iso2": iso2,
            "m49_code": line["M49"].zfill(3) if line["M49"] else "",
            "name_en": line["official_name_en"],
            "name_ru": line["official_name_ru"] or cldr["ru"].get(iso2, ""),
            "name_kk": cldr["kk"].get(iso2, ""),
            "region_name": line["Region Name"],
            "subregion_name": line["Sub-region Name"],
            "is_un_member": "false",
            "is_landlocked": "",
            **{ours: "true" if line[theirs] else "false" for ours, theirs in AREA_FLAGS.items()},
        }
    findings.raise_if_any(areas)
    for number, line in member_lines:
        if line["iso3"] not in by_code:
            findings.add(number, f"{line['iso3']!r} is not among the ISO 3166 areas of {areas.name}")
            continue
        flags = {ours: line[theirs] for ours, theirs in COUNTRY_FLAGS.items()}
        for ours, flag in flags.items():
            if flag not in ("true", "false"):
                findings.add(number, f"column {COUNTRY_FLAGS[ours]!r}: {flag!r}; expected true or false")
        by_code[line["iso3"]] |= {"is_un_member": "true", "name_en": line["m49_name"], **flags}
    findings.raise_if_any(members)
    with editing(project):
        by_code |= {row["country_code"]: row for row in house_rows(project, "further_economies")}
        for correction in house_rows(project, "country_name_corrections"):
            by_code[correction["country_code"]][f"name_{correction['language']}"] = correction["name"]
        package = read_package(project)
        (resource,) = (resource for resource in package["resources"] if resource["name"] == "codes_countries")
        buffer = io.StringIO(newline="")
        names = [described["name"] for described in resource["schema"]["fields"]]
        writer = csv.DictWriter(buffer, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(by_code[code] for code in sorted(by_code))
        text = buffer.getvalue()
        resource["hash"] = "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()
        resource["accessed"] = day
        note_newest_copy(package, "un_m49", day)
        resource["imported"] = [{"file": file.name, "hash": file_hash(file)} for file in (members, areas)]
        write_all(project, package, {project.raw / resource["path"]: text})
    return len(by_code)
