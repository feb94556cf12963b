"""What each step of a run takes and which limit it meets, told before anything runs."""
