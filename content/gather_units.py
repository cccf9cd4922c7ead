"""Writes `units.csv` from the package vietnamadminunits, which is never imported (it would pull in 110 MB).

    uv pip install --no-deps --target <folder> vietnamadminunits==1.0.4
    python content/gather_units.py <folder>/vietnamadminunits

The same package gives the same file. A row is a unit of today (`into` empty) or one that is no more (`into`: the
codes of the units of today made from it, the likeliest first); `parent` is the code of the unit it lies in: of a
former commune its former district, of that its former province. Codes are official, with their zeros: two digits
a province, three a former district, five a commune; they are unique among the units of today and among the
former ones. Degrees are of the unit's centre.
"""

import csv
import json
import math
import sqlite3
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

TARGET = Path(__file__).parent / "units.csv"
SOURCE = (
    "# Source: vietnamadminunits 1.0.4 (2025-10), MIT licence, with corrections; spelling compared with the list of the "
    "National Statistics Office of 2026-09-20. In force on 2026-11-25."
)
COLUMNS = ("code", "kind", "name", "parent", "latitude", "longitude", "into")

# Corrections: what the package has, what is so, and why.
KINDS = {"75": "thành phố"}  # Đồng Nai is a city since 2026-04-30: NQ 30/2026/QH16
NAMES = {
    # the list of the National Statistics Office spells them so
    "00922": "Thuận Hoà",
    "02287": "Chiêm Hoá",
    "02353": "Hoà An",
    "02419": "Thái Hoà",
    "02620": "Sơn Thuỷ",
    "07840": "Hiệp Hoà",
    "13396": "Nguyễn Uý",
    "14182": "Giao Hoà",
    "14167": "Giao Thuỷ",
    "22924": "Phú Thuỷ",
}
FORMER_NAMES = {"23554": "Ya Ly"}  # a capital was missing
# Names beside the official one: code of the former unit (or its parent where it has none), kind, name.
ALSO = (
    ("23395", "xã", "Bờ Y"),  # so spelt by the National Statistics Office; Pờ Y by the package
    ("23344", "xã", "Đăk Plô"),  # Đăk Blô of old; the spelling of NQ 1677/NQ-UBTVQH15
    ("23464", "xã", "Ngọk Tem"),
    ("79", "tên khác", "Sài Gòn"),
    ("79", "tên khác", "HCM"),
    ("79", "tên khác", "TPHCM"),
    ("46", "tỉnh", "Thừa Thiên Huế"),  # a city since 2025-01-01
    ("77", "tỉnh", "Vũng Tàu"),
    ("77", "tỉnh", "Bà Rịa"),
)
FAR = 30.0  # km; no commune reaches so far from its centre
WRONG = 60.0  # km; up to there it is as often the former centre that is misplaced (Ia Đal, Ia Tơi)
LOST = 200.0  # km; farther than that the former centre is wrong: Trường Sa's lies on the mainland

_NOW = "select provinceCode, provinceKey, province, provinceShort, provinceLat, provinceLon, wardCode, wardKey, wardType, wardShort, wardLat, wardLon from admin_units order by provinceCode, wardCode"
_OLD = "select distinct provinceCode, provinceKey, province, provinceShort, districtCode, districtKey, districtType, districtShort, districtLat, districtLon, wardCode, wardKey, wardType, wardShort, wardLat, wardLon from admin_units_legacy order by provinceCode, districtCode, wardCode"

Point = tuple[float, float]


class Row(Struct):
    """A line of the file."""

    code: str
    kind: str
    name: str
    parent: str = ""
    centre: Point | None = None
    into: list[str] = []

    def cells(self) -> tuple[str, ...]:
        """As the file holds it."""
        degrees = (f"{one:.5f}".rstrip("0") for one in self.centre) if self.centre else ("", "")
        return self.code, self.kind, self.name, self.parent, *degrees, " ".join(self.into)


def km(one: Point, other: Point) -> float:
    """How far apart, flat; good for a few hundred kilometres."""
    east = (one[1] - other[1]) * math.cos(math.radians((one[0] + other[0]) / 2))
    return math.hypot(one[0] - other[0], east) * 111.2


def gather(package: Path) -> list[Row]:
    """All rows in the file's order; raises sqlite3.Error, OSError or KeyError where the package is not the one above."""
    base = sqlite3.connect(f"file:{package / 'data' / 'dataset.db'}?mode=ro", uri=True)
    base.row_factory = sqlite3.Row
    now, old = base.execute(_NOW).fetchall(), base.execute(_OLD).fetchall()
    base.close()
    provinces: dict[str, Row] = {}
    communes: dict[str, Row] = {}
    codes: dict[tuple[str, str], str] = {}
    for row in now:
        province, code = row["provinceCode"], row["wardCode"]
        kind = KINDS.get(province, "tỉnh" if row["province"].startswith("Tỉnh") else "thành phố")
        centre = row["provinceLat"], row["provinceLon"]
        provinces[province] = Row(province, kind, row["provinceShort"], "", centre)
        name = NAMES.get(code, row["wardShort"])
        communes[code] = Row(code, row["wardType"].lower(), name, province, (row["wardLat"], row["wardLon"]))
        codes[row["provinceKey"], row["wardKey"]] = code
    links = _links(json.loads((package / "data" / "converter_2025.json").read_text("utf-8")), codes)
    _move(communes, old, links)
    return [*provinces.values(), *communes.values(), *_former(communes, old, links)]


