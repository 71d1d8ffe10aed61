"""Does a robot pay back? Simple and discounted payback, NPV, IRR, life-cycle cost, thresholds.

The standard model of life-cycle costing (IEC 60300-3-3, VDI 2884) for a robot that does a share of
one person's work: what it saves is loaded labour cost times the work it gets done, as overall
equipment effectiveness counts it (availability x performance x quality, ISO 22400-2); what it costs
is its installed price once and maintenance, supervision, energy and help with errors every year.

All functions are pure and broadcast over arrays of any shape: jobs x places x draws. Money is in
one price year throughout (USD), hours are scheduled hours of the site unless the name says
`running`. `efficiency` is a robot's output over a person's in the same time (no unit). It is read
in two ways, `READINGS`: "running", in the hours the robot runs, so that availability comes on top,
or "calendar", over all scheduled hours, stoppages included, so that availability is already in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import elementwise
from scipy.stats import norm

from aifactory.models.arguments import not_negative, positive, shares
from aifactory.models.finance import annuity_factor, capital_recovery_factor

READINGS = ("running", "calendar")
YEAR_HOURS = 8760.0
WHOLE = 1e-9  # rounding of a count of jobs
JOB_HOURS = 2000.0  # a job's hours a year: fifty weeks of forty, the middle of one shift


def over(top: ArrayLike, bottom: ArrayLike) -> np.ndarray:
    """`top` / `bottom`, broadcast; infinite where `bottom` is not positive."""
    a, b = np.broadcast_arrays(np.asarray(top, float), np.asarray(bottom, float))
    return np.divide(a, b, out=np.full(b.shape, np.inf), where=b > 0)


def target(target_years: ArrayLike) -> np.ndarray:
    """A time to pay back in (years) as an array. Raises ValueError unless it is above zero."""
    return positive(target_years=target_years)[0]


def oee(availability: ArrayLike, performance: ArrayLike, quality: ArrayLike) -> np.ndarray:
    """Overall equipment effectiveness (ISO 22400-2): availability x performance x quality.

    `availability` and `quality` are shares, `performance` is speed over the reference speed. Raises
    ValueError for shares outside 0 to 1 or negative speed.
    """
    up, good = shares(availability=availability, quality=quality)
    (speed,) = not_negative(performance=performance)
    return up * speed * good


def effective_availability(availability: ArrayLike, reading: str = "running") -> np.ndarray:
    """Availability that still multiplies efficiency: itself, or 1 where that is in it already.

    Raises ValueError for a reading that is not one of READINGS, or shares outside 0 to 1.
    """
    if reading not in READINGS:
        raise ValueError(f"unknown reading {reading!r}; use one of {READINGS}")
    (up,) = shares(availability=availability)
    return up if reading == "running" else np.ones_like(up)


def realised_share(robots: ArrayLike, jobs_per_robot: ArrayLike) -> np.ndarray:
    """Share of the work done by a group of robots that whole jobs saved can realise.

    `robots` that each do `jobs_per_robot` of a job free that many jobs, of which only whole ones
    can go: floor(n x) / (n x); 0 where nothing is done, 1 for an infinite group, where every hour
    counts. Raises ValueError for negative input.
    """
    n, x = np.broadcast_arrays(*not_negative(robots=robots, jobs_per_robot=jobs_per_robot))
    work = np.where(np.isinf(n), 0.0, n) * x
    whole = np.minimum(np.floor(work + WHOLE), work)
    share = np.divide(whole, work, out=np.zeros(work.shape), where=work > 0)
    return np.where(np.isinf(n) & (x > 0), 1.0, share)


def whole_jobs(robots: ArrayLike, jobs_per_robot: ArrayLike) -> np.ndarray:
    """Least jobs a robot that a group of `robots` can free and that are not below what is asked.

    The group frees whole jobs only: ceil(n x) / n, or x itself for an infinite group. Infinite
    where x is. Raises ValueError for negative input or a group of none.
    """
    n, x = np.broadcast_arrays(*not_negative(robots=robots, jobs_per_robot=jobs_per_robot))
    if (n == 0).any():
        raise ValueError("a group has at least one robot")
    known = np.isfinite(n) & np.isfinite(x)
    group = np.where(known, n, 1.0)
    return np.where(known, np.ceil(np.where(known, n * x, 0.0) - WHOLE) / group, x)


def annual_benefit(
    efficiency: ArrayLike,
    availability: ArrayLike,
    hours_per_year: ArrayLike,
    labour_usd_per_h: ArrayLike,
    realised: ArrayLike = 1.0,
) -> np.ndarray:
    """Labour cost saved a year (USD): B = r e A H w.

    `labour_usd_per_h` is total compensation an hour worked, not the wage. Raises ValueError for
    negative input or shares (`availability`, `realised`) outside 0 to 1.
    """
    e, h, w = not_negative(
        efficiency=efficiency, hours_per_year=hours_per_year, labour_usd_per_h=labour_usd_per_h
    )
    a, r = shares(availability=availability, realised=realised)
    return r * e * a * h * w


def annual_cost(
    price_usd: ArrayLike,
    maintenance_share: ArrayLike,
    hours_per_year: ArrayLike,
    supervisor_usd_per_h: ArrayLike,
    robots_per_supervisor: ArrayLike,
    running_share: ArrayLike,
    power_kw: ArrayLike,
    electricity_usd_per_kwh: ArrayLike,
    help_share: ArrayLike = 0.0,
    labour_usd_per_h: ArrayLike = 0.0,
    software_usd_per_year: ArrayLike = 0.0,
) -> np.ndarray:
    """Cost of running one robot for a year (USD): maintenance, people, energy, errors, software.

    O = m P + H w_s / N + kW A H p + q A H w + S. `help_share` q is the time a person spends on the
    robot's errors, in hours per hour of running. Raises ValueError for negative input, shares above
    1, or no robot a supervisor.
    """
    p, m, h, ws, n, kw, pe, q, w, s = not_negative(
        price_usd=price_usd,
        maintenance_share=maintenance_share,
        hours_per_year=hours_per_year,
        supervisor_usd_per_h=supervisor_usd_per_h,
        robots_per_supervisor=robots_per_supervisor,
        power_kw=power_kw,
        electricity_usd_per_kwh=electricity_usd_per_kwh,
        help_share=help_share,
        labour_usd_per_h=labour_usd_per_h,
        software_usd_per_year=software_usd_per_year,
    )
    (a,) = shares(running_share=running_share)
    if (n == 0).any():
        raise ValueError("robots_per_supervisor must be positive (infinite for no supervision)")
    return m * p + h * ws / n + kw * a * h * pe + q * a * h * w + s


def installed_cost(price_usd: ArrayLike, integration_share: ArrayLike) -> np.ndarray:
    """What a working robot costs before it works (USD): I = P (1 + i).

    `integration_share` i is engineering, safety, tools and training over the robot's price. Raises
    ValueError for negative input.
    """
    p, i = not_negative(price_usd=price_usd, integration_share=integration_share)
    return p * (1 + i)


def life_years(
    life_h: ArrayLike, running_h_per_year: ArrayLike, cap_years: ArrayLike = np.inf
) -> np.ndarray:
    """Years until a robot's life in operating hours is used up, at most `cap_years`.

    Raises ValueError for negative input.
    """
    life, run, cap = not_negative(
        life_h=life_h, running_h_per_year=running_h_per_year, cap_years=cap_years
    )
    return np.minimum(over(life, run), cap)


def simple_payback_years(
    installed_usd: ArrayLike,
    benefit_usd_per_year: ArrayLike,
    cost_usd_per_year: ArrayLike,
    life: ArrayLike = np.inf,
) -> np.ndarray:
    """Years until savings have returned what was spent: I / (B - O).

    Infinite where a year brings nothing, and where the robot wears out first (`life`, years).
    Raises ValueError for negative input.
    """
    i, b, o, last = not_negative(
        installed_usd=installed_usd,
        benefit_usd_per_year=benefit_usd_per_year,
        cost_usd_per_year=cost_usd_per_year,
        life=life,
    )
    years = over(i, b - o)
    return np.where(years <= last, years, np.inf)


def discounted_payback_years(
    installed_usd: ArrayLike,
    benefit_usd_per_year: ArrayLike,
    cost_usd_per_year: ArrayLike,
    rate: ArrayLike,
    life: ArrayLike = np.inf,
) -> np.ndarray:
    """Years n at which savings, discounted at `rate` a year, have returned what was spent.

    Solves (B - O) (1 - (1 + k)^-n) / k = I: n = -ln(1 - k I / (B - O)) / ln(1 + k). Infinite where
    that never happens, or not within `life` (years). Raises ValueError for negative input.
    """
    k, last = not_negative(rate=rate, life=life)
    simple = simple_payback_years(installed_usd, benefit_usd_per_year, cost_usd_per_year)
    simple, k = np.broadcast_arrays(simple, k)
    with np.errstate(divide="ignore", invalid="ignore"):
        years = -np.log1p(-np.where(k * simple < 1, k * simple, 1.0)) / np.log1p(k)
    years = np.where(k == 0, simple, years)
    return np.where(years <= last, years, np.inf)


def npv(
    installed_usd: ArrayLike,
    net_usd_per_year: ArrayLike,
    rate: ArrayLike,
    years: ArrayLike,
    residual_usd: ArrayLike = 0.0,
) -> np.ndarray:
    """Net present value (USD) of equal yearly savings over `years` and a residual value at the end.

    Where the purchase is deducted in full in the first year and savings are taxed, tax at rate t
    leaves (1 - t) of this: neither its sign nor the IRR moves (Brown 1948). Raises ValueError for
    negative prices or years.
    """
    i, rest = not_negative(installed_usd=installed_usd, residual_usd=residual_usd)
    factor = annuity_factor(rate, years)
    worth = (1 + np.asarray(rate, float)) ** -np.asarray(years, float)
    return np.asarray(net_usd_per_year, float) * factor + rest * worth - i


def irr(installed_usd: ArrayLike, net_usd_per_year: ArrayLike, years: ArrayLike) -> np.ndarray:
    """Internal rate of return (a year): the rate at which the NPV is zero.

    -1 where a year brings nothing or there is no year; searched from -0.9999 to 1,000. Raises
    ValueError for negative years or a purchase that costs nothing.
    """
    i, n = not_negative(installed_usd=installed_usd, years=years)
    if (i == 0).any():
        raise ValueError("installed_usd must be positive")
    i, n, net = np.broadcast_arrays(i, n, np.asarray(net_usd_per_year, float))
    pays = (net > 0) & (n > 0)
    want = np.divide(i, net, out=np.ones(i.shape), where=pays)
    low, high = np.full(i.shape, np.log(1e-4)), np.full(i.shape, np.log(1001.0))
    # the factor falls with the rate: solve in ln(1 + k), where it is smooth over the whole range
    found = elementwise.find_root(
        lambda x, m, t: np.log(annuity_factor(np.expm1(x), m)) - np.log(t),
        (low, high),
        args=(np.where(pays, n, 1.0), want),
    )
    return np.where(pays & found.success, np.expm1(found.x), -1.0)


def cost_per_human_hour(
    installed_usd: ArrayLike,
    cost_usd_per_year: ArrayLike,
    rate: ArrayLike,
    years: ArrayLike,
    human_hours_per_year: ArrayLike,
) -> np.ndarray:
    """Capital and running cost per hour of a person's work done (USD/h): (CRF I + O) / hours.

    `human_hours_per_year` is r e A H. Infinite where no work is done. Raises ValueError for
    negative input.
    """
    i, o, done = not_negative(
        installed_usd=installed_usd,
        cost_usd_per_year=cost_usd_per_year,
        human_hours_per_year=human_hours_per_year,
    )
    return over(capital_recovery_factor(rate, years) * i + o, done)


def threshold_efficiency(
    target_years: ArrayLike,
    installed_usd: ArrayLike,
    cost_usd_per_year: ArrayLike,
    availability: ArrayLike,
    hours_per_year: ArrayLike,
    labour_usd_per_h: ArrayLike,
    robots: ArrayLike = np.inf,
    job_hours: ArrayLike = JOB_HOURS,
) -> np.ndarray:
    """Least efficiency with which simple payback comes within `target_years`: e* = j J / (A H).

    A robot has to free c = (I / T + O) / (J w) jobs of `job_hours` J (hours a year). A group of
    `robots` n frees whole jobs only, so that each has to free j = ceil(n c) / n; in an infinite
    group every hour counts, j = c and e* = (I / T + O) / (A H w). Infinite where there is nothing
    to save. Raises ValueError for negative input, no target or a group of none.
    """
    i, o = not_negative(installed_usd=installed_usd, cost_usd_per_year=cost_usd_per_year)
    (job,) = positive(job_hours=job_hours)
    worth = annual_benefit(1.0, 1.0, job, labour_usd_per_h)
    jobs = whole_jobs(robots, over(i / target(target_years) + o, worth))
    return over(jobs * job, annual_benefit(1.0, availability, hours_per_year, 1.0))


def threshold_labour_cost(
    target_years: ArrayLike,
    installed_usd: ArrayLike,
    fixed_usd_per_year: ArrayLike,
    efficiency: ArrayLike,
    availability: ArrayLike,
    hours_per_year: ArrayLike,
    realised: ArrayLike = 1.0,
    help_share: ArrayLike = 0.0,
) -> np.ndarray:
    """Labour cost (USD/h) from which simple payback comes within `target_years`.

    w* = (I / T + F) / (A H (r e - q)), with F the running cost that does not depend on w. Infinite
    where help with errors eats what is saved. Raises ValueError for negative input or no target.
    """
    i, f, q = not_negative(
        installed_usd=installed_usd, fixed_usd_per_year=fixed_usd_per_year, help_share=help_share
    )
    a_h = annual_benefit(1.0, availability, hours_per_year, 1.0)
    saved = annual_benefit(efficiency, availability, hours_per_year, 1.0, realised) - q * a_h
    return over(i / target(target_years) + f, saved)


def chance_within(
    wage_usd_per_h: ArrayLike, rse: ArrayLike, threshold_usd_per_h: ArrayLike
) -> np.ndarray:
    """Share of draws whose threshold wage is reached, for each job: shape of `wage_usd_per_h`.

    `threshold_usd_per_h` (draws,) may be infinite; `rse` is the relative standard error of the
    wages, averaged over by the midpoints of 16 equal parts of the normal distribution. Raises
    ValueError for no draws or negative input.
    """
    w, s, t = not_negative(
        wage_usd_per_h=wage_usd_per_h, rse=rse, threshold_usd_per_h=threshold_usd_per_h
    )
    if t.size == 0:
        raise ValueError("chance_within needs at least one draw")
    z = norm.ppf((np.arange(16) + 0.5) / 16)
    drawn = w[..., None] * np.maximum(1 + s[..., None] * z, 0)
    return np.searchsorted(np.sort(t.ravel()), drawn, side="right").mean(axis=-1) / t.size


def waiting_payback_years(
    rate: ArrayLike, price_fall: ArrayLike, life_years: ArrayLike
) -> np.ndarray:
    """Payback above which it pays to wait a year for a cheaper robot: k a / (k + d).

    A year's wait saves interest k and the price fall d on what would be spent, and moves all
    savings, with their annuity factor a over the life, a year away. The inverse of
    `capital.waiting_threshold`; 1 / (k + d) for a robot that lasts for ever (Jorgenson's user cost
    of capital). Raises ValueError where rate and price_fall are both zero.
    """
    k, d, n = not_negative(rate=rate, price_fall=price_fall, life_years=life_years)
    if ((k + d) == 0).any():
        raise ValueError("rate and price_fall are both zero: waiting gains nothing")
    return -np.expm1(-n * np.log1p(k)) / (k + d)


def raas_adopt(
    fee_usd_per_h: ArrayLike,
    efficiency: ArrayLike,
    availability: ArrayLike,
    labour_usd_per_h: ArrayLike,
    realised: ArrayLike = 1.0,
    own_cost_usd_per_h: ArrayLike = 0.0,
) -> np.ndarray:
    """Whether a robot rented by the hour is worth its fee: fee + own cost < r e A w (booleans).

    `own_cost_usd_per_h` is what the renter still pays an hour (supervision, help, energy). Raises
    ValueError for negative input.
    """
    fee, own = not_negative(fee_usd_per_h=fee_usd_per_h, own_cost_usd_per_h=own_cost_usd_per_h)
    return fee + own < annual_benefit(efficiency, availability, 1.0, labour_usd_per_h, realised)


@dataclass(frozen=True)
class Robot:
    """Draws of what does not depend on the job: one array (draws,) or a number a field.

    Units as named; shares have none. `availability` lies between 0 and 1, `help_share` is hours of
    help per hour of running. `robots_together` is the size of the group that frees whole jobs; in
    an infinite one every hour saved leaves the payroll.
    """

    price_usd: ArrayLike
    integration_share: ArrayLike
    maintenance_share: ArrayLike
    robots_per_supervisor: ArrayLike
    supervisor_usd_per_h: ArrayLike
    availability: ArrayLike
    robots_together: ArrayLike
    help_share: ArrayLike
    power_kw: ArrayLike
    electricity_usd_per_kwh: ArrayLike
    life_h: ArrayLike
    cap_years: ArrayLike
    rate: ArrayLike


@dataclass(frozen=True)
class Case:
    """One robot at one job, worked out: arrays broadcast over jobs and draws.

    Money in USD, a year where the name says so; `life` in years. `availability` is the one that
    multiplies efficiency, so 1 in the calendar reading. `realised` is the share of the saving that
    whole jobs realise at `efficiency`, `robots` the size of the group that frees them.
    """

    installed_usd: np.ndarray
    benefit_usd_per_year: np.ndarray
    cost_usd_per_year: np.ndarray
    life: np.ndarray
    rate: np.ndarray
    availability: np.ndarray
    realised: np.ndarray
    hours_per_year: np.ndarray
    labour_usd_per_h: np.ndarray
    efficiency: np.ndarray
    robots: ArrayLike = np.inf

    def payback_years(self) -> np.ndarray:
        """Simple payback (years); infinite where never, or not within the robot's life."""
        return simple_payback_years(
            self.installed_usd, self.benefit_usd_per_year, self.cost_usd_per_year, self.life
        )

    def discounted_years(self) -> np.ndarray:
        """Discounted payback (years); infinite where never, or not within the robot's life."""
        return discounted_payback_years(
            self.installed_usd,
            self.benefit_usd_per_year,
            self.cost_usd_per_year,
            self.rate,
            self.life,
        )

    def net_usd_per_year(self) -> np.ndarray:
        """Savings less running cost, USD a year."""
        return self.benefit_usd_per_year - self.cost_usd_per_year

    def npv_usd(self) -> np.ndarray:
        """Net present value over the robot's life (USD), before tax and without residual value."""
        return npv(self.installed_usd, self.net_usd_per_year(), self.rate, self.life)

    def irr(self) -> np.ndarray:
        """Internal rate of return over the robot's life, a year."""
        return irr(self.installed_usd, self.net_usd_per_year(), self.life)

    def cost_per_human_hour(self) -> np.ndarray:
        """Capital recovery and running cost per hour of a person's work done (USD/h)."""
        done = self.realised * self.efficiency * self.availability * self.hours_per_year
        return cost_per_human_hour(
            self.installed_usd, self.cost_usd_per_year, self.rate, self.life, done
        )

    def target(self, target_years: float = 3.0) -> np.ndarray:
        """The target, or the robot's life where that is shorter (years)."""
        return np.minimum(target_years, self.life)

    def threshold(self, target_years: float = 3.0) -> np.ndarray:
        """Least efficiency with which payback comes within the target or the life, if sooner."""
        return threshold_efficiency(
            self.target(target_years),
            self.installed_usd,
            self.cost_usd_per_year,
            self.availability,
            self.hours_per_year,
            self.labour_usd_per_h,
            self.robots,
        )


