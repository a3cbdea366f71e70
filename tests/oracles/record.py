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


def apart(ours, theirs):
    """The largest difference, relative to theirs."""
    return float(max(abs(ours - theirs) / abs(theirs)))


def compare_losses(dtype, ours, peers, steps, bound):
    """Figures of the first `steps` losses beside each peer's, which are also printed."""
    figures = {f"{dtype} losses": [float(ours[0]), float(ours[-1])]}
    for peer, theirs in peers.items():
        found = apart(ours[:steps], theirs[:steps])
        holds = found <= bound
        figures[f"{dtype} {peer}"] = {"steps": steps, "largest_relative_difference": found,
                                      "bound": bound, "holds": holds}
        print(f"{dtype}, {steps} steps, {peer}: {found:.2e} apart at most "
              f"(bound {bound:g}): {'holds' if holds else 'DOES NOT HOLD'}")
    return figures
