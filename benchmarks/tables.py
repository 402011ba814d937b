"""The benchmarks' Markdown tables, from what they measured: printed by them, and written into the pages of ``docs``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import records

Content = dict[str, Any]

_PROCESS = (
    ("process start → a worker serves, on one core", "", "start_ms", "ms", None),
    ("the same ÷ a bare script with the same libraries", "≤ 1.2", "start_over_bare", "×", 1.2),
    ("4 workers on 2 cores serve ÷ one worker does", "≤ 1.15", "four_workers_over_one", "×", 1.15),
    ("2 workers on one core serve ÷ one worker does", "≤ 1.2", "two_workers_on_a_core_over_one", "×", 1.2),
    ("SIGKILL under load → the successor answers", "≤ 100 ms", "successor_ms", "ms", 100),
    ("memory of the parent and a worker, seconds after a load (PSS)", "≤ 110 MB", "memory_mb", "MB", 110),
    ("memory of each further worker, likewise", "≤ 26 MB", "further_worker_mb", "MB", 26),
    ("p99 of one PNG at 8 connections and half load", "≤ 2.5 × p50", "half_load_p99_over_p50", "× p50", 2.5),
    ("p99 of one PNG, 50 a second, while batches of 10,000 run", "≤ 3 ms", "beside_batches_p99_ms", "ms", 3),
    ("the same without the batches", "", "alone_p99_ms", "ms", None),
)
_TWO_WORKERS = 1.6

SLOW_CLIENTS_TARGET_MS = 100
"""How long a prediction may take while slow clients hold connections."""


def bench(content: Content) -> list[str]:
    """Write the tables of ``python -m benchmarks``: ratios, then what no ratio tells."""
    process = content["process"]
    two = process["two_workers_over_one"]
    return [
        "| Work | against | target | ratio (lowest–highest) | target met | requests/s | CPU s per 1,000 | p50 | p99 |",
        "| --- | --- | ---: | --- | --- | ---: | ---: | ---: | ---: |",
        *(row(one) for one in content["rows"]),
        "",
        "| What | target | measured | target met |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {target} | {process[key]:,.4g} {unit} | {_met(most is None or process[key] <= most, target)} |"
            for name, target, key, unit, most in _PROCESS
            if key in process  # an older measurement lacks some
        ),
        f"| 2 workers on 2 cores, load beside them | ≥ {_TWO_WORKERS} × one | {two:.3g} × one | "
        f"{_met(two >= _TWO_WORKERS)} |",
    ]


def row(one: Content) -> str:
    """Write one comparison of ``python -m benchmarks``."""
    target = "" if one["target"] is None else f"≥ {one['target']:.2f}"
    low, high = one["spread"]
    met = _met(one["target"] is None or one["ratio"] >= one["target"], target)
    return (
        f"| {one['name']} | {one['against']} | {target} | {one['ratio']:.2f} ({low:.2f}–{high:.2f}) | {met} | "
        f"{one['rate']:,.0f} | {one['cpu_seconds']:.2f} | {one['p50']:.2f} ms | {one['p99']:.2f} ms |"
    )


def _met(met: bool, target: str = "-") -> str:
    return "" if not target else "yes" if met else "no"


def explain(content: Content) -> list[str]:
    """Write how long explanations take."""
    return [
        "| Model | JSON, median | PNG, median |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {one['json']:.1f} ms | {one['png']:.1f} ms |" for name, one in content["milliseconds"].items()),
    ]


def page(content: Content) -> list[str]:
    """Write how quick and how heavy the page is."""
    slowest = max(content["prediction_ms"], key=content["prediction_ms"].__getitem__)
    prediction, box = content["prediction_ms"][slowest], content["box_ms"]["median"]
    read = content["first_bytes_read"] / 1000
    return [
        "| What | target | measured | target met |",
        "| --- | --- | ---: | --- |",
        f"| loaded by the first answers, uncompressed | ≤ 150 KB | {read:.0f} KB | {_met(read <= 150)} |",
        f"| the same as it is sent | | {content['first_bytes_sent'] / 1000:.0f} KB | |",
        f"| opening → the first answers, processor slowed 4 times | | {content['first_answers_ms']:.0f} ms | |",
        f"| the photo's box moved → new answers, median | < 300 ms | {box:.0f} ms | {_met(box < 300)} |",
        f"| the same, slowest of 30 | | {content['box_ms']['slowest']:.0f} ms | |",
        f"| one prediction in the browser, processor slowed 4 times, slowest network ({slowest}) | < 15 ms | "
        f"{prediction:.1f} ms | {_met(prediction < 15)} |",
    ]


THIS = "**this service**"
"""Its name among the other servers."""

_PEERS = (
    ("one PNG", 0, False, 6),
    ("one image as JSON", 1, False, 3),
    ("100 images as JSON", 2, False, 2),
    ("100 images as JSON, both with int8 weights", 2, True, 2.5),
)


def others(content: Content) -> list[str]:
    """Write what other servers do with the same model, and how far the best of them is behind."""
    rows = content["rows"]
    lines = [
        "| Server | model by | one PNG, requests/s | one image JSON, requests/s | 100 JSON, images/s | PSS |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        *(other(row) for row in rows),
        "",
        "| What | this service ÷ the best other one | target | target met |",
        "| --- | ---: | ---: | --- |",
    ]
    for what, column, is_int8, target in _PEERS:
        measured_rows = [row for row in rows if "rates" in row and row["engine"].endswith("int8") == is_int8]
        ours = [row["rates"][column] for row in measured_rows if row["name"] == THIS]
        theirs = [row["rates"][column] for row in measured_rows if row["name"] != THIS and row["rates"][column]]
        if ours and theirs:
            ratio = ours[0] / max(theirs)
            lines.append(f"| {what} | {ratio:.1f} | ≥ {target} | {_met(ratio >= target)} |")
    return lines


def other(row: Content) -> str:
    """Write one server's line."""
    if "error" in row:
        return f"| {row['name']} | {row['engine']} | not measured: {row['error']} | | | |"
    rates = ("–" if rate is None else f"{rate:,.0f}" if rate else "verified" for rate in row["rates"])
    return f"| {row['name']} | {row['engine']} | {' | '.join(rates)} | {row['pss_mb']:.0f} MB |"


