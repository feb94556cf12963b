"""How good recommendations are: NDCG, recall, MAP, coverage, novelty, how sure a gain is."""
