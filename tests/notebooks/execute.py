"""Execute a notebook: python execute.py NOTEBOOK EXECUTED PARAMETERS, in its own environment.

PARAMETERS is a JSON object; a cell that sets them follows the one tagged `parameters`, as papermill
has it. What was executed is written whatever comes of it.
"""

import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

source, executed, given = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
nbformat.validate(notebook)
at = next(
    number
    for number, cell in enumerate(notebook.cells)
    if "parameters" in cell.metadata.get("tags", ())
)
lines = [f"{name} = {value!r}" for name, value in json.loads(given).items()]
cell = nbformat.v4.new_code_cell("\n".join(lines), metadata={"tags": ["injected-parameters"]})
notebook.cells.insert(at + 1, cell)
client = NotebookClient(
    notebook, timeout=600, resources={"metadata": {"path": str(Path(source).parent)}}
)
try:
    client.execute()
finally:
    nbformat.write(notebook, executed)
