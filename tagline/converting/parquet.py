"""Parquet, where pyarrow is installed: it is large, and nothing else needs it."""

from collections.abc import Iterator
from pathlib import Path

from tagline.converting.entries import Asked, Reading, Unconvertible
from tagline.converting.tables import Record, as_cell, read_table

_ROWS = 4096  # at a time


def read(source: Path, asked: Asked) -> Reading:
    """Return the entries of a Parquet file; a column of lists holds tags."""
    try:
        from pyarrow import ArrowException  # noqa: PLC0415 - seconds to load, seldom used
        from pyarrow.parquet import ParquetFile  # noqa: PLC0415
    except ImportError as exc:
        raise Unconvertible(
            f"{source} is Parquet, which pyarrow reads, and that isn't installed: "
            "pip install 'tagline[parquet]', or save the table as CSV"
        ) from exc
    try:
        names = ParquetFile(source).schema_arrow.names
    except (ArrowException, OSError) as exc:
        raise Unconvertible(f"{source} is a damaged Parquet file: {exc}") from exc

    def records() -> Iterator[Record]:
        try:
            line = 0
            for batch in ParquetFile(source).iter_batches(batch_size=_ROWS):
                columns = [column.to_pylist() for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    line += 1
                    yield Record(line, [as_cell(value) for value in cells])
        except (ArrowException, OSError) as exc:
            raise Unconvertible(f"{source} is damaged after row {line}: {exc}") from exc

    return read_table("parquet", records, asked, names=names, unit="row")
