"""Files that are made from the types: functions/datasets/openapi.json and docs/formats.md."""
