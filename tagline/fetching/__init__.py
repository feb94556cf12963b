"""FetchShards: a shard's images next to the compute."""
