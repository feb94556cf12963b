"""What devices say: their results kept once each, their frames for people, how they are."""