def pictures(content: Content) -> list[str]:
    """Write how often each model is right about pictures of other origin, and how many it calls strange."""
    columns = [(part, kind) for part in content["parts"] for kind in next(iter(content["models"].values()))[part]]
    return [
        "| Model | " + " | ".join(f"{part}: {kind}" for part, kind in columns) + " |",
        "| --- |" + " ---: |" * len(columns),
        *(
            f"| {name} | {' | '.join(_share(*counts[part][kind]) for part, kind in columns)} |"
            for name, counts in content["models"].items()
        ),
    ]


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%} ({count} of {total})" if total else "–"


def faults(content: Content) -> list[str]:
    """Write what faults lost."""
    return [
        "| Fault under load | What came of it |",
        "| --- | --- |",
        *(
            f"| {name} | {', '.join(f'{_said(key)}: {_value(value)}' for key, value in result.items())} |"
            for name, result in content["results"].items()
        ),
    ]


def overload(content: Content) -> list[str]:
    """Write what ten times the load did, a column a kind of request."""
    results = content["results"]
    return [
        f"| Overload | {' | '.join(results)} |",
        "| --- |" + " ---: |" * len(results),
        *(
            f"| {name} | {' | '.join(_value(of_one[name]) for of_one in results.values())} |"
            for name in next(iter(results.values()))
        ),
    ]


def pairs(content: Content) -> list[str]:
    """Write names and values."""
    return [
        "| What | Measured |",
        "| --- | ---: |",
        *(f"| {name} | {_value(value)} |" for name, value in content["results"].items()),
    ]


def hostile(content: Content) -> list[str]:
    """Write the answers by status."""
    return [
        "| Answer | Requests |",
        "| --- | ---: |",
        *(f"| {status} | {count:,} |" for status, count in sorted(content["answers"].items())),
        f"| workers that died | {content['workers_died']} |",
    ]


def slow_clients(content: Content) -> list[str]:
    """Write what a probe saw during each attack, and whether it was within the target."""
    return [
        f"| Mode | Connections | Probes | Not answered with 200 | Slowest, ms | Within {SLOW_CLIENTS_TARGET_MS} ms |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        *(
            f"| -{one['mode']} | {one['connections']:,} | {one['probes']} | {one['failed']} | {one['slowest_ms']:g} | "
            f"{'yes' if one['slowest_ms'] <= SLOW_CLIENTS_TARGET_MS and not one['failed'] else 'no'} |"
            for one in content["attacks"]
        ),
    ]


