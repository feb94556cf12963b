"""What is told of what was seen: which results, kept until they are delivered."""
