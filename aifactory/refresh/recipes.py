"""How each source becomes its table: address, type, size, and one pure function.

A recipe's `tidy` takes the files as they came and gives the table as data/ holds it: the same rows
and columns, chosen and rounded in the same way, so that the file that was used gives today's
table. It reads no other file and keeps nothing. What upstream adds later comes in by the same
rules.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

MB = 1_000_000
RAW = "https://raw.githubusercontent.com"

Tidy = Callable[..., pd.DataFrame]


class Unfit(ValueError):
    """A file that is not what its recipe was written for; the message names field and place."""


@dataclass(frozen=True)
class File:
    """One file of a source. `kind` is csv, zip or stata; `limit` in bytes, unpacked too.

    `checksum` ("sha256:…" or "md5:…") is given where the publisher states one.
    """

    url: str
    limit: int
    kind: str = "csv"
    checksum: str = ""


@dataclass(frozen=True)
class Recipe:
    """From a source's files to one table.

    `source` is an id of data/sources.csv, and so are the `others` that the files belong to.
    `partial` says that only rows with these source ids are the recipe's; the other rows stay.
    `compare` are the columns that name a row in a diff: the table's key, unless that is a running
    number. `rows` are the least and most rows that pass, as shares of today's. `as_of` gives the
    table's new date from its rows; without it the date stays.
    """

    source: str
    table: str
    files: tuple[File, ...]
    tidy: Tidy
    others: tuple[str, ...] = ()
    partial: bool = False
    compare: tuple[str, ...] = ()
    rows: tuple[float, float] = (0.9, 2.0)
    as_of: Callable[[pd.DataFrame], str] | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source whose files it fetches."""
        return (self.source, *self.others)


# --- reading -------------------------------------------------------------------------------------


def read_csv(
    raw: bytes, *columns: str, skip: int = 0, within: str = "", latin: bool = False
) -> pd.DataFrame:
    """The named columns of a CSV file, as text; empty cells are missing. Raises Unfit.

    `latin` is for a file of which only ASCII columns are read.
    """
    try:
        text = raw.decode("latin-1" if latin else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unfit(f"{within or 'the file'} is not UTF-8 ({error})") from error
    try:
        with warnings.catch_warnings():  # rows longer than the header would lose cells
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(text), skiprows=skip, dtype="str", keep_default_na=False,
                na_values=[""], skipinitialspace=True, index_col=False,
            )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError) as error:
        raise Unfit(f"{within or 'the file'} is not a CSV table ({error})") from error
    frame.columns = frame.columns.str.strip()
    for name in columns:
        if name not in frame:
            known = ", ".join(map(str, frame.columns[:8]))
            raise Unfit(f"field `{name}` is missing from the header ({known} …)")
    return frame[list(columns)] if columns else frame


def number(values: pd.Series) -> pd.Series:
    """A column of text as floats. Raises Unfit for a cell that is no number."""
    cast = pd.to_numeric(values, errors="coerce").astype("float64")
    bad = values.notna() & cast.isna()
    if bad.any():
        at = int(bad.to_numpy().argmax())
        raise Unfit(f"field `{values.name}`: {values.iloc[at]!r} is not a number")
    return cast


def whole(values: pd.Series) -> pd.Series:
    """A column of text as whole numbers, missing ones kept. Raises Unfit."""
    cast = number(values)
    bad = cast.notna() & (cast.round() != cast)
    if bad.any():
        at = int(bad.to_numpy().argmax())
        raise Unfit(f"field `{values.name}`: {values.iloc[at]!r} is not a whole number")
    return cast.astype("Int64")


def moment(values: pd.Series, form: str) -> pd.Series:
    """A column of text as dates or times written as `form`. Raises Unfit."""
    cast = pd.to_datetime(values, format=form, errors="coerce")
    bad = values.notna() & cast.isna()
    if bad.any():
        at = int(bad.to_numpy().argmax())
        raise Unfit(f"field `{values.name}`: {values.iloc[at]!r} is not a date written {form}")
    return cast


