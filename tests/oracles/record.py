"""Keeps what the oracles said: figures.json, one object for each script."""
import importlib.metadata
import json
import pathlib


def cpu_name():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown CPU"


def record(script, packages, figures):
    path = pathlib.Path(__file__).parent / "figures.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    versions = {name: importlib.metadata.version(name) for name in packages}
    kept[script] = {"cpu": cpu_name(), "versions": versions, "figures": figures}
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
