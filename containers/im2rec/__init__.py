"""Packs the fetched shards of a run into train.rec, val.rec and test.rec."""