def unzip(raw: bytes, limit: int) -> bytes:
    """The one CSV file in an archive. Raises Unfit for any other content, and above `limit`."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [i for i in archive.infolist() if i.filename.lower().endswith(".csv")]
            if len(names) != 1:
                raise Unfit(f"the archive holds {len(names)} CSV files where one is expected")
            with archive.open(names[0]) as inside:  # what its header says of its size may be a lie
                content = inside.read(limit + 1)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise Unfit(f"the archive cannot be opened ({error})") from error
    if len(content) > limit:
        raise Unfit(f"the archive unpacks to more than {limit:,} bytes")
    return content


def last(column: str, form: str) -> Callable[[pd.DataFrame], str]:
    """The latest value of a column, as a table's `as_of`."""
    return lambda frame: pd.Timestamp(frame[column].max()).strftime(form)


# --- power ---------------------------------------------------------------------------------------


def henry_hub(raw: bytes) -> pd.DataFrame:
    """Every month of the spot price."""
    came = read_csv(raw, "Month", "Price")
    moment(came["Month"], "%Y-%m")
    return pd.DataFrame({"month": came["Month"], "henry_hub_usd_per_mmbtu": number(came["Price"])})


def tva_demand(until_2019: bytes, since_2020: bytes) -> pd.DataFrame:
    """Cleaned demand of each hour, to the end of 2019 from one release, then from the next."""
    parts = []
    for raw in (until_2019, since_2020):
        came = read_csv(raw, "date_time", "cleaned demand (MW)")
        hour = moment(came["date_time"], "%Y-%m-%d %H:%M:%S")
        demand = whole(came["cleaned demand (MW)"]).astype("Int32")
        parts.append(pd.DataFrame({"datetime_utc": hour, "tva_demand_mw": demand}))
    early, late = parts
    turn = pd.Timestamp("2020-01-01")
    early, late = early[early["datetime_utc"] < turn], late[late["datetime_utc"] >= turn]
    return pd.concat([early, late], ignore_index=True)


def plants(world: bytes, usa: bytes) -> pd.DataFrame:
    """Plants of 1 MW and more; those of the United States from the later release."""
    columns = ("country", "primary_fuel", "capacity_mw", "year_of_capacity_data")
    parts = []
    for raw, source in ((world, "gppd-v1-2"), (usa, "gppd-v1-3-us")):
        came = read_csv(raw, *columns)
        ours = (came["country"] == "USA") == (source == "gppd-v1-3-us")
        parts.append(came[ours].assign(source_id=source))
    frame = pd.concat(parts, ignore_index=True)
    frame["capacity_mw"] = number(frame["capacity_mw"])
    frame["year_of_capacity_data"] = whole(frame["year_of_capacity_data"])
    frame = frame[(frame["capacity_mw"] >= 1) & frame["primary_fuel"].notna()]
    order = ["country", "primary_fuel", "capacity_mw"]
    frame = frame.sort_values(order, kind="stable", ignore_index=True)
    frame = frame.rename(columns={"country": "country_iso3"})
    frame.insert(0, "plant", range(1, len(frame) + 1))
    return frame


# --- cooling and water ---------------------------------------------------------------------------


def tmy3(raw: bytes) -> pd.DataFrame:
    """Dry bulb, dew point and pressure of each hour of a typical year, by hour ending."""
    fields = {
        "dry_bulb_c": "Dry-bulb (C)",
        "dew_point_c": "Dew-point (C)",
        "pressure_hpa": "Pressure (mbar)",
    }
    came = read_csv(raw, "Date (MM/DD/YYYY)", "Time (HH:MM)", *fields.values(), skip=1)
    frame = pd.DataFrame({name: number(came[field]) for name, field in fields.items()})
    day = moment(came["Date (MM/DD/YYYY)"], "%m/%d/%Y")
    frame["pressure_hpa"] = whole(came[fields["pressure_hpa"]])
    frame.insert(0, "hour_ending", whole(came["Time (HH:MM)"].str.split(":").str[0]))
    frame.insert(0, "month", day.dt.month)
    frame.insert(0, "hour_of_year", range(1, len(frame) + 1))
    return frame


WUE_ROWS = {  # zone and case of the study, and what the book calls them
    ("2B", "2"): "Phoenix",
    ("3A", "1"): "Memphis / Atlanta",
    ("3A", "2"): "Memphis / Atlanta",
    ("3A", "7"): "Memphis / Atlanta",
    ("3C", "2"): "San Francisco",
    ("4A", "2"): "Baltimore",
    ("5A", "2"): "Chicago",
}


