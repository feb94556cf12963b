"""Files that are made from the types: openapi.json, docs/formats.md, settings.md, reasons.md."""