def _links(data: dict[str, Any], codes: dict[tuple[str, str], str]) -> dict[str, list[str]]:
    """The codes of today by the package's key of a former commune, the likeliest first."""
    links: dict[str, list[str]] = defaultdict(list)
    for province, wards in data["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, keys in wards.items():
            for key in keys:
                links[str(key)].append(codes[province, ward])
    for province, wards in data["DICT_PROVINCE_WARD_DIVIDED"].items():
        for key, parts in wards.items():
            parts = sorted(parts, key=lambda part: not part["isDefaultNewWard"])
            links[key] += [codes[province, part["newWardKey"]] for part in parts]
    return links


def _key(row: sqlite3.Row) -> str:
    return f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey'] or ''}"


def _point(row: sqlite3.Row, what: str) -> Point | None:
    return None if row[f"{what}Lat"] is None else (row[f"{what}Lat"], row[f"{what}Lon"])


def _move(communes: dict[str, Row], old: Iterable[sqlite3.Row], links: dict[str, list[str]]) -> None:
    """Some centres are those of a namesake elsewhere: where all that a commune was made of lies far from it, it lies
    amid that."""
    made: dict[str, list[tuple[Point, Point]]] = defaultdict(list)
    for row in old:
        ward, district = _point(row, "ward"), _point(row, "district")
        if ward and district:
            made[links[_key(row)][0]].append((ward, district))
    for code, points in made.items():
        centre = communes[code].centre
        assert centre
        if all(WRONG < km(centre, point) < LOST for pair in points for point in pair):
            wards = [ward for ward, _ in points]
            communes[code].centre = tuple(statistics.median(axis) for axis in zip(*wards, strict=True))


def _former(communes: dict[str, Row], old: list[sqlite3.Row], links: dict[str, list[str]]) -> list[Row]:
    provinces: dict[str, Row] = {}
    districts: dict[str, Row] = {}
    wards: dict[str, Row] = {}
    for row in old:
        province, district = row["provinceCode"], row["districtCode"]
        into = links[_key(row)]
        points = [point for what in ("ward", "district") if (point := _point(row, what))]
        into = into[:1] + [part for part in into[1:] if not _elsewhere(communes[part], points)]
        kind = "tỉnh" if row["province"].startswith("Tỉnh") else "thành phố"
        within = provinces.setdefault(province, Row(province, kind, row["provinceShort"]))
        within.into = within.into or [communes[into[0]].parent]
        kind = row["districtType"].lower()
        whole = districts.setdefault(
            district,
            Row(district, kind, _plain(row["districtShort"]), province, _point(row, "district")),
        )
        whole.into += into
        if code := row["wardCode"]:
            name = FORMER_NAMES.get(code, _plain(row["wardShort"]))
            wards[code] = Row(code, row["wardType"].lower(), name, district, None, into)
    for whole in districts.values():
        _order(whole, communes)
    known = provinces | districts | wards
    also = [Row(code, kind, name, known[code].parent, None, known[code].into) for code, kind, name in ALSO]
    return [*provinces.values(), *districts.values(), *wards.values(), *also]


def _plain(name: str) -> str:
    """Without the kind: "Quận 1", "Kỳ Anh (Huyện)"."""
    name = name.partition(" (")[0]
    return name.rpartition(" ")[2] if name[-1].isdigit() and name.split()[0] in ("Quận", "Phường") else name


def _elsewhere(part: Row, points: list[Point]) -> bool:
    """Whether the part of a divided commune is a namesake's."""
    assert part.centre
    return bool(points) and all(km(part.centre, point) > FAR for point in points)


def _order(district: Row, communes: dict[str, Row]) -> None:
    """The heir of its name first, then what lies nearest to where it was ruled from."""
    centre = district.centre

    def order(code: str) -> tuple[bool, float, str]:
        commune = communes[code]
        far = km(centre, commune.centre) if centre and commune.centre else 0.0
        return commune.name != district.name, far, code

    district.into, district.centre = sorted(set(district.into), key=order), None


if __name__ == "__main__":
    rows = gather(Path(sys.argv[1]))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        file.write(SOURCE + "\n")
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        lines.writerows(row.cells() for row in rows)