def wue_by_zone(raw: bytes) -> pd.DataFrame:
    """5 and 95 % points of water use for seven pairs of climate zone and cooling system."""
    columns = ("WUE", "Climate Zone", "Case", "Quantile", "Data center size", "Cooling system")
    came = read_csv(raw, *columns)
    came["WUE"] = number(came["WUE"]).round(4)
    rows = []
    for (zone, case), city in WUE_ROWS.items():
        found = came[(came["Climate Zone"] == zone) & (came["Case"] == case)]
        points = found.drop_duplicates("Quantile").set_index("Quantile")["WUE"]
        if not {"5th", "95th"} <= set(points.index):
            raise Unfit(f"field `Quantile`: 5th and 95th of zone {zone}, case {case} are not there")
        first = found.iloc[0]
        system = str(first["Cooling system"]).replace("economizer&", "economizer and")
        size = first["Data center size"]
        rows.append((zone, city, size, system, points["5th"], points["95th"], "lei-masanet-2022"))
    return pd.DataFrame(
        rows,
        columns=["ashrae_climate_zone", "example_city", "data_centre_size", "cooling_system",
                 "wue_p05_l_per_kwh_it", "wue_p95_l_per_kwh_it", "source_id"],
    )  # fmt: skip


COUNTIES = {
    "05035": "Crittenden AR", "28033": "DeSoto MS", "28093": "Marshall MS", "28143": "Tunica MS",
    "47047": "Fayette TN", "47157": "Shelby TN", "47167": "Tipton TN",
}  # fmt: skip
SECTORS = {
    "domestic self supplied": "DO-WGWFr",
    "industrial self supplied": "IN-WGWFr",
    "irrigation": "IR-WGWFr",
    "public supply": "PS-WGWFr",
    "thermoelectric": "PT-WGWFr",
}


def withdrawals_2015(raw: bytes) -> pd.DataFrame:
    """Fresh groundwater that seven counties withdrew in 2015, by sector."""
    came = read_csv(raw, "FIPS", *SECTORS.values(), skip=1, latin=True)
    came = came.set_index(came["FIPS"].str.zfill(5)).replace("--", None)
    missing = sorted(set(COUNTIES) - set(came.index))
    if missing:
        raise Unfit(f"field `FIPS`: county {missing[0]} is not there")
    rows = [
        (fips, county, 2015, sector, came.loc[fips, tag], "usgs-wu-2015")
        for fips, county in COUNTIES.items()
        for sector, tag in SECTORS.items()
    ]
    names = ["county_fips", "county", "year", "sector", "groundwater_mgd", "source_id"]
    frame = pd.DataFrame(rows, columns=names)
    frame["groundwater_mgd"] = number(frame["groundwater_mgd"])
    return frame


# --- robots --------------------------------------------------------------------------------------

RATE_YEARS = (2018, 2019, 2023, 2024, 2025)  # those that the chapter converts wages of


def euro_rates(raw: bytes) -> pd.DataFrame:
    """Mean reference rate of the years that are used, of currencies quoted in all of them."""
    came = read_csv(unzip(raw, 20 * MB)).dropna(axis="columns", how="all")
    if "Date" not in came:
        raise Unfit("field `Date` is missing from the header")
    year = moment(came.pop("Date"), "%Y-%m-%d").dt.year
    rates = came.loc[:, came.columns.str.fullmatch("[A-Z]{3}")].replace("N/A", None)
    means = rates.apply(number).groupby(year).mean()
    absent = [str(one) for one in RATE_YEARS if one not in means.index]
    if absent:
        raise Unfit(f"field `Date`: no rate of {absent[0]} is there")
    long = means.loc[list(RATE_YEARS)].dropna(axis="columns").T.sort_index().stack()
    return pd.DataFrame(
        {
            "currency": long.index.get_level_values(0),
            "year": long.index.get_level_values(1).astype("int64"),
            "units_per_euro": [float(f"{value:.6g}") for value in long],
        }
    )


PWT_YEARS = (2010, 2018, 2019)  # two for checks, the last for use


