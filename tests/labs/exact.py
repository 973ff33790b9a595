# SPDX-License-Identifier: MIT
"""An exact run: `pvctl up --script --icount`, where all that goes in is in the RAM disk, so that the same seed gives the same run."""
import json, pathlib, subprocess, tempfile


def run(build, seed, script, files):
    """({command line: its output}, all that was printed) of a machine of its own whose dom0 runs the script. Files are {name: bytes}."""
    with tempfile.TemporaryDirectory() as directory:
        for name, content in files.items():
            (pathlib.Path(directory) / name).write_bytes(content)
        result = subprocess.run([build / "bin/pvctl", "up", "--script", "-", "--icount", "--seed", str(seed), "--report", "report"],
                                cwd=directory, input=script.encode(), capture_output=True)
        report = pathlib.Path(directory) / "report"
        lines = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
    outputs = {line["command"].lstrip("-"): line["output"].replace("\r", "") for line in lines if line["event"] == "command"}
    return outputs, (result.stdout + result.stderr).decode(errors="replace")
