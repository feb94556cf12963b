"""A site of the pages that are written for GitHub, and llms.txt, from one list: nav.yaml."""