def labour_cost(raw: bytes) -> pd.DataFrame:
    """Compensation per hour worked, of countries whose labour share and hours are known."""
    try:
        came = pd.read_stata(io.BytesIO(raw), convert_categoricals=False)
    except (ValueError, KeyError, EOFError, UnicodeDecodeError) as error:
        raise Unfit(f"the file is not a Stata table ({error})") from error
    places = {"labsh": 4, "emp": 4, "avh": 1, "cgdpo": 0, "pl_gdpo": 4, "xr": 4}
    for name in ("countrycode", "country", "currency_unit", "year", *places):
        if name not in came:
            raise Unfit(f"field `{name}` is missing")
    came = came[came["year"].isin(PWT_YEARS)].dropna(subset=list(places))
    came = came.astype(dict.fromkeys(places, "float64"))
    cost = came["labsh"] * came["cgdpo"] * came["pl_gdpo"] / (came["emp"] * came["avh"])
    came = came.round(places).assign(cost=cost.round(3), source_id="pwt-10-01")
    came = came.astype({"year": "int64"}).sort_values(["countrycode", "year"], ignore_index=True)
    names = {
        "countrycode": "iso3", "country": "country", "year": "year", "currency_unit": "currency",
        "labsh": "labour_share", "emp": "persons_engaged_million", "avh": "hours_per_person_year",
        "cgdpo": "gdp_ppp_million_usd_2017", "pl_gdpo": "price_level",
        "xr": "exchange_rate_lcu_per_usd", "cost": "labour_cost_usd_per_hour",
        "source_id": "source_id",
    }  # fmt: skip
    return came[list(names)].rename(columns=names)


def earnings(raw: bytes) -> pd.DataFrame:
    """Earnings of three groups of occupations over those of all, both sexes, since 2010."""
    columns = ("ref_area", "sex", "classif1", "classif2", "time", "obs_value")
    came = read_csv(raw, *columns)
    came = came[(came["sex"] == "SEX_T") & (came["classif2"] == "CUR_TYPE_PPP")]
    came = came.assign(year=whole(came["time"]), value=number(came["obs_value"]))
    came = came[(came["year"] >= 2010) & came["value"].notna()]
    at = ["ref_area", "year"]
    total = came[came["classif1"] == "OCU_ISCO08_TOTAL"].set_index(at)["value"]
    if total.index.has_duplicates:
        area, year = total.index[total.index.duplicated()][0]
        raise Unfit(f"field `classif1`: the total of {area} in {year} is there twice")
    own = came[came["classif1"].isin(["OCU_ISCO08_5", "OCU_ISCO08_8", "OCU_ISCO08_9"])]
    own = own.assign(total=pd.MultiIndex.from_frame(own[at]).map(total))
    own = own[own["total"] > 0]
    frame = pd.DataFrame(
        {
            "iso3": own["ref_area"],
            "year": own["year"].astype("int64"),
            "isco08": own["classif1"].str[-1].astype("int64"),
            "ratio_to_all": (own["value"] / own["total"]).round(4),
            "source_id": "ilostat-ear-4hrl",
        }
    )
    return frame.sort_values(["isco08", "iso3", "year"], ignore_index=True)


AREAS = ("China", "Germany", "Japan", "South Korea", "United States", "World")


def robots_installed(raw: bytes) -> pd.DataFrame:
    """Robots installed a year in five countries and the world."""
    came = read_csv(raw)
    values = [name for name in came if name not in ("Entity", "Code", "Year")]
    if not {"Entity", "Year"} <= set(came) or not values:
        raise Unfit("fields `Entity`, `Year` and a column of values are not all there")
    came = came[came["Entity"].isin(AREAS) & came[values[0]].notna()]
    frame = pd.DataFrame({"area": came["Entity"], "year": whole(came["Year"])})
    frame["installations_units"] = whole(came[values[0]])
    frame = frame.assign(value_status="seen", source_id="owid-ifr-aiindex-2025")
    return frame.sort_values(["area", "year"], ignore_index=True)


# --- machines, chips and pace --------------------------------------------------------------------


def chip_sales(*raw: bytes) -> pd.DataFrame:
    """Chips sold in a quarter, in H100 equivalents, of four makers."""
    points = {
        "h100e_p05": "H100e (5th percentile)",
        "h100e_p50": "Compute estimate in H100e (median)",
        "h100e_p95": "H100e (95th percentile)",
    }
    parts = []
    for content in raw:
        came = read_csv(
            content, "Chip manufacturer", "Chip type", "Start date", "Notes", *points.values()
        )
        start = moment(came["Start date"], "%m/%d/%Y")
        quarter = start.dt.year.astype(str) + "Q" + start.dt.quarter.astype(str)
        part = pd.DataFrame({"quarter": quarter, "maker": came["Chip manufacturer"]})
        part["chip"] = came["Chip type"]
        for name, field in points.items():
            part[name] = whole(came[field])
        open_ended = came["Notes"].str.startswith("Incomplete").fillna(False).astype(bool)
        part["complete"] = open_ended.map({True: "no", False: "yes"})
        parts.append(part.assign(source_id="epoch-chip-counts"))
    frame = pd.concat(parts, ignore_index=True)
    return frame.sort_values(["maker", "quarter", "chip"], kind="stable", ignore_index=True)