def contract(content: Content) -> list[str]:
    """Write how the rows of the contract came out for each server, and AWS's sentences under them."""
    servers = content["servers"]
    rows = {row["name"]: row for verdicts in servers.values() for row in verdicts}
    outcomes = [{row["name"]: _OUTCOMES[row["outcome"]] for row in verdicts} for verdicts in servers.values()]
    sources = {(row["words"], row["source"]): None for row in rows.values() if row["words"]}
    numbers = {source: number for number, source in enumerate(sources, 1)}
    lines = [
        "| Level | Row | " + " | ".join(servers) + " |",
        "| --- | --- |" + " --- |" * len(servers),
    ]
    for level in ("must", "should", "ours"):
        for name, row in rows.items():
            if row["level"] == level:
                note = f" [{numbers[row['words'], row['source']]}]" if row["words"] else ""
                cells = " | ".join(found.get(name, "–") for found in outcomes)
                lines.append(f"| {level} | {_escaped(row['text'])}{note} | {cells} |")
    return [*lines, "", *(f"{number}. “{words}” ({source})" for (words, source), number in numbers.items())]


_OUTCOMES = {"passed": "yes", "failed": "**no**", "skipped": "–"}


def _escaped(text: str) -> str:
    return text.replace("[", "(").replace("]", ")").replace("{", "`{").replace("}", "}`")


def fuzz(content: Content) -> list[str]:
    """Write the table of ``python -m benchmarks.reliability.fuzz``, which is called for one reader at a time."""
    return [
        "| Reader | Inputs without a finding | Seconds | Commit |",
        "| --- | ---: | ---: | --- |",
        *(
            f"| {_said(reader)} | {run['inputs']:,} | {run['seconds']:,} | {run['commit']} |"
            for reader, run in content["readers"].items()
        ),
    ]


def _said(name: str) -> str:
    return name.replace("_", " ")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count:,} × {key}" for key, count in value.items())
    return f"{value:,}"


BLOCKS: dict[str, tuple[Path, str, Callable[[Content], list[str]]]] = {
    "bench": (records.SPEED, "python -m benchmarks", bench),
    "explain": (records.EXPLAIN, "python -m benchmarks.speed.explain", explain),
    "page": (records.PAGE, "python -m benchmarks.speed.page", page),
    "others": (records.OTHERS, "python -m benchmarks.others", others),
    "contract": (records.CONTRACT, "python -m benchmarks.others.contract", contract),
    "pictures": (records.PICTURES, "python -m benchmarks.pictures", pictures),
    "faults": (records.RELIABILITY / "faults.json", "python -m benchmarks.reliability.faults", faults),
    "overload": (records.RELIABILITY / "overload.json", "python -m benchmarks.reliability.overload", overload),
    "soak": (records.RELIABILITY / "soak.json", "python -m benchmarks.reliability.soak", pairs),
    "hostile": (records.RELIABILITY / "hostile.json", "python -m benchmarks.reliability.hostile", hostile),
    "slow_clients": (
        records.RELIABILITY / "slow_clients.json",
        "python -m benchmarks.reliability.slow_clients",
        slow_clients,
    ),
    "fuzz": (records.RELIABILITY / "fuzz.json", "make fuzz", fuzz),
    "multi_model": (records.RELIABILITY / "multi_model.json", "python -m benchmarks.reliability.multi_model", pairs),
}
"""By the name of a block in a page: the file, the command that writes it, and the table."""


def block(name: str) -> list[str]:
    """Write a block of a page: the table and where it was measured, or which command would measure it."""
    path, command, table = BLOCKS[name]
    content = records.read(path)
    if content is None:
        return [f"Not measured for this version; `{command}` does."]
    return [*table(content), "", measured(content["about"])]


def measured(about: Content) -> str:
    """Say where and when something was measured, and how busy the machine was with other work."""
    load = f" The machine's load average before it was {about['load']}." if "load" in about else ""
    return (
        f"Measured by `{about['command']}` at commit {about['commit']}, on {about['cpu']}, Python {about['python']}, "
        f"{about['date']}.{load}"
    )
