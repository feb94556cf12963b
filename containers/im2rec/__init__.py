"""Packs the fetched shards of a run into train.rec and val.rec."""