def record_scores(raw: bytes) -> pd.DataFrame:
    """Models that set a record of the index on the day of their release."""
    came = read_csv(raw, "Model version", "ECI Score", "Release date", "Organization")
    frame = pd.DataFrame({"model": came["Model version"], "organisation": came["Organization"]})
    frame["release_date"] = moment(came["Release date"], "%Y-%m-%d")
    frame["eci_points"] = number(came["ECI Score"])
    frame = frame.dropna(subset=["release_date", "eci_points"])
    frame = frame.sort_values("release_date", kind="stable", ignore_index=True)
    best = frame["eci_points"].cummax()
    frame = frame[best > best.shift(fill_value=float("-inf"))]
    frame["eci_points"] = frame["eci_points"].round(2)
    return frame.reset_index(drop=True)


def largest_runs(raw: bytes) -> pd.DataFrame:
    """Models trained on 8,000 accelerators or more, those of the most first."""
    names = {
        "Model": "model", "Organization": "organization", "Publication date": "publication_date",
        "Training hardware": "hardware", "Hardware quantity": "accelerators",
        "Hardware utilization": "mfu", "Training time (hours)": "training_time_h",
        "Training compute (FLOP)": "training_compute_flop", "Confidence": "confidence",
    }  # fmt: skip
    frame = read_csv(raw, *names).rename(columns=names)
    frame["accelerators"] = whole(frame["accelerators"])
    frame = frame[(frame["accelerators"] >= 8000).fillna(False)]
    frame["publication_date"] = moment(frame["publication_date"], "%Y-%m-%d")
    for name in ("mfu", "training_time_h", "training_compute_flop"):
        frame[name] = number(frame[name])
    frame["organization"] = frame["organization"].str.replace(r",\s*", ", ", regex=True)
    frame = frame.assign(source_id="epoch-ai-models")
    return frame.sort_values("accelerators", ascending=False, kind="stable", ignore_index=True)


def _outlooks(raw: bytes) -> pd.DataFrame:
    came = read_csv(raw, "pol", "Year", "2020", "2025", "2030", "Actually got")
    return came.assign(Year=whole(came["Year"]))


def solar_actual(raw: bytes) -> pd.DataFrame:
    """Solar generation of each year, which stands beside that year's outlook."""
    came = _outlooks(raw)
    frame = pd.DataFrame({"year": came["Year"], "solar_generation_twh": came["Actually got"]})
    frame["solar_generation_twh"] = number(frame["solar_generation_twh"])
    frame = frame.dropna().astype({"year": "int64"})
    return frame.sort_values("year", kind="stable", ignore_index=True)