def case(
    robot: Robot,
    labour_usd_per_h: ArrayLike,
    hours_per_year: ArrayLike,
    efficiency: ArrayLike = 0.5,
    reading: str = "running",
) -> Case:
    """One robot at jobs that cost `labour_usd_per_h` an hour at sites open `hours_per_year`.

    Arguments broadcast with the draws of `robot`: give jobs as a column (jobs, 1) to get
    (jobs, draws). The robot runs, draws power and wears in A H hours in both readings where
    A = 1 in the calendar reading. Its group frees whole jobs of JOB_HOURS. Raises ValueError as
    the functions above.
    """
    up = effective_availability(robot.availability, reading)
    hours = np.asarray(hours_per_year, float)
    labour = np.asarray(labour_usd_per_h, float)
    jobs = annual_benefit(efficiency, up, hours, 1.0) / JOB_HOURS
    realised = realised_share(robot.robots_together, jobs)
    return Case(
        installed_usd=installed_cost(robot.price_usd, robot.integration_share),
        benefit_usd_per_year=annual_benefit(efficiency, up, hours, labour, realised),
        cost_usd_per_year=annual_cost(
            robot.price_usd,
            robot.maintenance_share,
            hours,
            robot.supervisor_usd_per_h,
            robot.robots_per_supervisor,
            up,
            robot.power_kw,
            robot.electricity_usd_per_kwh,
            robot.help_share,
            labour,
        ),
        life=life_years(robot.life_h, up * hours, robot.cap_years),
        rate=np.asarray(robot.rate, float),
        availability=up,
        realised=realised,
        hours_per_year=hours,
        labour_usd_per_h=labour,
        efficiency=np.asarray(efficiency, float),
        robots=robot.robots_together,
    )
