"""A plan of more rows than a function holds: DuckDB keeps them on disk (docs/decisions/062)."""