def solar_outlooks(raw: bytes) -> pd.DataFrame:
    """What outlooks said of the first target year, of those that have come."""
    came = _outlooks(raw)
    years = came.loc[came["Actually got"].notna(), "Year"]
    newest = int(years.max()) if len(years) else 0
    scenario = {
        "cur": "stated policies",
        "450": "policy goal",
        "sus": "sustainable development (policy goal)",
    }
    rows = []
    for _, row in came.iterrows():
        if row["pol"] not in scenario:
            raise Unfit(f"field `pol`: {row['pol']!r} is not one of {', '.join(scenario)}")
        for target in ("2020", "2025", "2030"):
            if int(target) <= newest and isinstance(row[target], str):
                rows.append((int(row["Year"]), scenario[row["pol"]], int(target), row[target]))
                break
    columns = ["vintage_year", "scenario", "target_year", "forecast_twh"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["forecast_twh"] = number(frame["forecast_twh"])
    return frame


# --- all of them ---------------------------------------------------------------------------------

EIA930 = f"{RAW}/truggles/EIA_Cleaned_Hourly_Electricity_Demand_Data/HEAD/data"
CHIPS = f"{RAW}/epoch-research/ai-chip-counts/HEAD/csv_export"
SOLAR = (File(f"{RAW}/cavedave/Solar/HEAD/solar_report_filled.csv", MB),)

RECIPES = (
    Recipe(
        "henry-hub-monthly",
        "power/henry_hub_monthly",
        (File(f"{RAW}/datasets/natural-gas/HEAD/data/monthly.csv", MB),),
        henry_hub,
        as_of=last("month", "%Y-%m"),
    ),
    Recipe(
        "eia930-ruggles-2025",
        "power/tva_demand_hourly",
        (
            File(f"{EIA930}/release_2020_Oct/balancing_authorities/TVA.csv", 20 * MB),
            File(
                f"{EIA930}/release_2025_Jan_include_subregions/"
                "subregions_and_balancing_authorities/TVA.csv",
                20 * MB,
            ),
        ),
        tva_demand,
        others=("eia930-ruggles-2020",),
        rows=(0.99, 1.5),
        as_of=last("datetime_utc", "%Y-%m"),
    ),
    Recipe(
        "gppd-v1-2",
        "power/plants_world",
        (
            File(
                f"{RAW}/neallithic64/DATA101-power-plants/HEAD/global_power_plant_database.csv",
                40 * MB,
            ),
            File(
                f"{RAW}/wri/global-power-plant-database/HEAD/source_databases_csv/database_USA.csv",
                20 * MB,
            ),
        ),
        plants,
        others=("gppd-v1-3-us",),
        compare=("country_iso3", "primary_fuel", "capacity_mw", "year_of_capacity_data"),
    ),
    Recipe(
        "nrel-tmy3",
        "cooling/weather_memphis",
        (
            File(
                f"{RAW}/slacgismo/gridlabd-weather/HEAD/US/TN-Memphis_International_Ap.tmy3",
                10 * MB,
            ),
        ),
        tmy3,
        rows=(1, 1),
    ),
    Recipe(
        "lei-masanet-2022",
        "water/wue_by_climate_zone",
        (File(f"{RAW}/nuoaleon/UEcalculator_dash_app/HEAD/src/data/UE.csv", MB),),
        wue_by_zone,
        rows=(1, 1),
    ),
    Recipe(
        "usgs-wu-2015",
        "water/memphis_withdrawals",
        (
            File(
                "https://www.sciencebase.gov/catalog/file/get/5af3311be4b0da30c1b245d8"
                "?name=usco2015v2.0.csv",
                10 * MB,
            ),
        ),
        withdrawals_2015,
        partial=True,
        rows=(1, 1),
    ),
    Recipe(
        "ecb-reference-rates",
        "robots/exchange_rates",
        (File("https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip", 20 * MB, "zip"),),
        euro_rates,
    ),
    Recipe(
        "pwt-10-01",
        "robots/labour_cost_by_country",
        (File("https://dataverse.nl/api/access/datafile/354098", 40 * MB, "stata"),),
        labour_cost,
    ),
    Recipe(
        "ilostat-ear-4hrl",
        "robots/hourly_earnings",
        (
            File(
                "https://rplumber.ilo.org/data/indicator/"
                "?id=EAR_4HRL_SEX_OCU_CUR_NB_A&type=code&format=.csv",
                200 * MB,
            ),
        ),
        earnings,
        as_of=lambda frame: str(frame["year"].max()),
    ),
    Recipe(
        "owid-ifr-aiindex-2025",
        "robots/ifr_industrial_installations",
        (File("https://ourworldindata.org/grapher/annual-industrial-robots-installed.csv", MB),),
        robots_installed,
        partial=True,
    ),
    Recipe(
        "epoch-chip-counts",
        "supply_chain/ai_chip_sales",
        tuple(
            File(f"{CHIPS}/{name}_chip_timelines.csv", MB)
            for name in ("amd", "trainium", "tpu_calendar_quarter", "nvidia_calendar_quarter")
        ),
        chip_sales,
    ),
    Recipe(
        "epoch-ai-models",
        "networking/epoch_training_runs",
        (File("https://epoch.ai/data/all_ai_models.csv", 40 * MB),),
        largest_runs,
        rows=(0.9, 10.0),
    ),
    Recipe(
        "epoch-eci",
        "pace/epoch_capabilities",
        (File(f"{RAW}/peterhurford/metr_graph/HEAD/epoch_capabilities_index.csv", 5 * MB),),
        record_scores,
        as_of=last("release_date", "%Y-%m-%d"),
    ),
    Recipe(
        "cavedave-weo",
        "pace/solar_generation_actual",
        SOLAR,
        solar_actual,
        as_of=lambda frame: f"{frame['year'].max()}-12-31",
    ),
    Recipe("cavedave-weo", "pace/iea_weo_solar_forecasts", SOLAR, solar_outlooks),
)
